import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerStage } from "./answer-stage.ts";
import { EventFrames, writeEvent } from "./event-frames.ts";
import type { GatewayHook, HookContext, JsonValue } from "./gateway-hook.ts";
import { LoadedHook } from "./loaded-hook.ts";

const context: HookContext = {
	requestId: "r",
	principal: { keyId: null, name: "n", tenant: "t" },
	model: "m",
	path: "/v1/chat/completions",
	state: new Map(),
};

/** Upper case, one character late: what is kept back has to come out somewhere. */
const late: GatewayHook = {
	name: "late",
	filterText: () => {
		let kept = "";
		return {
			push(text) {
				const all = kept + text;
				kept = all.slice(-1);
				return all.slice(0, -1).toUpperCase();
			},
			end: () => kept.toUpperCase(),
		};
	},
};

function stageOf(hook: GatewayHook): AnswerStage {
	const loaded = new LoadedHook("test", hook, {
		timeoutMs: 1000,
		onError: "refuse",
		logger: { warn: () => undefined },
	});
	return new AnswerStage(loaded, context);
}

type Event = Record<string, JsonValue>;

async function stream(
	events: readonly (Event | string)[],
): Promise<JsonValue[]> {
	const stage = stageOf(late);
	const passed: JsonValue[] = [];
	for (const data of structuredClone(events))
		for (const event of await stage.event({ name: null, data }))
			passed.push(event.data);
	return [...passed, ...stage.end().map(({ data }) => data)];
}

const chunk = (
	content: string | null,
	finish: string | null = null,
	index = 0,
) => ({
	object: "chat.completion.chunk",
	choices: [
		{
			index,
			delta: content === null ? {} : { content },
			finish_reason: finish,
			logprobs: { content: [{ token: content ?? "" }] },
		},
	],
});

// biome-ignore lint/suspicious/noExplicitAny: events of several APIs, read by hand
const said = (events: JsonValue[], read: (event: any) => unknown): string =>
	events
		.map(read)
		.filter((text) => typeof text === "string")
		.join("");

