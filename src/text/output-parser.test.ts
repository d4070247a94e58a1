import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OutputPiece } from "../core/output-format.ts";
import { createOutputFormat } from "./output-format.ts";

interface Fixture {
	name: string;
	toolCallParser?: string;
	reasoningParser?: string;
	promptEnd?: string;
	tools: string[] | null;
	output: string;
	content: string;
	reasoning?: string;
	/** Names and parsed arguments; a string is arguments that are no JSON. */
	calls: [name: string, value: unknown][];
}

const folder = join(import.meta.dirname, "tool-calls/fixtures");
const fixtures = readdirSync(folder)
	.filter((file) => file.endsWith(".json"))
	.flatMap((file) => {
		const cases = JSON.parse(
			readFileSync(join(folder, file), "utf8"),
		) as Fixture[];
		return cases.map(
			(fixture) => [`${file}: ${fixture.name}`, fixture] as const,
		);
	});

function createParser(fixture: Fixture) {
	let count = 0;
	const parser = createOutputFormat({
		template: null,
		toolCallParser: fixture.toolCallParser ?? "none",
		reasoningParser: fixture.reasoningParser ?? "none",
		createCallId: () => `call_${count++}`,
	}).createParser({
		toolNames: fixture.tools,
		promptEnd: fixture.promptEnd ?? "",
		separatesReasoning: true,
	});
	if (parser === null) throw new Error("Nothing to read.");
	return parser;
}

/** Pieces of one kind joined, as clients join them. */
function merge(pieces: readonly OutputPiece[]): OutputPiece[] {
	const merged: OutputPiece[] = [];
	for (const piece of pieces) {
		const last = merged.at(-1);
		if (last?.type === piece.type && "text" in last && "text" in piece)
			last.text += piece.text;
		else merged.push({ ...piece });
	}
	return merged;
}

function parse(fixture: Fixture, cuts: readonly string[]): OutputPiece[] {
	const parser = createParser(fixture);
	const pieces = cuts.flatMap((text) => [...parser.push(text)]);
	return merge([...pieces, ...parser.end()]);
}

const joined = (pieces: readonly OutputPiece[], type: "text" | "reasoning") =>
	pieces.map((piece) => (piece.type === type ? piece.text : "")).join("");

function callsOf(pieces: readonly OutputPiece[]): [string, unknown][] {
	return pieces.flatMap((piece) => {
		if (piece.type !== "call") return [];
		const json = pieces
			.map((one) =>
				one.type === "arguments" && one.index === piece.index ? one.text : "",
			)
			.join("");
		return [[piece.name, toValue(json)] as [string, unknown]];
	});
}

function toValue(json: string): unknown {
	try {
		return JSON.parse(json);
	} catch {
		return json;
	}
}

describe.each(fixtures)("%s", (_title, fixture) => {
	const { output } = fixture;
	const whole = parse(fixture, [output]);

	test("is read as content, reasoning and calls", () => {
		expect(callsOf(whole)).toEqual(fixture.calls);
		expect(joined(whole, "text")).toBe(fixture.content);
		expect(joined(whole, "reasoning")).toBe(fixture.reasoning ?? "");
	});

	test("every call begins, has arguments and ends in order", () => {
		const order = whole.flatMap((piece) =>
			"index" in piece ? [`${piece.type} ${piece.index}`] : [],
		);
		const expected = fixture.calls.flatMap((_call, index) => [
			`call ${index}`,
			`arguments ${index}`,
			`call-end ${index}`,
		]);
		expect(order).toEqual(expected);
	});

	test("gives the same wherever it is cut", () => {
		for (let cut = 0; cut <= output.length; cut++) {
			expect(parse(fixture, [output.slice(0, cut), output.slice(cut)])).toEqual(
				whole,
			);
		}
		expect(parse(fixture, output.split(""))).toEqual(whole);
		fc.assert(
			fc.property(
				fc.array(fc.nat(output.length), { maxLength: 12 }),
				(places) => {
					const cuts = [0, ...places.sort((a, b) => a - b), output.length];
					const pieces = cuts
						.slice(1)
						.map((end, index) => output.slice(cuts[index], end));
					expect(parse(fixture, pieces)).toEqual(whole);
				},
			),
			{ numRuns: 30 },
		);
	});

	test("an answer that breaks off anywhere is read without a fault", () => {
		for (let end = 0; end < output.length; end++) {
			const pieces = parse(fixture, [output.slice(0, end)]);
			expect(callsOf(pieces).length).toBeLessThanOrEqual(fixture.calls.length);
		}
	});
});

test("a value without a type is a string where its parameter is one", () => {
	const parser = createOutputFormat({
		template: null,
		toolCallParser: "qwen3_coder",
	}).createParser({
		toolNames: ["f"],
		isTextParameter: (_name, parameter) => parameter === "zip",
		promptEnd: "",
		separatesReasoning: true,
	});
	const pieces = parser?.push(
		"<tool_call><function=f><parameter=zip>75001</parameter><parameter=n>3</parameter></function></tool_call>",
	);
	expect(callsOf(pieces ?? [])).toEqual([["f", { zip: "75001", n: 3 }]]);
});
