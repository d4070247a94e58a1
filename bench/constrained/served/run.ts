/**
 * `npm run bench -- constrained/served [--models SHAPE,...] [--requests N] [--threads N] [--out DIRECTORY]`
 * What constrained decoding costs a running service: the same load free and under each constraint, eight requests at a time,
 * and the time that the engine process spent on constraints as a share of its steps. Needs `npm run build`.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeEnvironment } from "../../harness/environment.ts";
import { writeResult } from "../../harness/result.ts";
import {
	ServerFleet,
	type ServerProcess,
} from "../../harness/server-process.ts";
import { galley } from "../../peers/contenders.ts";
import { ensureRandomModel } from "../../random-model/random-model.ts";
import { isShapeName } from "../../random-model/shapes.ts";

const concurrency = 8;
const maxTokens = 200;

const person = {
	type: "object",
	properties: {
		name: { type: "string", minLength: 1, maxLength: 100 },
		age: { type: "integer", minimum: 0, maximum: 150 },
		mail: { type: "string", format: "email" },
		tags: { type: "array", items: { type: "string" }, maxItems: 20 },
		address: {
			type: "object",
			properties: {
				city: { type: "string" },
				zip: { type: "string", pattern: "^[0-9]{5}$" },
			},
			required: ["city"],
		},
	},
	required: ["name", "age", "mail", "tags", "address"],
};

const loads: Readonly<Record<string, object>> = {
	free: { ignore_eos: true },
	json_object: { response_format: { type: "json_object" } },
	"JSON schema": {
		response_format: {
			type: "json_schema",
			json_schema: { name: "person", schema: person },
		},
	},
	"regular expression": { guided_regex: "([A-Z][a-z]+ ){20,60}[a-z]+\\." },
	grammar: {
		guided_grammar:
			'root ::= (expr "=" term "\\n"){5,}\nexpr ::= term ([-+*/] term)*\nterm ::= [a-z]+ | [0-9]+ | "(" expr ")"',
	},
};

interface Totals {
	stepSeconds: number;
	constraintSeconds: number;
	constrainedTokens: number;
	steps: number;
}

async function readTotals({ url }: ServerProcess): Promise<Totals> {
	const text = await (await fetch(`${url}/v1/metrics`)).text();
	const value = (name: string) =>
		Number(new RegExp(`^galley:${name}\\{[^}]*\\} (.+)$`, "m").exec(text)?.[1]);
	return {
		stepSeconds: value("step_duration_seconds_sum"),
		constraintSeconds: value("constrained_decoding_seconds_total"),
		constrainedTokens: value("constrained_tokens_total"),
		steps: value("step_duration_seconds_count"),
	};
}

async function ask(
	{ url }: ServerProcess,
	fields: object,
	seed: number,
): Promise<number> {
	const body = {
		prompt: `Request ${seed}: describe somebody.`,
		max_tokens: maxTokens,
		temperature: 1,
		seed,
		...fields,
	};
	const response = await fetch(`${url}/v1/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(body),
	});
	if (!response.ok) throw new Error(await response.text());
	const answer = (await response.json()) as {
		usage: { completion_tokens: number };
	};
	return answer.usage.completion_tokens;
}

/** `concurrency` at a time, seeds from `firstSeed` on. */
async function run(
	server: ServerProcess,
	fields: object,
	requests: number,
	firstSeed: number,
) {
	const before = await readTotals(server);
	const from = performance.now();
	let next = 0;
	let tokens = 0;
	await Promise.all(
		Array.from({ length: concurrency }, async () => {
			while (next < requests)
				tokens += await ask(server, fields, firstSeed + next++);
		}),
	);
	const seconds = (performance.now() - from) / 1000;
	const after = await readTotals(server);
	const steps = after.steps - before.steps;
	const stepSeconds = after.stepSeconds - before.stepSeconds;
	const constraintSeconds = after.constraintSeconds - before.constraintSeconds;
	const constrained = after.constrainedTokens - before.constrainedTokens;
	return {
		tokens,
		tokensPerSecond: tokens / seconds,
		stepMs: (1000 * stepSeconds) / steps,
		maskMs: constrained > 0 ? (1000 * constraintSeconds) / constrained : 0,
		share: constraintSeconds / stepSeconds,
	};
}

const { values } = parseArgs({
	options: {
		models: { type: "string", default: "135m,0.5b" },
		requests: { type: "string", default: "24" },
		threads: { type: "string", default: "2" },
		out: {
			type: "string",
			default: fileURLToPath(new URL("../../results/", import.meta.url)),
		},
	},
});
const requests = Number(values.requests);
const rows: string[][] = [];
const data: object[] = [];
await using fleet = new ServerFleet();
for (const shape of values.models.split(",")) {
	if (!isShapeName(shape)) throw new Error(`There is no shape '${shape}'.`);
	const server = await fleet.start(
		galley({
			galleyMain: fileURLToPath(
				new URL("../../../dist/cli/main.js", import.meta.url),
			),
			modelPath: ensureRandomModel(shape),
			threads: Number(values.threads),
			sequences: concurrency,
			contextLength: 1024,
		}),
	);
	for (const [load, fields] of Object.entries(loads)) {
		// The first requests fill the caches; both are told.
		const cold = await run(server, fields, concurrency, 1);
		const warm = await run(server, fields, requests, 1 + concurrency);
		data.push({ shape, load, cold, warm });
		rows.push([
			shape,
			load,
			warm.tokensPerSecond.toFixed(1),
			warm.stepMs.toFixed(1),
			cold.maskMs.toFixed(3),
			warm.maskMs.toFixed(3),
			`${(100 * cold.share).toFixed(2)} %`,
			`${(100 * warm.share).toFixed(2)} %`,
		]);
		console.error(rows.at(-1)?.join("  "));
	}
	await server.stop();
}
const path = writeResult(
	values.out,
	{
		suite: "constrained-served",
		title: "What constrained requests cost a running service",
		environment: describeEnvironment(),
	},
	{
		conditions: [
			`${requests} completions a row, ${concurrency} at a time, up to ${maxTokens} tokens, temperature 1, random weights: what is said is noise, so nearly every token is one that the constraint had to look at.`,
			"Cold: the first requests with a constraint. Share: time spent on constraints of the time of all steps; most of it passes while the engine computes.",
		],
		tables: [
			{
				title: "Constraints",
				head: [
					"model",
					"load",
					"tokens/s",
					"step ms",
					"ms a token, cold",
					"warm",
					"share cold",
					"warm",
				],
				rows,
			},
		],
		notes: [],
		data,
	},
);
console.log(path);