describe("text filters", () => {
	test("see each choice of a streamed chat as one text, and what they keep back comes before its end", async () => {
		const events = await stream([
			chunk("he"),
			chunk("ab", null, 1),
			chunk("llo"),
			chunk(null, "stop"),
			chunk("c", "length", 1),
			"[DONE]",
		]);
		const choice = (index: number) =>
			said(
				events,
				(event) =>
					event.choices?.[0].index === index && event.choices[0].delta.content,
			);
		expect([choice(0), choice(1)]).toEqual(["HELLO", "ABC"]);
		const finish = events.findIndex(
			// biome-ignore lint/suspicious/noExplicitAny: as above
			(event: any) => event.choices?.[0].finish_reason === "stop",
		);
		expect(
			said(
				events.slice(0, finish),
				(event) =>
					event.choices?.[0].index === 0 && event.choices[0].delta.content,
			),
		).toBe("HELLO");
		expect(events.at(-1)).toBe("[DONE]");
		// Tokens would tell what a filter took out.
		expect(JSON.stringify(events)).not.toContain("token");
	});

	test("see a text that ends without a word about it", async () => {
		const events = await stream([chunk("hello"), "[DONE]"]);
		expect(said(events, (event) => event.choices?.[0].delta.content)).toBe(
			"HELLO",
		);
		expect(
			said(
				await stream([chunk("hello")]),
				(event) => event.choices[0].delta.content,
			),
		).toBe("HELLO");
	});

	test("see tool calls' arguments apart from each other", async () => {
		const call = (index: number, text: string) => ({
			choices: [
				{
					index: 0,
					delta: { tool_calls: [{ index, function: { arguments: text } }] },
					finish_reason: null,
				},
			],
		});
		const events = await stream([
			call(0, '{"a"'),
			call(1, '{"b"'),
			call(0, ":1}"),
			call(1, ":2}"),
			chunk(null, "tool_calls"),
		]);
		const text = (index: number) =>
			said(events, (event) => {
				const [one] = event.choices[0].delta.tool_calls ?? [];
				return one?.index === index ? one.function.arguments : null;
			});
		expect([text(0), text(1)]).toEqual(['{"A":1}', '{"B":2}']);
	});

	test("see Responses' deltas and every text that their last events repeat; events stay numbered", async () => {
		const events = await stream([
			{ type: "response.created", sequence_number: 0 },
			{
				type: "response.output_text.delta",
				sequence_number: 1,
				item_id: "i",
				content_index: 0,
				delta: "hel",
			},
			{
				type: "response.output_text.delta",
				sequence_number: 2,
				item_id: "i",
				content_index: 0,
				delta: "lo",
			},
			{
				type: "response.output_text.done",
				sequence_number: 3,
				item_id: "i",
				content_index: 0,
				text: "hello",
			},
			{
				type: "response.completed",
				sequence_number: 4,
				response: {
					output: [
						{
							type: "message",
							content: [{ type: "output_text", text: "hello" }],
						},
					],
				},
			},
		]);
		expect(said(events, (event) => event.delta)).toBe("HELLO");
		expect(said(events, (event) => event.text)).toBe("HELLO");
		expect(JSON.stringify(events)).not.toContain("hello");
		expect(
			events.map(
				(event) => (event as { sequence_number: number }).sequence_number,
			),
		).toEqual([0, 1, 2, 3, 4, 5]);
	});

	test("see Messages' blocks", async () => {
		const delta = (text: string) => ({
			type: "content_block_delta",
			index: 0,
			delta: { type: "text_delta", text },
		});
		const events = await stream([
			delta("hel"),
			delta("lo"),
			{ type: "content_block_stop", index: 0 },
			{ type: "message_stop" },
		]);
		expect(said(events, (event) => event.delta?.text)).toBe("HELLO");
		expect((events.at(-2) as Event).type).toBe("content_block_stop");
	});

	test("see whole answers of all APIs", async () => {
		const whole = (body: Event) => stageOf(late).whole(structuredClone(body));
		expect(
			await whole({
				choices: [
					{
						message: {
							content: "a",
							reasoning_content: "b",
							tool_calls: [{ function: { name: "keep", arguments: "c" } }],
						},
						logprobs: { content: [] },
					},
				],
			}),
		).toEqual({
			choices: [
				{
					message: {
						content: "A",
						reasoning_content: "B",
						tool_calls: [{ function: { name: "keep", arguments: "C" } }],
					},
					logprobs: null,
				},
			],
		});
		expect(await whole({ choices: [{ text: "a" }] })).toEqual({
			choices: [{ text: "A" }],
		});
		expect(
			await whole({
				content: [
					{ type: "text", text: "a" },
					{ type: "tool_use", input: { q: "b", deep: ["c"] } },
				],
			}),
		).toEqual({
			content: [
				{ type: "text", text: "A" },
				{ type: "tool_use", input: { q: "B", deep: ["C"] } },
			],
		});
	});
});

describe("frames of events", () => {
	test("property: cut anywhere, they are the same events", () => {
		const text =
			': ping\n\nevent: a\ndata: {"x":"é\\n"}\n\ndata: one\ndata: two\n\ndata: [DONE]\n\n';
		const bytes = Buffer.from(text);
		const read = (pieces: Buffer[]) => {
			const frames = new EventFrames();
			const all = [
				...pieces.flatMap((piece) => frames.push(piece)),
				...frames.end(),
			];
			return all
				.map((frame) =>
					"event" in frame ? writeEvent(frame.event) : frame.comment.toString(),
				)
				.join("");
		};
		fc.assert(
			fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
				const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
				const pieces = places
					.slice(1)
					.map((end, index) => bytes.subarray(places[index], end));
				expect(read(pieces)).toBe(text);
			}),
		);
	});
});
