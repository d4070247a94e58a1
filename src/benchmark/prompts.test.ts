import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePromptFile } from "./prompt-file.ts";
import {
	createPromptSource,
	drawLength,
	openingWord,
	plainCalibration,
} from "./prompts.ts";
import { createRandomSource } from "./random-source.ts";
import { renderBody, simplify } from "./request-body.ts";
import { commonWords } from "./words.ts";

const countWords = (text: string | undefined) =>
	(text ?? "").split(" ").length - 1; // without the opening word

test("prompts have the words their tokens ask for, template taken off", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 400 }),
			fc.integer({ min: 0, max: 400 }),
			fc.integer({ min: 0, max: 30 }),
			(inputTokens, prefixTokens, overheadTokens) => {
				const next = createPromptSource(
					{ inputTokens, prefixTokens, prefixes: 1, lengthSpread: 0 },
					{ ...plainCalibration, overheadTokens },
					createRandomSource(1),
				);
				expect(countWords(next())).toBe(
					prefixTokens + Math.max(1, inputTokens - overheadTokens),
				);
			},
		),
	);
});

test("a word that is two tokens halves the words", () => {
	const shape = {
		inputTokens: 100,
		prefixTokens: 50,
		prefixes: 1,
		lengthSpread: 0,
	};
	expect(
		countWords(
			createPromptSource(
				shape,
				{ ...plainCalibration, tokensPerWord: 2 },
				createRandomSource(1),
			)(),
		),
	).toBe(75);
});

test("prompts share their prefix in turn and differ after it", () => {
	const next = createPromptSource(
		{ inputTokens: 20, prefixTokens: 30, prefixes: 2, lengthSpread: 0 },
		plainCalibration,
		createRandomSource(5),
	);
	const prompts = Array.from({ length: 6 }, () => next());
	const prefix = (text: string | undefined) =>
		(text ?? "").split(" ").slice(0, 31).join(" ");
	expect(new Set(prompts).size).toBe(6);
	expect(new Set(prompts.map(prefix)).size).toBe(2);
	expect(prefix(prompts[0])).toBe(prefix(prompts[2]));
	expect(prefix(prompts[0])).not.toBe(prefix(prompts[1]));
});

test("the same seed gives the same prompts, another seed gives others", () => {
	const first = (seed: number) =>
		createPromptSource(
			{ inputTokens: 20, prefixTokens: 0, prefixes: 1, lengthSpread: 0 },
			plainCalibration,
			createRandomSource(seed),
		)();
	expect(first(1)).toBe(first(1));
	expect(first(1)).not.toBe(first(2));
	expect(first(1).startsWith(`${openingWord} `)).toBe(true);
});

test("spread lengths stay in their range and reach both ends", () => {
	const random = createRandomSource(1);
	const lengths = Array.from({ length: 2000 }, () =>
		drawLength(10, 0.5, random),
	);
	expect(Math.min(...lengths)).toBe(5);
	expect(Math.max(...lengths)).toBe(15);
	expect(drawLength(10, 0, random)).toBe(10);
	expect(drawLength(1, 1, random)).toBeGreaterThanOrEqual(1);
});

test("common words are distinct lower-case words", () => {
	expect(commonWords.length).toBeGreaterThan(700);
	expect(new Set(commonWords).size).toBe(commonWords.length);
	expect(commonWords.every((word) => /^[a-z]+$/.test(word))).toBe(true);
});

test("a prompt file mixes JSON lines and plain lines", () => {
	const messages = [{ role: "user", content: "hi" }];
	expect(
		parsePromptFile(
			`{"prompt":"a b","max_tokens":7}\n\nplain text \r\n${JSON.stringify({ messages })}\n`,
		),
	).toEqual([
		{ content: "a b", maxTokens: 7 },
		{ content: "plain text", maxTokens: null },
		{ content: messages, maxTokens: null },
	]);
});

test("a broken line of a prompt file is named", () => {
	expect(() => parsePromptFile('ok\n{"prompt":')).toThrow(/Line 2/);
	expect(() => parsePromptFile('{"text":"a"}')).toThrow(/Line 1/);
	expect(() => parsePromptFile('{"prompt":"a","max_tokens":0}')).toThrow(
		/line 1/,
	);
	expect(() => parsePromptFile(" \n")).toThrow(/empty/);
});

const dialect = {
	ignoreEos: true,
	includeUsage: true,
	temperature: 0,
	maxTokensField: "max_tokens",
} as const;

test("bodies carry the prompt in the endpoint's form, and extra fields win", () => {
	const options = {
		model: "m",
		dialect,
		extraBody: { top_k: 5, temperature: 1 },
	};
	expect(
		JSON.parse(renderBody("hi", 9, { ...options, endpoint: "chat" })),
	).toEqual({
		model: "m",
		messages: [{ role: "user", content: "hi" }],
		max_tokens: 9,
		stream: true,
		stream_options: { include_usage: true },
		temperature: 1,
		ignore_eos: true,
		top_k: 5,
	});
	expect(
		JSON.parse(renderBody("hi", 9, { ...options, endpoint: "completions" })),
	).toMatchObject({ prompt: "hi" });
});

test("a refused field is left out, ignore_eos when none is named, and in the end nothing is left to try", () => {
	expect(
		simplify(dialect, "use 'max_completion_tokens' instead")?.dialect
			.maxTokensField,
	).toBe("max_completion_tokens");
	expect(simplify(dialect, "stream_options is not supported")?.dialect).toEqual(
		{ ...dialect, includeUsage: false },
	);
	expect(simplify(dialect, "temperature does not support 0")?.dialect).toEqual({
		...dialect,
		temperature: null,
	});
	expect(simplify(dialect, "Unrecognized request argument")?.dialect).toEqual({
		...dialect,
		ignoreEos: false,
	});
	expect(simplify({ ...dialect, ignoreEos: false }, "bad")).toBe(null);
});
