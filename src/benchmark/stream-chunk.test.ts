import fc from "fast-check";
import { expect, test } from "vitest";
import { readChunk } from "./stream-chunk.ts";

const read = (body: unknown, endpoint: "chat" | "completions" = "chat") =>
	readChunk(Buffer.from(JSON.stringify(body)), endpoint);
const delta = (content: unknown, finish: string | null = null) => ({
	choices: [{ index: 0, delta: content, finish_reason: finish }],
});

test("a chunk is output when its text is not empty, whatever the text says", () => {
	fc.assert(
		fc.property(
			fc.string({ unit: "binary" }),
			fc.constantFrom(0, 1),
			(text, spaces) => {
				const expected = text === "" ? "choice" : "output";
				for (const [endpoint, body] of [
					["chat", delta({ content: text })],
					[
						"completions",
						{ choices: [{ text, index: 0, finish_reason: null }] },
					],
				] as const) {
					const json = JSON.stringify(body, null, spaces).replaceAll("\n", "");
					expect(readChunk(Buffer.from(json), endpoint).kind).toBe(expected);
				}
			},
		),
	);
});

test("text that looks like the protocol is only text", () => {
	for (const text of [
		'"usage":{"prompt_tokens":1}',
		'"content":""',
		"[DONE]",
		'"finish_reason":"stop"',
		'{"error":{}}',
	]) {
		expect(read(delta({ content: text }))).toMatchObject({
			kind: "output",
			usage: null,
			finishReason: null,
		});
		expect(read(delta({ role: "assistant", content: "" })).kind).toBe("choice");
	}
});

test("the role at the start and the finish at the end carry no output", () => {
	expect(read(delta({ role: "assistant", content: "" }))).toMatchObject({
		kind: "choice",
		finishReason: null,
	});
	expect(read(delta({ role: "assistant", content: null }))).toMatchObject({
		kind: "choice",
		finishReason: null,
	});
	expect(read(delta({}, "stop"))).toMatchObject({
		kind: "choice",
		finishReason: "stop",
	});
});

test("reasoning and tool calls are output", () => {
	expect(read(delta({ reasoning_content: "hm" })).kind).toBe("output");
	expect(
		read(
			delta({
				content: null,
				tool_calls: [{ index: 0, function: { arguments: "{" } }],
			}),
		).kind,
	).toBe("output");
});

test("usage is found on its own, on the last choice and beside text", () => {
	const usage = {
		prompt_tokens: 5,
		completion_tokens: 3,
		total_tokens: 8,
		prompt_tokens_details: { cached_tokens: 2 },
	};
	const expected = { promptTokens: 5, completionTokens: 3, cachedTokens: 2 };
	expect(read({ choices: [], usage })).toMatchObject({
		kind: "usage",
		usage: expected,
	});
	expect(read({ ...delta({}, "stop"), usage })).toMatchObject({
		kind: "choice",
		usage: expected,
		finishReason: "stop",
	});
	expect(read({ ...delta({ content: "a" }), usage })).toMatchObject({
		kind: "output",
		usage: expected,
	});
	expect(read({ ...delta({ content: "a" }), usage: null })).toMatchObject({
		kind: "output",
		usage: null,
	});
	expect(
		read({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 3 } })
			.usage?.cachedTokens,
	).toBe(null);
});

test("text that comes with the finish keeps the finish reason", () => {
	expect(read(delta({ content: "end" }, "length"))).toMatchObject({
		kind: "output",
		finishReason: "length",
	});
});

test("the end, an error object and broken JSON are told apart", () => {
	expect(readChunk(Buffer.from("[DONE]"), "chat").kind).toBe("done");
	expect(
		read({ error: { message: "engine died", type: "server_error" } }),
	).toMatchObject({ kind: "error", message: "engine died" });
	expect(readChunk(Buffer.from('{"choices":['), "chat").kind).toBe("error");
	expect(readChunk(Buffer.from("17"), "chat").kind).toBe("other");
});
