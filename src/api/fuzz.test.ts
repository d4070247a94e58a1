import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { AdapterInfo } from "../core/language-service.ts";
import { createOutputFormat } from "../text/output-format.ts";
import { structuredBodies } from "./testing/fuzz-bodies.ts";
import { createScriptedService } from "./testing/scripted-service.ts";
import { parseEventStream } from "./testing/sse-parser.ts";
import { createTestServer } from "./testing/test-server.ts";

/** Valid bodies with many fields, each to be spoilt in some place. */
const bodies: [url: string, body: object][] = [
	[
		"/v1/chat/completions",
		{
			model: "scripted",
			messages: [
				{ role: "system", content: "Be brief." },
				{
					role: "user",
					content: [{ type: "text", text: "Hello" }],
					name: "Ann",
				},
				{ role: "assistant", content: "Hi", tool_calls: [] },
				{ role: "user", content: "More" },
			],
			temperature: 0.7,
			top_p: 0.9,
			n: 2,
			stop: ["END", "\n\n"],
			max_tokens: 20,
			logit_bias: { 5: -1 },
			logprobs: true,
			top_logprobs: 2,
			seed: 1,
			stream: true,
			stream_options: { include_usage: true },
			metadata: { a: "b" },
			nvext: { top_k: 5, repetition_penalty: 1.1 },
			chat_template_kwargs: { enable_thinking: false },
		},
	],
	[
		"/v1/completions",
		{
			prompt: ["Hello", "World"],
			echo: true,
			logprobs: 2,
			max_tokens: 5,
			min_tokens: 1,
			stop_token_ids: [1, 2],
			dry_multiplier: 0.5,
			dry_sequence_breakers: ["\n"],
		},
	],
	[
		"/v1/completions",
		{ prompt: [[1, 2], [3]], stream: true, best_of: 1, n: 1 },
	],
	[
		"/v1/responses",
		{
			input: [
				{ role: "user", content: [{ type: "input_text", text: "Hello" }] },
				{ type: "reasoning", summary: [], content: [] },
				{ type: "message", role: "assistant", content: "Hi" },
				{ type: "function_call", call_id: "1", name: "f", arguments: "{}" },
				{ type: "function_call_output", call_id: "1", output: "4" },
			],
			instructions: "Be brief.",
			truncation: "auto",
			text: { format: { type: "text" } },
			include: ["message.output_text.logprobs"],
			metadata: { a: "b" },
			max_output_tokens: 20,
			stream: true,
		},
	],
	["/v1/responses", { input: "Hello", background: true }],
	["/v1/responses/input_tokens", { input: "Hello" }],
	[
		"/v1/messages",
		{
			model: "scripted",
			max_tokens: 30,
			system: [
				{
					type: "text",
					text: "Be brief.",
					cache_control: { type: "ephemeral" },
				},
			],
			messages: [
				{ role: "user", content: "Hello" },
				{
					role: "assistant",
					content: [
						{ type: "thinking", thinking: "Hm.", signature: "s" },
						{ type: "tool_use", id: "t1", name: "f", input: { a: 1 } },
					],
				},
				{
					role: "user",
					content: [
						{ type: "tool_result", tool_use_id: "t1", content: "4" },
						{ type: "text", text: "So?" },
					],
				},
			],
			stop_sequences: ["END"],
			temperature: 0.5,
			top_k: 5,
			thinking: { type: "enabled", budget_tokens: 1024 },
			metadata: { user_id: "ann" },
			stream: true,
		},
	],
	[
		"/v1/messages/count_tokens",
		{ messages: [{ role: "user", content: "Hi" }], system: "Be brief." },
	],
	[
		"/tokenize",
		{
			messages: [{ role: "user", content: "Hello" }],
			add_generation_prompt: true,
		},
	],
	["/detokenize", { tokens: [104, 105] }],
	[
		"/v1/chat/completions/render",
		{ messages: [{ role: "tool", tool_call_id: "1", content: "4" }] },
	],
	...structuredBodies,
];

const adapter: AdapterInfo = {
	name: "lora-a",
	id: 7,
	state: "ready",
	problem: null,
	path: "/loras/lora-a",
	rank: 8,
	sizeBytes: 100,
	created: 1,
};
const answers = [
	["Hello", " world"],
	["<think>", "Hm.", "</think>", "So"],
	[
		"<tool_call>\n",
		'{"name": "get_weather", "argu',
		'ments": {"city"',
		': "Paris"}}\n</tool_call>',
	],
	["<tool_call>\n", '{"name": "get_wea'],
];

const spoiler = fc.oneof(
	fc.constantFrom(
		null,
		true,
		-1,
		0,
		1,
		1.5,
		1e308,
		-1e308,
		2 ** 53,
		"",
		" ",
		"\ud800",
		"\u0000",
		"<|im_end|>",
		[],
		{},
		[[]],
		[null],
		{ "": null },
		"x".repeat(5000),
		{ constructor: { prototype: 1 } },
	),
	fc.jsonValue({ maxDepth: 3 }),
);

type Mutation =
	| { kind: "replace" | "insert"; place: number; key: string; value: unknown }
	| { kind: "remove" | "repeat"; place: number }
	| { kind: "cut" | "flip"; place: number };

