import { expect, test } from "vitest";
import { highlight } from "./highlight.ts";
import { codeSamples, pythonValue, type SampleTask } from "./sample-code.ts";

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

test("what the playground would send is in the sample; extensions go where OpenAI's client takes them", () => {
	const samples = codeSamples({
		url: "http://ship:8000",
		model: "m",
		task: "chat",
		withKey: false,
		body: {
			messages: [{ role: "user", content: "it's" }],
			temperature: 0.2,
			top_k: 5,
		},
	});
	const [curl, python] = samples;
	expect(curl?.code).toContain(String.raw`it'\''s`);
	expect(python?.code).toMatch(/extra_body=\{"top_k": 5\}/);
	expect(python?.code).toContain("temperature=0.2");
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
