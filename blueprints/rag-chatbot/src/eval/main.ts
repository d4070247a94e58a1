import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { starterName } from "../starter/starter-docs.ts";
import { evaluate, readQuestions } from "./evaluate.ts";
import { htmlReport } from "./html-report.ts";
import { collectionIds, httpChatbot } from "./http-chatbot.ts";

const usage = `npm run eval -- [questions.jsonl] [--url http://127.0.0.1:8010] [--key KEY] [--collection ID or NAME]... [--output eval-report]

Each line of the file: {"question": "...", "sources": ["docs/models.md"], "answer": "..."}; no sources: the chatbot should say that it doesn't know.
Without a file: the shipped questions on Galley's own documentation (collection galley-docs).`;

const shipped = new URL("../../questions/galley-docs.jsonl", import.meta.url);

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			url: { type: "string", default: "http://127.0.0.1:8010" },
			key: { type: "string" },
			collection: { type: "string", multiple: true },
			output: { type: "string", default: "eval-report" },
			help: { type: "boolean", default: false },
		},
	});
	if (values.help) {
		process.stdout.write(`${usage}\n`);
		return;
	}
	const [path] = positionals;
	const questions = readQuestions(await readFile(path ?? shipped, "utf8"));
	const address = { url: values.url, apiKey: values.key ?? null };
	const wanted =
		values.collection ?? (path === undefined ? [starterName] : null);
	const chatbot = httpChatbot({
		...address,
		collections: wanted && (await collectionIds(address, wanted)),
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
		`answers            F1 ${show(answers.f1)}  with the expected words ${show(answers.containment)}  grounded ${show(answers.groundedness)}  not here: ${show(answers.rightAbstention)} right, ${show(answers.wrongAbstention)} wrong\n${values.output}.html\n`,
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