const place = fc.nat({ max: 10_000 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constantFrom("replace" as const, "insert" as const),
			place,
			key: fc.oneof(
				fc.string(),
				fc.constantFrom(
					"__proto__",
					"tools",
					"n",
					"prompt",
					"stream",
					"toString",
				),
			),
			value: spoiler,
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			kind: fc.constantFrom("remove" as const, "repeat" as const),
			place,
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constantFrom("cut" as const, "flip" as const),
			place,
		}),
	},
);

interface Spot {
	holder: Record<string, unknown> | unknown[];
	key: string;
}

function spotsIn(value: unknown): Spot[] {
	if (typeof value !== "object" || value === null) return [];
	const holder = value as Record<string, unknown>;
	return Object.keys(holder).flatMap((key) => [
		{ holder, key },
		...spotsIn(holder[key]),
	]);
}

function spoil(body: object, mutations: readonly Mutation[]): Buffer {
	const changed = structuredClone(body);
	for (const step of mutations) {
		const spots = spotsIn(changed);
		const spot = spots[step.place % Math.max(1, spots.length)];
		if (spot === undefined) continue;
		const holder = spot.holder as Record<string, unknown>;
		if (step.kind === "replace") holder[spot.key] = structuredClone(step.value);
		else if (step.kind === "remove") delete holder[spot.key];
		else if (step.kind === "insert" && !Array.isArray(spot.holder)) {
			Object.defineProperty(holder, step.key, {
				value: structuredClone(step.value),
				enumerable: true,
				configurable: true,
				writable: true,
			});
		} else if (step.kind === "repeat" && Array.isArray(spot.holder)) {
			spot.holder.push(...spot.holder.slice(0, 50));
		}
	}
	let bytes = Buffer.from(JSON.stringify(changed));
	for (const step of mutations) {
		if (bytes.length === 0) break;
		if (step.kind === "cut")
			bytes = bytes.subarray(0, step.place % bytes.length);
		else if (step.kind === "flip") {
			const index = step.place % bytes.length;
			bytes[index] = (bytes[index] ?? 0) ^ (1 << (step.place % 8));
		}
	}
	return bytes;
}

/** `GALLEY_FUZZ_RUNS=20000` for the long run. */
const runs = Number(process.env.GALLEY_FUZZ_RUNS ?? 2000);

it(`${runs} spoilt bodies never give a 5xx, a hang or an answer in another shape`, async () => {
	const scripted = createScriptedService({
		adapters: ["lora-a"],
		adapterService: {
			list: () => [adapter],
			load: async () => adapter,
			unload: () => adapter,
		},
		outputFormat: createOutputFormat({
			template: null,
			toolCallParser: "hermes",
			reasoningParser: "qwen3",
		}),
	});
	const server = createTestServer(
		{
			maxChoices: 8,
			managesAdapters: true,
			adminApiKeyHashes: [createHash("sha256").update("admin").digest("hex")],
		},
		scripted,
	);
	let answered = 0;
	scripted.setScript(() => ({
		deltas: answers[answered++ % answers.length] ?? [],
	}));
	const seed = Number(process.env.GALLEY_FUZZ_SEED ?? 20_260_601);
	console.info(`fuzzing with GALLEY_FUZZ_SEED=${seed}`);
	let refusals = 0;
	let count = 0;
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom(...bodies),
			fc.array(mutation, { minLength: 1, maxLength: 3 }),
			async ([url, body], mutations) => {
				const answer = await server.app.inject({
					method: "POST",
					url,
					headers: {
						"content-type": "application/json",
						authorization: "Bearer admin",
					},
					payload: spoil(body, mutations),
				});
				count++;
				expect(answer.statusCode).toBeLessThan(500);
				if (answer.statusCode === 200) {
					const type = String(answer.headers["content-type"]);
					if (type.startsWith("application/json")) JSON.parse(answer.body);
					else if (type.startsWith("text/plain"))
						expect(answer.body).toMatch(/^Success: /);
					else
						expect(parseEventStream(answer.body).at(-1)).toMatch(
							/^(\[DONE\]$|{"type":"response\.(completed|incomplete)"|{"type":"message_stop"})/,
						);
					return;
				}
				refusals++;
				const { error } = answer.json();
				expect(error.message.length).toBeGreaterThan(10);
				expect(error.message.length).toBeLessThan(2000);
				const fields = url.startsWith("/v1/messages")
					? ["type", "message"]
					: ["message", "type", "param", "code"];
				expect(Object.keys(error)).toEqual(fields);
			},
		),
		{ numRuns: runs, seed },
	);
	expect(count).toBeGreaterThanOrEqual(runs);
	expect(server.entries).toHaveLength(count);
	// Nothing is left in flight: responses in the background end too.
	const { requests, terminalEvents } = server.scripted;
	await expect.poll(() => terminalEvents.length).toBe(requests.length);
	// Neither everything passes nor nothing does.
	expect(refusals).toBeGreaterThan(count * 0.3);
	expect(refusals).toBeLessThan(count * 0.95);
}, 600_000);
