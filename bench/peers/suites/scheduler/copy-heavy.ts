import { fileURLToPath } from "node:url";
import { isRecord } from "../../../../src/benchmark/stream-chunk.ts";
import type { ServerCommand } from "../../../harness/server-process.ts";
import { galley, llamaServer, type ServeOptions } from "../../contenders.ts";
import {
	type CopyRun,
	copyTables,
	copyVerdicts,
	withoutSpeculation,
} from "./copy-heavy-tables.ts";
import { copyPrompts } from "./copy-prompts.ts";
import type { Measured } from "./medians.ts";
import {
	type CaseContext,
	contestInTurns,
	type SchedulerCase,
} from "./scheduler-case.ts";
import { Session } from "./session.ts";

const outputTokens = 192;
const contextLength = 1024;
const starterModel = fileURLToPath(
	new URL(
		"../../../../models/starter-chat/starter-chat-q8_0.gguf",
		import.meta.url,
	),
);

/** Its lookups by n-gram: as it ships them, and with the short n-grams and drafts that suit a CPU. */
const lookups: readonly { name: string; flags: readonly string[] }[] = [
	{ name: "ngram-simple", flags: ["--spec-type", "ngram-simple"] },
	{
		name: "ngram-simple 4/8",
		flags: [
			"--spec-type",
			"ngram-simple",
			"--spec-ngram-simple-size-n",
			"4",
			"--spec-ngram-simple-size-m",
			"8",
		],
	},
	{ name: "ngram-cache", flags: ["--spec-type", "ngram-cache"] },
];

/** One reader, answers that repeat themselves. */
export const copyHeavy: SchedulerCase = {
	names: ["copy-heavy"],
	conditions: () => [
		`one stream, ${copyPrompts.length} English texts that repeat themselves (${copyPrompts.map(({ name }) => name).join(", ")}) to be gone on with, ${outputTokens} tokens out, temperature 0, end of answer ignored; tokens a second from sending to end, prefill included`,
		"neither model is one that copies its prompt well: random weights fall into loops of nonsense words, the starter model (6 million parameters) into loops of English phrases; both are what lookup finds, and how much they repeat is theirs",
		"llama-server has one slot here, so that its two cache layouts are the same; its lookups by n-gram (--spec-type) run as they ship and with n-grams of 4 and drafts of 8",
	],
	run: async (context) => {
		const models = [
			{ title: context.model.name, path: context.model.path, isMain: true },
			...(context.model.path === starterModel
				? []
				: [{ title: "starter-chat", path: starterModel, isMain: false }]),
		];
		const all: Measured<unknown>[] = [];
		const verdicts = [];
		const tables = [];
		for (const { title, path, isMain } of models) {
			context.log(`  ${title}`);
			const runs = await contestInTurns(
				context,
				contenders(context, path).map((server) => ({
					server,
					measure: ({ url }) => measureCopies(url, context.isQuick),
				})),
				({ tokens, seconds }) => `${(tokens / seconds).toFixed(1)} tokens/s`,
			);
			verdicts.push(...copyVerdicts(runs, isMain ? "" : `${title}: `));
			tables.push(...copyTables(runs, title));
			all.push(...runs);
		}
		return { verdicts, tables, notes: [], runs: all };
	},
};

function contenders(context: CaseContext, modelPath: string): ServerCommand[] {
	const serve: ServeOptions = {
		...context,
		modelPath,
		sequences: 1,
		contextLength,
	};
	const { galleyFlags, peer } = context;
	return [
		galley(serve, { flags: galleyFlags.take("--speculation", "auto") }),
		galley(serve, {
			name: withoutSpeculation,
			flags: galleyFlags.take("--speculation", "off"),
		}),
		llamaServer(peer, serve, "kv-unified", { name: withoutSpeculation }),
		...lookups.map((lookup) => llamaServer(peer, serve, "kv-unified", lookup)),
	];
}

async function measureCopies(url: string, isQuick: boolean): Promise<CopyRun> {
	await using session = await Session.open(url);
	const run: CopyRun = { texts: [], tokens: 0, seconds: 0 };
	for (const { text } of isQuick ? copyPrompts.slice(0, 2) : copyPrompts) {
		const startedAt = performance.now();
		const { status, body } = await session.client.json("/completions", {
			body: {
				model: session.model,
				prompt: text,
				max_tokens: outputTokens,
				temperature: 0,
				ignore_eos: true,
			},
		});
		run.seconds += (performance.now() - startedAt) / 1000;
		const answer = readCompletion(body);
		if (status !== 200 || answer === null)
			throw new Error(
				`A completion failed (status ${status}): ${JSON.stringify(body).slice(0, 300)}`,
			);
		run.texts.push(answer.text);
		run.tokens += answer.tokens;
	}
	return run;
}

function readCompletion(
	body: unknown,
): { text: string; tokens: number } | null {
	if (!isRecord(body) || !Array.isArray(body.choices) || !isRecord(body.usage))
		return null;
	const choice: unknown = body.choices[0];
	const tokens = body.usage.completion_tokens;
	return isRecord(choice) &&
		typeof choice.text === "string" &&
		typeof tokens === "number"
		? { text: choice.text, tokens }
		: null;
}
