import { expect, test } from "vitest";
import { highlight } from "./highlight.ts";
import { pythonValue } from "./python-value.ts";
import { codeSamples, type SampleTask } from "./sample-code.ts";

const tasks: SampleTask[] = [
	"chat",
	"completion",
	"embedding",
	"reranking",
	"transcription",
	"speech",
];

test("every sample names the model and the gateway, and a key only where one is needed", () => {
	for (const task of tasks)
		for (const withKey of [true, false])
			for (const { code } of codeSamples({
				url: "http://ship:8000",
				model: "a/b",
				task,
				withKey,
			})) {
				expect(code).toContain("http://ship:8000");
				expect(code).toContain("a/b");
				expect(code.includes("GALLEY_API_KEY")).toBe(withKey);
			}
});

test("recommended settings are in every sample of a generation, each where its client takes them", () => {
	const [curl, python, javascript, langchain] = codeSamples({
		url: "http://ship:8000",
		model: "m",
		task: "chat",
		withKey: false,
		settings: { temperature: 0.2, top_k: 5 },
	}).map(({ code }) => code);
	expect(curl).toContain('"top_k": 5');
	expect(javascript).toContain('"temperature": 0.2');
	for (const code of [python, langchain]) {
		expect(code).toContain("temperature=0.2");
		expect(code).toMatch(/extra_body=\{"top_k": 5\}/);
	}
});

test("settings of a generation are nothing that an embedding is asked with", () => {
	for (const { code } of codeSamples({
		url: "http://ship:8000",
		model: "m",
		task: "embedding",
		withKey: false,
		settings: { temperature: 0.2 },
	}))
		expect(code).not.toContain("temperature");
});

test("JSON's words become Python's", () => {
	expect(pythonValue({ a: null, b: [true, false] }, 0)).toBe(
		'{"a": None, "b": [True, False]}',
	);
});

test("pieces put together are the code", () => {
	for (const { code, language } of tasks.flatMap((task) =>
		codeSamples({ url: "http://ship", model: "m", task, withKey: true }),
	))
		expect(
			highlight(code, language)
				.map(({ text }) => text)
				.join(""),
		).toBe(code);
});
