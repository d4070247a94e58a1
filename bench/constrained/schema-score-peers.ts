/**
 * What becomes of the same JSON Schemas on Galley and on llama.cpp's server: each schema is sent as `response_format` of a chat
 * completion, and what comes back is read by ajv. Needs `npm run build`, and llama-server (`npm run bench -- peers` builds it).
 *   tsx bench/constrained/schema-score-peers.ts --suite <directory of the suite> --schemas <directory of *.json> [--sample <N of each>] [--minutes <a server>] [--out <directory>]
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import {
	type ServerCommand,
	ServerFleet,
	type ServerProcess,
} from "../harness/server-process.ts";
import { galley } from "../peers/contenders.ts";
import { findLlamaPeer, llamaRelease } from "../peers/llama-peer.ts";
import { validatorOf } from "./real-schemas.ts";

const seeds = [1, 2];
const maxTokens = 200;
const slots = 4;
const timeoutMs = 15_000;
/** A grammar may take all the memory there is: the server is ended before it does. */
const maxResidentBytes = 4 * 2 ** 30;
const fromHere = (path: string) =>
	fileURLToPath(new URL(path, import.meta.url));

interface AskedSchema {
	set: string;
	name: string;
	schema: object;
}

/** What a request came to. */
const outcomes = [
	"refused",
	"failed",
	"timedOut",
	"valid",
	"invalid",
	"unchecked",
	"unfinished",
] as const;
type Outcome = (typeof outcomes)[number];

interface Answer {
	set: string;
	name: string;
	seed: number;
	outcome: Outcome;
	/** Of an invalid answer, what it violates. */
	keyword?: string;
	/** The answer, or the error, as far as it tells something. */
	text?: string;
}

const { values: options } = parseArgs({
	options: {
		suite: { type: "string" },
		schemas: { type: "string" },
		sample: { type: "string", default: "1000000" },
		minutes: { type: "string", default: "8" },
		out: { type: "string", default: fromHere("../results") },
	},
});

function suiteSchemas(directory: string): AskedSchema[] {
	const root = join(directory, "tests", "draft2020-12");
	const files = readdirSync(root, { recursive: true, encoding: "utf8" });
	const found = new Map<string, AskedSchema>();
	// As in schema-score.ts: formats are asserted, and the cases of format.json say that they are not.
	for (const file of files.sort()) {
		if (!file.endsWith(".json") || file === "format.json") continue;
		const cases = JSON.parse(readFileSync(join(root, file), "utf8")) as {
			description: string;
			schema: unknown;
		}[];
		for (const { description, schema } of cases) {
			if (typeof schema !== "object" || schema === null) continue;
			const text = JSON.stringify(schema);
			if (found.has(text)) continue;
			const name = `${file}: ${description}`;
			found.set(text, { set: "Test Suite", name, schema });
		}
	}
	return [...found.values()];
}

function realSchemas(directory: string): AskedSchema[] {
	return readdirSync(directory)
		.filter((name) => name.endsWith(".json"))
		.map((name) => {
			const text = readFileSync(join(directory, name), "utf8");
			const schema = JSON.parse(text) as object;
			return { set: "real-world", name, schema };
		});
}

function sampled<Item>(items: readonly Item[], count: number): Item[] {
	if (items.length <= count) return [...items];
	return Array.from(
		{ length: count },
		(_, index) => items[Math.floor((index * items.length) / count)] as Item,
	);
}

/** From a stride that visits all: any first part of it is an even sample, should the time run out. */
function spread<Item>(items: readonly Item[]): Item[] {
	const golden = 0.618_034;
	return items
		.map((item, index) => ({ item, place: (index * golden) % 1 }))
		.sort((left, right) => left.place - right.place)
		.map(({ item }) => item);
}

