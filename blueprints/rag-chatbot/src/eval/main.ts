import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { evaluate, readQuestions } from "./evaluate.ts";
import { htmlReport } from "./html-report.ts";
import { httpChatbot } from "./http-chatbot.ts";

const usage = `npm run eval -- questions.jsonl [--url http://127.0.0.1:8010] [--key KEY] [--collection ID]... [--output eval-report]

Each line of the file: {"question": "...", "sources": ["docs/models.md"], "answer": "..."}; no sources: the chatbot should say that it doesn't know.`;

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			url: { type: "string", default: "http://127.0.0.1:8010" },
			key: { type: "string" },
			collection: { type: "string", multiple: true },
			output: { type: "string", default: "eval-report" },
		},
	});
	const [path] = positionals;
	if (path === undefined) throw new Error(usage);
	const questions = readQuestions(await readFile(path, "utf8"));
	const chatbot = httpChatbot({
		url: values.url,
		apiKey: values.key ?? null,
		collections: values.collection ?? null,
	});
	const report = await evaluate(questions, chatbot, new Date());
	await writeFile(`${values.output}.json`, JSON.stringify(report, null, "\t"));
	await writeFile(`${values.output}.html`, htmlReport(report));
	const { answers, retrieval } = report;
	for (const { variant, ndcgAt10, recallAt5 } of retrieval)
		process.stdout.write(
			`${variant.padEnd(18)} nDCG@10 ${show(ndcgAt10)}  recall@5 ${show(recallAt5)}\n`,
		);
	process.stdout.write(
		`answers            F1 ${show(answers.f1)}  grounded ${show(answers.groundedness)}  not here: ${show(answers.rightAbstention)} right, ${show(answers.wrongAbstention)} wrong\n${values.output}.html\n`,
	);
}

function show(value: number | null): string {
	return value === null ? "–" : value.toFixed(3);
}

main().catch((error: unknown) => {
	process.stderr.write(
		`${error instanceof Error ? error.message : String(error)}\n`,
	);
	process.exitCode = 1;
});
