import { describe, expect, test } from "vitest";
import type { OutputConstraint } from "../../core/output-constraint.ts";
import type { Expression } from "../../grammar/grammar.ts";
import { Automaton } from "../../grammar/regular/automaton.ts";
import { parseRegex } from "../../grammar/regular/regex.ts";
import { createOutputFormat } from "../../text/output-format.ts";
import { toolCallFamilies } from "../../text/tool-calls/tool-call-families.ts";
import { toToolConstraint, withFreeReasoning } from "./tool-constraint.ts";
import { toToolUse } from "./tool-fields.ts";

const values = ['{"city": "Paris"}', "{}"];
const tools = ["get_weather", "get_time"].map((name) => ({
	type: "function" as const,
	function: { name, strict: true },
}));

/** One text of the language: of choices the `pick`th (or last), repeated parts once, of automata `filling`. */
function derive(expression: Expression, pick: number, filling: string): string {
	switch (expression.type) {
		case "text":
			return expression.text;
		case "list-edge":
			return "";
		case "distinct":
		case "regular":
			expect(Automaton.from(expression.automaton).accepts(filling)).toBe(true);
			return filling;
		case "rule":
			return values[Number(expression.name.split("-")[1])] ?? "";
		case "sequence":
			return expression.parts
				.map((part) => derive(part, pick, filling))
				.join("");
		case "choice": {
			const part =
				expression.parts[Math.min(pick, expression.parts.length - 1)];
			return part === undefined ? "" : derive(part, pick, filling);
		}
		case "repeat":
			return derive(expression.part, 1, filling);
	}
}

function grammarOf(constraint: OutputConstraint | null) {
	if (constraint?.kind !== "grammar-ir") throw new Error("No grammar.");
	return {
		...constraint,
		start: constraint.grammar.rules[constraint.grammar.start] as Expression,
	};
}

describe.each(toolCallFamilies.map(({ names }) => names[0] as string))(
	"forced calls of %s",
	(toolCallParser) => {
		const format = createOutputFormat({
			template: null,
			toolCallParser,
			reasoningParser: "none",
		});
		const read = (text: string) => {
			const parser = format.createParser({
				toolNames: ["get_weather", "get_time"],
				promptEnd: "",
				separatesReasoning: true,
			});
			return [...(parser?.push(text) ?? []), ...(parser?.end() ?? [])];
		};

		test("are read as what they are", () => {
			const use = toToolUse({ tools, tool_choice: "required" });
			if (use === null) throw new Error("No tools.");
			const { start } = grammarOf(
				toToolConstraint({
					use,
					format,
					content: null,
					promptEnd: "",
					mayReason: true,
				}),
			);
			const pieces = read(derive(start, 0, ""));
			const called = pieces.flatMap((piece) =>
				piece.type === "call" ? [piece.name] : [],
			);
			expect(called).toEqual(
				format.callSyntax?.isParallel === true
					? ["get_weather", "get_time"]
					: ["get_weather"],
			);
			expect(pieces.filter(({ type }) => type === "text")).toEqual([]);
			const [first] = pieces.flatMap((piece) =>
				piece.type === "arguments" ? [piece.text] : [],
			);
			expect(first).toBe(values[0]);
		});

		test("strict ones begin where the mark ends, or as the answer does", () => {
			const use = toToolUse({ tools });
			if (use === null) throw new Error("No tools.");
			const { start, trigger } = grammarOf(
				toToolConstraint({
					use,
					format,
					content: null,
					promptEnd: "",
					mayReason: true,
				}),
			);
			const [mark = ""] = trigger ?? [];
			expect(mark).toBe(format.callSyntax?.trigger);
			const pieces = read(mark + derive(start, 0, ""));
			expect(pieces[0]).toMatchObject({ type: "call", name: "get_weather" });
			expect(pieces.filter(({ type }) => type === "text")).toEqual([]);
		});
	},
);

describe("a model that reasons", () => {
	const format = createOutputFormat({
		template: null,
		toolCallParser: "hermes",
		reasoningParser: "qwen3",
	});
	const use = toToolUse({ tools, tool_choice: "required" });
	if (use === null) throw new Error("No tools.");
	const startOf = (promptEnd: string) =>
		grammarOf(
			toToolConstraint({
				use,
				format,
				content: null,
				promptEnd,
				mayReason: true,
			}),
		).start;

	test("may reason before a forced call", () => {
		expect(derive(startOf(""), 1, "Hm < </think")).toMatch(
			/^<think>Hm < <\/think<\/think>\n\n<tool_call>/,
		);
		expect(derive(startOf(""), 0, "")).toMatch(/^<tool_call>/);
	});

	test("goes on with what the prompt began, and not where the prompt ended it", () => {
		expect(derive(startOf("<think>\n"), 0, "Hm")).toMatch(/^Hm<\/think>/);
		const isClosed = startOf("<think>\n\n</think>\n\n");
		expect(derive(isClosed, 1, "")).toMatch(/^<tool_call>/);
	});

	test("writes JSON behind its reasoning", () => {
		const asked = { kind: "json-object", field: "response_format" } as const;
		const { start, schemas, field } = grammarOf(
			withFreeReasoning(asked, format, "<think>"),
		);
		expect(derive(start, 0, "Hm")).toBe("Hm</think>\n\n");
		expect(schemas?.content?.schema).toEqual({ type: "object" });
		expect(field).toBe("response_format");
		expect(
			withFreeReasoning({ kind: "regex", pattern: "a" }, format, "<think>"),
		).toEqual({
			kind: "regex",
			pattern: "a",
		});
	});
});

test("the answers beside bare calls are all that begin unlike one", () => {
	const answer = parseRegex("(\\s*[^\\s{\\[][\\s\\S]*)?", { anchored: true });
	for (const text of ["", "Hello", "\n\nIt is {so}\n", "3"])
		expect(answer.accepts(text)).toBe(true);
	for (const text of ["{}", "\n[f()]"])
		expect(answer.accepts(text)).toBe(false);
});