async function ask(
	{ url }: ServerProcess,
	{ set, name, schema }: AskedSchema,
	seed: number,
): Promise<Answer> {
	const base = { set, name, seed };
	let response: Response;
	let body: string;
	try {
		response = await fetch(`${url}/v1/chat/completions`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({
				messages: [{ role: "user", content: "Write an example." }],
				response_format: {
					type: "json_schema",
					json_schema: { name: "example", schema },
				},
				max_tokens: maxTokens,
				temperature: 1,
				seed,
			}),
			signal: AbortSignal.timeout(timeoutMs),
		});
		body = await response.text();
	} catch (error) {
		const isTimeout = (error as Error).name === "TimeoutError";
		const text = String((error as Error).cause ?? error).slice(0, 200);
		return { ...base, outcome: isTimeout ? "timedOut" : "failed", text };
	}
	if (response.status !== 200) {
		const outcome = response.status < 500 ? "refused" : "failed";
		return { ...base, outcome, text: body.slice(0, 300) };
	}
	const { choices } = JSON.parse(body) as {
		choices: { message: { content: string | null }; finish_reason: string }[];
	};
	const [choice] = choices;
	if (choice?.finish_reason !== "stop")
		return { ...base, outcome: "unfinished" };
	const isValid = validatorOf(schema, name);
	return { ...base, ...judged(choice.message.content ?? "", isValid) };
}

function judged(
	text: string,
	/** Null: ajv cannot read the schema. */
	isValid: ReturnType<typeof validatorOf>,
): Omit<Answer, "set" | "name" | "seed"> {
	// Beyond 15 digits a validator that reads doubles sees another number.
	if (isValid === null || /[\d.]{16}/.test(text))
		return { outcome: "unchecked" };
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return { outcome: "invalid", keyword: "(no JSON)", text };
	}
	if (isValid(value)) return { outcome: "valid" };
	const keyword = isValid.errors?.[0]?.keyword ?? "false";
	return { outcome: "invalid", keyword, text: text.slice(0, 500) };
}

/** Every schema with every seed, as far as the time goes; a server that died is started again. */
async function run(
	fleet: ServerFleet,
	command: ServerCommand,
	asked: readonly AskedSchema[],
	minutes: number,
) {
	const requests = asked.flatMap((schema) =>
		seeds.map((seed) => ({ schema, seed })),
	);
	const answers: Answer[] = [];
	const until = performance.now() + minutes * 60_000;
	let deaths = 0;
	let next = 0;
	let server = await fleet.start(command);
	const { commandLine } = server;
	// One at a time: which request a server did not survive is then known.
	while (next < requests.length && performance.now() < until) {
		const { schema, seed } = requests[next++] as (typeof requests)[0];
		const used = server;
		const guard = setInterval(() => {
			if (residentBytes(used) > maxResidentBytes) used.kill();
		}, 250);
		const answer = await ask(used, schema, seed);
		clearInterval(guard);
		answers.push(answer);
		if (answer.outcome === "timedOut") used.kill();
		else if (answer.outcome !== "failed" || (await isHealthy(used))) continue;
		deaths++;
		server = await fleet.start(command);
	}
	await server.stop();
	return { name: command.name, commandLine, answers, deaths };
}

const residentBytes = (server: ServerProcess) =>
	server.memory().reduce((sum, { residentBytes: own }) => sum + own, 0);

async function isHealthy({ url }: ServerProcess): Promise<boolean> {
	const response = await fetch(`${url}/health`, {
		signal: AbortSignal.timeout(5_000),
	}).catch(() => null);
	return response?.ok === true;
}

type Run = Awaited<ReturnType<typeof run>>;

/** Should the time have run out: what both were asked. */
function keepCommon(runs: readonly Run[]): Run[] {
	const keys = runs.map(
		({ answers }) =>
			new Set(answers.map(({ name, seed }) => `${seed} ${name}`)),
	);
	return runs.map((one) => ({
		...one,
		answers: one.answers.filter(({ name, seed }) =>
			keys.every((own) => own.has(`${seed} ${name}`)),
		),
	}));
}

function outcomeRows(runs: readonly Run[], set: string): string[][] {
	return runs.map(({ name, answers }) => {
		const own = answers.filter((answer) => answer.set === set);
		const count = (outcome: Outcome) =>
			own.filter((answer) => answer.outcome === outcome).length;
		const weak = new Set(
			own.flatMap((answer) =>
				answer.outcome === "invalid" ? [answer.name] : [],
			),
		);
		return [
			name,
			String(own.length),
			...outcomes.map((outcome) => String(count(outcome))),
			String(weak.size),
		];
	});
}

