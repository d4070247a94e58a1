import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type Chatbot, evaluate, readQuestions } from "./evaluate.ts";
import { htmlReport } from "./html-report.ts";
import { normalised } from "./measures.ts";

const chatbot: Chatbot = {
	search: async (_, { search }) =>
		search === "words"
			? ["galley:docs/b.md", "galley:docs/a.md"]
			: ["galley:docs/a.md", "galley:docs/a.md", "galley:docs/b.md"],
	ask: async (question) =>
		question.includes("moon")
			? { text: "I don't know.", kind: "none", cited: [], ms: 1 }
			: {
					text: "By <script>name [1]",
					kind: "model",
					cited: ["by its name"],
					ms: 3,
				},
};

test("ways to search are told apart, answers measured, silence judged", async () => {
	const questions = readQuestions(
		'{"question":"How?","sources":["docs/a.md"],"answer":"By name"}\n\n{"question":"Who is on the moon?","sources":[]}\n',
	);
	const report = await evaluate(questions, chatbot, new Date(0));
	expect(
		report.retrieval.map(({ variant, recallAt1 }) => [variant, recallAt1]),
	).toEqual([
		["words (BM25)", 0],
		["vectors", 1],
		["hybrid", 1],
		["hybrid + rerank", 1],
	]);
	expect(report.answers).toMatchObject({
		rightAbstention: 1,
		wrongAbstention: 0,
	});
	expect(report.answers.f1).toBeCloseTo(0.8);
	expect(report.answers.groundedness).toBeCloseTo(2 / 3);
	const html = htmlReport(report);
	expect(html).toContain("<svg");
	expect(html).not.toContain("<script>");
});

test("a broken line is named", () => {
	expect(() => readQuestions('{"question":"How?"}')).toThrow("Line 1");
});

test("the shipped questions can be answered from the shipped documentation, and some can't", async () => {
	const root = new URL("../../../../", import.meta.url);
	const file = new URL("../../questions/galley-docs.jsonl", import.meta.url);
	const questions = readQuestions(await readFile(file, "utf8"));
	const answerable = questions.filter(({ sources }) => sources.length > 0);
	expect(answerable.length).toBeGreaterThanOrEqual(40);
	expect(questions.length - answerable.length).toBeGreaterThanOrEqual(15);
	for (const { question, sources, answer } of answerable) {
		const texts = await Promise.all(
			sources.map((source) => readFile(new URL(source, root), "utf8")),
		);
		const there = new Set(texts.flatMap(normalised));
		const missing = normalised(answer ?? "").filter((word) => !there.has(word));
		expect(missing, question).toEqual([]);
	}
});
