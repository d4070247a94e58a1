import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProblem, parseEntries } from "./parse-entries.ts";
import { entryOf, yamlOf } from "./testing/entries.ts";

function problemsOf(text: string): string[] {
	return parseEntries("c.yaml", text).problems.map(formatProblem);
}

/** The line of the first that begins so, counted from 1. */
function lineOf(text: string, beginning: string): number {
	return text.split("\n").findIndex((line) => line.startsWith(beginning)) + 1;
}

describe("an entry of the catalog", () => {
	it("is read as it is written", () => {
		expect(parseEntries("c.yaml", yamlOf())).toEqual({
			entries: [entryOf()],
			problems: [],
		});
	});

	it("may stand in a stream with others, and a wrong one leaves them as they are", () => {
		const { entries, problems } = parseEntries(
			"c.yaml",
			`${yamlOf()}---\n${yamlOf({ id: "Wrong" })}---\n${yamlOf({ id: "third" })}---\n`,
		);
		expect(entries.map(({ id }) => id)).toEqual(["tiny-chat", "third"]);
		expect(problems).toHaveLength(1);
		expect(problems[0]?.message).toMatch(/^id: must be small letters/);
		expect(problems[0]?.line).toBeGreaterThan(20);
	});

	it("is told all that is wrong at once, with lines", () => {
		const text = yamlOf()
			.replace('publisher: "Acme"', "publisher: 7")
			.replace("parameters: 1000000000", "parameters: many")
			.replace("contextLength: 4096", "contextLength: 0")
			.replace('released: "unknown"', "released: 2025-13")
			.replace("tasks:", "task:")
			.replace(/^card:.*$/m, "");
		expect(problemsOf(text)).toEqual([
			`c.yaml:${lineOf(text, "publisher")}: publisher: must be text; write unknown where nothing is published.`,
			expect.stringMatching(/^c\.yaml:\d+: tasks: is missing/),
			`c.yaml:${lineOf(text, "parameters")}: parameters: must be a whole number above 0, or the word unknown.`,
			`c.yaml:${lineOf(text, "contextLength")}: contextLength: must be a whole number above 0.`,
			`c.yaml:${lineOf(text, "released")}: released: must be a date (2025-04-29 or 2025-04), or the word unknown.`,
			expect.stringMatching(/^c\.yaml:\d+: card: is missing/),
			`c.yaml:${lineOf(text, "task:")}: task: is not known; did you mean "tasks"?`,
		]);
	});

	it("is told the line inside a list and inside a choice of forms", () => {
		const text = [
			"id: a",
			"variants:",
			"  - name: q4",
			"    quantisation: Q4_0",
			"    format: gguf",
			"    reference: hf://acme/../x:Q4_0",
			"    sizeBytes: null",
			"  - name: Q8",
			"    quantisation: Q8_0",
			"    format: zip",
			"    referenc: hf://acme/x",
			"settings:",
			"  temperature: hot",
			"  top_p: 1",
			"memory:",
			"  bytes: 1",
			"  note: all",
			"  source: http://example.org",
		].join("\n");
		const problems = problemsOf(text);
		for (const expected of [
			/^c\.yaml:6: variants\[0\]\.reference: .*does not name a repository/,
			/^c\.yaml:8: variants\[1\]\.name: must be small letters/,
			/^c\.yaml:10: variants\[1\]\.format: /,
			/^c\.yaml:11: variants\[1\]\.referenc: is not known; did you mean "reference"\?/,
			/^c\.yaml:13: settings\.temperature: /,
			/^c\.yaml:14: settings\.top_p: is not known; did you mean "topP"\?/,
			/^c\.yaml:18: memory\.source: must be an https address/,
		])
			expect(problems).toContainEqual(expect.stringMatching(expected));
	});

	it("is no YAML, nothing, or a list: that is said too", () => {
		expect(problemsOf("id: [1")).toEqual([expect.stringMatching(/^c\.yaml:1/)]);
		expect(problemsOf("")).toEqual([
			"c.yaml: The file holds no entry of a catalog.",
		]);
		expect(problemsOf("- 1")).toHaveLength(1);
		expect(problemsOf("just text")).toEqual([
			'c.yaml:1: must hold "key: value" lines.',
		]);
	});

	it("can't fill the memory with aliases", () => {
		const bomb = [
			"a: &a [x, x, x, x, x, x, x, x, x, x]",
			...Array.from(
				{ length: 8 },
				(_, index) =>
					`${"bcdefghi"[index]}: &${"bcdefghi"[index]} [${Array(10)
						.fill(`*${"abcdefgh"[index]}`)
						.join(", ")}]`,
			),
		].join("\n");
		expect(problemsOf(bomb)).toEqual([
			expect.stringContaining("repeats parts of itself too often"),
		]);
	});

	it("takes addresses that are safe to show as links, and no others", () => {
		for (const address of [
			"javascript:alert(1)",
			"http://example.org",
			"https://me:secret@example.org",
			"https://example.org/a b",
			"models/../../etc/passwd.md",
		])
			expect(problemsOf(yamlOf({ sources: [address] }))).toEqual([
				expect.stringContaining("sources[0]: must be an https address"),
			]);
	});

	it("takes entries that say nothing of a check, and no check without a day", () => {
		const { checked: _, ...unchecked } = entryOf();
		const { entries } = parseEntries("c.yaml", JSON.stringify(unchecked));
		expect(entries.map(({ checked }) => checked)).toEqual([null]);
		expect(
			problemsOf(
				yamlOf({ checked: { on: "2026-11-23", notFound: ["settings"] } }),
			),
		).toEqual([]);
		expect(
			problemsOf(yamlOf({ checked: { on: "lately", notFound: [] } })),
		).toEqual([expect.stringContaining("must be a day, such as 2026-11-23")]);
	});

	it("takes references that mean the same on every machine, and no others", () => {
		const withReference = (reference: string) =>
			yamlOf({
				variants: [
					{
						name: "a",
						quantisation: "Q8_0",
						format: "gguf",
						reference,
						sizeBytes: null,
					},
				],
			});
		for (const reference of [
			"starter-chat",
			"hf://acme/x",
			"hf://acme/x:onnx/model.onnx@main",
			"https://example.org/a.gguf",
			"file:///models/a.gguf",
		])
			expect(problemsOf(withReference(reference))).toEqual([]);
		for (const reference of [
			"tiny-chat",
			"./a.gguf",
			"acme/x",
			"http://example.org/a.gguf",
			"hf://acme",
			"ftp://example.org/a",
		])
			expect(problemsOf(withReference(reference))).toHaveLength(1);
	});

	it("is never an exception, whatever the text", () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string({ unit: "grapheme", maxLength: 200 }),
					fc.json(),
					fc
						.tuple(fc.nat(2000), fc.string({ maxLength: 8 }))
						.map(([at, text]) => {
							const right = yamlOf();
							return right.slice(0, at) + text + right.slice(at);
						}),
				),
				(text) => {
					const { entries, problems } = parseEntries("c.yaml", text);
					expect(entries.length + problems.length).toBeGreaterThan(0);
					const lines = text.split("\n").length;
					for (const { line } of problems)
						if (line !== null) {
							expect(line).toBeGreaterThan(0);
							expect(line).toBeLessThanOrEqual(lines);
						}
				},
			),
		);
	});
});
