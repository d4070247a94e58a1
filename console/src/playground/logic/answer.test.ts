import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerReader, toTokenLogprobs } from "./answer.ts";

const chunk = (choice: object, rest: object = {}) =>
	JSON.stringify({ choices: [{ index: 0, ...choice }], ...rest });
const text = (content: string) => chunk({ delta: { content } });

function read(events: readonly string[]) {
	const reader = new AnswerReader("m", 0);
	for (const [index, event] of events.entries())
		reader.read(event, (index + 1) * 100);
	return reader;
}

describe("an answer put together from its stream", () => {
	test("text, thoughts and the reason to finish", () => {
		const answer = read([
			chunk({ delta: { role: "assistant", content: "" } }),
			chunk({ delta: { reasoning_content: "hm", reasoning: "hm" } }),
			text("Hel"),
			text("lo"),
			chunk({ delta: {}, finish_reason: "stop" }),
			JSON.stringify({
				choices: [],
				usage: {
					prompt_tokens: 12,
					completion_tokens: 5,
					prompt_tokens_details: { cached_tokens: 8 },
				},
			}),
			"[DONE]",
		]).snapshot(9999);
		expect(answer).toMatchObject({
			state: "finished",
			text: "Hello",
			reasoning: "hm",
			finishReason: "stop",
			usage: { promptTokens: 12, completionTokens: 5, cachedTokens: 8 },
		});
		// The role alone is no token: the first came with the second event, the last with the fourth.
		expect(answer.timing).toEqual({
			firstTokenMs: 200,
			totalMs: 700,
			tokensPerSecond: 4 / 0.2,
		});
	});

	test("tool calls grow by their index", () => {
		const call = (index: number, part: object) =>
			chunk({ delta: { tool_calls: [{ index, ...part }] } });
		const { calls } = read([
			call(0, {
				id: "a",
				type: "function",
				function: { name: "one", arguments: "" },
			}),
			call(0, { function: { arguments: '{"x":' } }),
			call(1, { id: "b", function: { name: "two", arguments: "{}" } }),
			call(0, { function: { arguments: "1}" } }),
			"[DONE]",
		]).snapshot(0);
		expect(
			calls.map(({ id, function: f }) => [id, f.name, f.arguments]),
		).toEqual([
			["a", "one", '{"x":1}'],
			["b", "two", "{}"],
		]);
	});

	test("an error event ends it as failed, with the field", () => {
		const answer = read([
			text("a"),
			JSON.stringify({ error: { message: "no", param: "top_k" } }),
			text("b"),
			"[DONE]",
		]).snapshot(0);
		expect(answer).toMatchObject({
			state: "failed",
			text: "a",
			failure: { message: "no", field: "top_k" },
		});
	});

	test("a stream that ends in the middle has failed", () => {
		const reader = read([text("a")]);
		reader.close(500);
		expect(reader.snapshot(0).failure?.message).toContain("broke off");
	});

	test("a stream without its mark, but with a reason to finish, is whole", () => {
		const reader = read([
			text("a"),
			chunk({ delta: {}, finish_reason: "length" }),
		]);
		reader.close(500);
		expect(reader.snapshot(0).state).toBe("finished");
	});

	test("whatever comes, in whatever order, the first end is the only one", () => {
		const step = fc.oneof(
			fc.constant("[DONE]"),
			fc.constant(text("x")),
			fc.constant("nonsense"),
			fc.constant('{"error":{"message":"e"}}'),
			fc.constant("stop"),
			fc.constant("close"),
		);
		fc.assert(
			fc.property(fc.array(step), (steps) => {
				const reader = new AnswerReader("m", 0);
				let end: string | null = null;
				for (const [index, one] of steps.entries()) {
					if (one === "stop") reader.stop(index);
					else if (one === "close") reader.close(index);
					else reader.read(one, index);
					const now = JSON.stringify(reader.snapshot(index));
					if (end !== null) expect(now).toBe(end);
					else if (reader.hasEnded) end = now;
				}
			}),
		);
	});
});

describe("logprobs", () => {
	test("of chats", () => {
		const content = [
			{
				token: "a",
				logprob: -0.1,
				top_logprobs: [{ token: "b", logprob: -3 }],
			},
		];
		expect(toTokenLogprobs({ content })).toEqual([
			{
				token: "a",
				logprob: -0.1,
				isKnown: true,
				top: [{ token: "b", logprob: -3 }],
			},
		]);
	});

	test("of completions, where an echoed prompt's first token has none", () => {
		const known = toTokenLogprobs({
			tokens: ["a", "b"],
			token_logprobs: [null, -1],
			top_logprobs: [null, { c: -2, b: -1 }],
		});
		expect(known.map(({ isKnown }) => isKnown)).toEqual([false, true]);
		expect(known[1]?.top?.map(({ token }) => token)).toEqual(["b", "c"]);
	});
});
