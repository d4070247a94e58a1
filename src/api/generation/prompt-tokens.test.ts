import { describe, expect, it } from "vitest";
import { createScriptedService } from "../testing/scripted-service.ts";
import { checkContextLength, tokenizePrompt } from "./prompt-tokens.ts";

const { service } = createScriptedService({ maxModelLength: 100 });
const tokenize = (...pieces: string[]) =>
	tokenizePrompt(service, pieces, { addSpecial: false }, "prompt");

describe("tokenizing a prompt", () => {
	it("puts the tokens of all pieces together, with one begin token", () => {
		const tokens = tokenizePrompt(
			service,
			["a", "", "bc"],
			{ addSpecial: true },
			"prompt",
		);
		expect([...tokens]).toEqual([258, 97, 98, 99]);
	});

	it("gives up on a text that can't fit without tokenizing all of it", () => {
		let characters = 0;
		const counting = {
			...service,
			tokenize: (
				text: string,
				options: { addSpecial: boolean; parseSpecial: boolean },
			) => {
				characters += text.length;
				return service.tokenize(text, options);
			},
		};
		const long = "x".repeat(1_000_000);
		expect(() =>
			tokenizePrompt(counting, [long], { addSpecial: false }, "messages"),
		).toThrow(/your messages resulted in more than \d+ tokens/);
		expect(characters).toBeLessThan(10_000);
	});

	it("counts over all pieces", () => {
		expect(() => tokenize("x".repeat(60), "y".repeat(60))).toThrow(
			"your prompt resulted in 120 tokens",
		);
		expect(tokenize("x".repeat(50), "y".repeat(50))).toHaveLength(100);
	});
});

describe("the context", () => {
	const check = (promptTokens: number, maxTokens: number | null) => () =>
		checkContextLength(100, promptTokens, maxTokens, "prompt");

	it("holds prompt and completion to the last token", () => {
		expect(check(60, 40)).not.toThrow();
		expect(check(99, null)).not.toThrow();
		expect(check(60, 41)).toThrow(
			"you requested 101 tokens (60 in the prompt, 41 in the completion)",
		);
		expect(check(100, null)).toThrow("leaves no room for a completion");
	});
});