function keywordRows(runs: readonly Run[]): string[][] {
	const counts = new Map<string, number[]>();
	for (const [index, { answers }] of runs.entries())
		for (const { set, name, keyword } of answers) {
			if (keyword === undefined) continue;
			const key = `${set}: ${keyword}${keyword === "format" ? ` (${name.replace(/.*[\\/]|\.json.*/g, "")})` : ""}`;
			const row = counts.get(key) ?? runs.map(() => 0);
			row[index] = (row[index] ?? 0) + 1;
			counts.set(key, row);
		}
	const sum = (row: readonly number[]) =>
		row.reduce((left, right) => left + right, 0);
	return [...counts]
		.sort(([, left], [, right]) => sum(right) - sum(left))
		.map(([keyword, row]) => [keyword, ...row.map(String)]);
}

const peer = findLlamaPeer();
if (peer === null || options.suite === undefined || !options.schemas)
	throw new Error(
		"Give --suite and --schemas; npm run bench -- peers builds llama-server.",
	);
const environment = describeEnvironment();
const sets = [suiteSchemas(options.suite), realSchemas(options.schemas)];
const asked = spread(
	sets.flatMap((set) => sampled(set, Number(options.sample))),
);
const modelPath = fromHere("../../models/starter-chat/starter-chat-q8_0.gguf");
const galleyCommand = galley({
	galleyMain: fromHere("../../dist/cli/main.js"),
	modelPath,
	threads: 2,
	sequences: slots,
	contextLength: 512,
});
const llamaCommand: ServerCommand = {
	name: "llama-server",
	command: peer.server,
	toArguments: (port) => [
		...["-m", modelPath, "--host", "127.0.0.1", "--port", String(port)],
		...["-c", "2048", "-np", String(slots), "-t", "2", "--no-ui"],
	],
};
await using fleet = new ServerFleet();
const minutes = Number(options.minutes);
const runs = [
	await run(fleet, galleyCommand, asked, minutes),
	await run(fleet, llamaCommand, asked, minutes),
];
const compared = keepCommon(runs);
const sizes = sets.map((set) => set.length);
const share = sets.map((set) => Math.min(set.length, Number(options.sample)));
const head = ["", "requests", "refused (4xx)", "5xx or no answer", "timed out"];
const answered = ["valid", "INVALID", "unchecked", "unfinished"];
const path = writeResult(
	options.out,
	{
		suite: "schema-score-peers",
		title: "JSON Schema: the same schemas on Galley and on llama-server",
		environment,
	},
	{
		conditions: [
			`llama.cpp ${llamaRelease}; starter-chat-q8_0.gguf; \`POST /v1/chat/completions\` with \`response_format\` json_schema, max_tokens ${maxTokens}, temperature 1, seeds ${seeds.join(" and ")}, one at a time, at most ${timeoutMs / 1000} s a request and ${minutes} minutes a server`,
			`Test Suite: ${share[0]} of the ${sizes[0]} different schemas of JSON-Schema-Test-Suite's draft2020-12 that are objects (without format.json, with optional/); real-world: ${share[1]} of ${sizes[1]} files of SchemaStore, those of schema-score.ts${Number(options.sample) < Math.max(...sizes) ? "; taken evenly" : ""}`,
			...runs.map(
				({ commandLine, answers, deaths }) =>
					`\`${commandLine}\`: ${answers.length} of ${asked.length * seeds.length} requests sent${deaths > 0 ? `; the server was started again ${deaths} times, after requests that it did not answer in time or that took it above 4 GiB` : ""}`,
			),
			"the tables count the requests that both were sent; the schemas come in an order of which any first part is an even sample",
			"Again: `tsx bench/constrained/schema-score-peers.ts --suite DIRECTORY --schemas DIRECTORY`",
		],
		tables: [
			...["Test Suite", "real-world"].map((set) => ({
				title: set,
				head: [...head, ...answered, "schemas with an invalid answer"],
				rows: outcomeRows(compared, set),
			})),
			{
				title: "What the invalid answers violate first",
				head: ["", ...runs.map(({ name }) => name)],
				rows: keywordRows(compared),
			},
		],
		notes: [
			"Valid and invalid: answers with finish_reason stop, read by ajv 8 with ajv-formats. Invalid is a keyword that was neither refused nor enforced. Unchecked: ajv cannot read the schema, or the answer has numbers beyond 15 digits. Unfinished: the length ended the answer.",
			"The model is small and asked nothing in particular: what it writes inside the constraint is close to random, which is what finds keywords that are not enforced. The answers say nothing about larger models' quality.",
		],
		data: runs,
	},
);
console.log(readFileSync(path, "utf8"));
