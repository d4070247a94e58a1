import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, type ModelAnswer } from "./evaluate.ts";
import { parseQuestions } from "./questions.ts";
import { overlapF1, readChoice, scoreAnswer } from "./scores.ts";

const line = (value: object) => JSON.stringify(value);

describe("a question file", () => {
	test("is JSON lines, with answers as people write them", () => {
		const questions = parseQuestions(
			[
				line({ question: "Who?", answer: "Ada" }),
				"",
				line({ question: "When?", answers: ["1815", "in 1815"], context: "…" }),
				line({ question: "Which?", choices: ["red", "blue"], answer: "B" }),
				line({ question: "Which?", choices: ["red", "blue"], answer: 0 }),
				line({ question: "Which?", choices: ["red", "blue"], answer: "red" }),
				line({ question: "How many?", answer: 4 }),
			].join("\n"),
		);
		expect(questions.map(({ line, answers }) => [line, answers])).toEqual([
			[1, ["Ada"]],
			[3, ["1815", "in 1815"]],
			[4, ["blue"]],
			[5, ["red"]],
			[6, ["red"]],
			[7, ["4"]],
		]);
	});

	test("names every line that is wrong, at once", () => {
		const text = [
			"{",
			line({ question: "" }),
			line({ question: "Q", answer: "z", choices: ["a", "b"] }),
			line({ question: "Q" }),
			line({ question: "Q", answer: "a" }),
		].join("\n");
		expect(() => parseQuestions(text)).toThrow(
			/line 1: .*line 2: .*line 3: .*line 4: /s,
		);
		expect(() => parseQuestions("\n")).toThrow(/no question/);
	});
});

describe("scores", () => {
	const asked = (answers: string[], choices: string[] | null = null) => ({
		line: 1,
		question: "?",
		context: null,
		answers,
		choices,
	});

	test("are SQuAD's: articles, capitals and marks don't count", () => {
		expect(scoreAnswer(asked(["The Eiffel Tower"]), "eiffel tower.")).toEqual({
			exactMatch: 1,
			f1: 1,
			choice: null,
		});
		const { exactMatch, f1 } = scoreAnswer(
			asked(["Ada Lovelace", "Lovelace"]),
			"It was Ada Lovelace",
		);
		expect(exactMatch).toBe(0);
		expect(f1).toBeCloseTo(2 / 3);
	});

	test("a choice is read from what models write", () => {
		const choices = ["a cat", "a dog", "a bird"];
		for (const said of [
			"B",
			"B.",
			"(B)",
			"B) a dog",
			"The answer is B.",
			"Answer: b",
			"It is a dog.",
			"a dog",
			"**B**",
			"B. Not the cat but the dog.",
		])
			expect(readChoice(said, choices), said).toBe("a dog");
		for (const said of ["", "cats and dogs", "a cat or a dog", "D", "I think"])
			expect(readChoice(said, choices), said).toBeNull();
	});

	test("property: F1 is symmetric, 1 for the same words in any order, and 0 without a common one", () => {
		const words = fc.array(fc.constantFrom("x", "y", "z", "w"), {
			maxLength: 6,
		});
		fc.assert(
			fc.property(words, words, (left, right) => {
				const [a, b] = [left.join(" "), right.join(" ")];
				const f1 = overlapF1(a, b);
				expect(f1).toBe(overlapF1(b, a));
				expect(f1 === 1).toBe(
					left.toSorted().join() === right.toSorted().join(),
				);
				const share = left.some((word) => right.includes(word));
				if (left.length > 0 && right.length > 0) expect(f1 > 0).toBe(share);
			}),
		);
	});
});

describe("an evaluation", () => {
	const questions = parseQuestions(
		Array.from({ length: 20 }, (_, index) =>
			line(
				index % 4 === 0
					? { question: `${index}`, choices: ["x", "y"], answer: "x" }
					: { question: `${index}`, answer: `${index}` },
			),
		).join("\n"),
	);
	const answer = (text: string): ModelAnswer => ({
		text,
		promptTokens: 10,
		cachedTokens: 4,
		completionTokens: 2,
		firstTokenMs: 1,
		ms: 5,
	});

	test("counts what is right, and a question that fails as wrong; the others go on", async () => {
		let running = 0;
		let most = 0;
		const progress: number[] = [];
		const report = await evaluate({
			questions,
			concurrency: 3,
			price: { inputPerMillion: 1e6, cachedPerMillion: 0, outputPerMillion: 0 },
			onProgress: ({ done }) => progress.push(done),
			async ask([, user]) {
				most = Math.max(most, ++running);
				await new Promise((resolve) => setTimeout(resolve, 1));
				running--;
				const asked = user?.content ?? "";
				if (asked === "1" || asked.startsWith("4\n"))
					throw new Error("out of order");
				if (asked === "2") return answer("no idea");
				return answer(asked.includes("\n") ? "A" : asked);
			},
		});
		expect(most).toBe(3);
		expect(progress).toEqual(questions.map((_, index) => index + 1));
		expect(report).toMatchObject({
			questions: 20,
			failed: 2,
			isPartial: false,
		});
		expect(report.exactMatch).toBeCloseTo((100 * 13) / 15);
		expect(report.choiceAccuracy).toBeCloseTo((100 * 4) / 5);
		expect(report.promptTokens).toBe(180);
		// Cached tokens cost nothing here: 18 answers with 6 tokens that were computed.
		expect(report.costUsd).toBe(108);
		expect(report.details.map(({ line }) => line)).toEqual(
			questions.map(({ line }) => line),
		);
	});

	test("that is stopped reports what was asked until then", async () => {
		const controller = new AbortController();
		const report = await evaluate({
			questions,
			concurrency: 2,
			signal: controller.signal,
			async ask([, user], signal) {
				if (user?.content === "5") controller.abort();
				signal.throwIfAborted();
				return answer("");
			},
		});
		expect(report.isPartial).toBe(true);
		expect(report.questions).toBeLessThan(20);
		expect(report.failed).toBe(0);
	});
});
