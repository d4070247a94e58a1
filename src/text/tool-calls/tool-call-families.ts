import type { CallSyntax } from "../../core/output-format.ts";
import type { CallReader } from "./call-object.ts";
import { readAny, readBareCalls, readLlama } from "./families/bare.ts";
import { harmonyMarkers, readHarmony } from "./families/harmony.ts";
import {
	deepSeekMarkers,
	readDeepSeek,
	readFunctionary,
	readMarkedList,
	readMistral,
} from "./families/marked.ts";
import { readFunctionTag, readTagged } from "./families/tagged.ts";
import { type Reading, readUntil } from "./text-source.ts";

/** How one family of models writes calls. */
export interface ToolCallFamily {
	/** The first is ours to show; all are vLLM's or as it would name them. */
	names: readonly string[];
	/** Texts of which one in a chat template tells the family; the first family that has one is it. */
	templateSigns: readonly (string | RegExp)[];
	read: (reader: CallReader) => Reading;
	/** Texts that may be control tokens of the vocabulary. */
	markers: readonly string[];
	syntax: CallSyntax;
	/** Mistral's templates insist on ids of nine letters and digits. */
	callIdLength?: 9;
}

const tagSyntax: CallSyntax = {
	open: "",
	before: '<tool_call>\n{"name": "',
	between: '", "arguments": ',
	after: "}\n</tool_call>",
	separator: "\n",
	close: "",
	isParallel: true,
	trigger: "<tool_call>",
};

function listSyntax(open: string, close: string): CallSyntax {
	return {
		...tagSyntax,
		open: `${open}[`,
		before: '{"name": "',
		after: "}",
		separator: ", ",
		close: `]${close}`,
		trigger: open,
	};
}

const bareSyntax: CallSyntax = {
	...tagSyntax,
	before: '{"name": "',
	between: '", "parameters": ',
	after: "}",
	separator: "; ",
	trigger: "",
};

function* readFunctionTags(reader: CallReader): Reading {
	const { source, out } = reader;
	while (
		(yield* readUntil(source, ["<function="], (text) => out.text(text))) !==
		null
	) {
		yield* readFunctionTag(reader);
	}
}

function* readBareOnly(reader: CallReader): Reading {
	yield* readBareCalls(reader);
	yield* readUntil(reader.source, [], (text) => reader.out.text(text));
}

const closeTag = "</tool_call>";

export const toolCallFamilies: readonly ToolCallFamily[] = Object.freeze([
	{
		names: ["harmony", "openai"],
		templateSigns: ["<|channel|>"],
		read: readHarmony,
		markers: harmonyMarkers,
		syntax: {
			...tagSyntax,
			before: "<|channel|>commentary to=functions.",
			between: " <|constrain|>json<|message|>",
			after: "",
			isParallel: false,
			trigger: "<|channel|>commentary to=",
		},
	},
	{
		names: ["deepseek_v3", "deepseek_v31"],
		templateSigns: ["<｜tool▁calls▁begin｜>"],
		read: readDeepSeek,
		markers: deepSeekMarkers,
		syntax: {
			...tagSyntax,
			open: "<｜tool▁calls▁begin｜>",
			before: "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
			between: "\n```json\n",
			after: "\n```<｜tool▁call▁end｜>",
			close: "<｜tool▁calls▁end｜>",
			trigger: "<｜tool▁calls▁begin｜>",
		},
	},
	{
		names: ["mistral"],
		templateSigns: ["[TOOL_CALLS]"],
		read: readMistral,
		markers: ["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"],
		syntax: listSyntax("[TOOL_CALLS]", ""),
		callIdLength: 9,
	},
	{
		names: ["phi4_mini_json"],
		templateSigns: ["<|tool|>", "functools["],
		read: readMarkedList(
			["functools", "<|tool_call|>"],
			["<|/tool_call|>", "<|tool_call|>"],
		),
		markers: ["<|tool_call|>", "<|/tool_call|>"],
		syntax: listSyntax("<|tool_call|>", "<|/tool_call|>"),
	},
	{
		names: ["granite", "granite-20b-fc"],
		templateSigns: [/<\|start_of_role\|>[\s\S]*<\|tool_call\|>/],
		read: readTagged(["<|tool_call|>", "<tool_call>"], [closeTag]),
		markers: ["<|tool_call|>", "<tool_call>", closeTag],
		syntax: listSyntax("<|tool_call|>", ""),
	},
	{
		names: ["functionary"],
		templateSigns: [">>>all", ">>>"],
		read: readFunctionary,
		markers: [],
		syntax: {
			...tagSyntax,
			before: "",
			between: "\n",
			after: "",
			separator: ">>>",
			trigger: "",
		},
	},
	{
		names: ["qwen3_coder"],
		templateSigns: [/<tool_call>\s*(\\n)*\s*<function=/],
		// Forced calls are written as JSON between the same tags, which this family reads too.
		read: readTagged(["<tool_call>"], [closeTag]),
		markers: ["<tool_call>", closeTag],
		syntax: tagSyntax,
	},
	{
		names: ["functionary_v3_llama_31"],
		templateSigns: [/<function=(?![\s\S]*<tool_call>)(?![\s\S]*python_tag)/],
		read: readFunctionTags,
		markers: [],
		syntax: {
			...tagSyntax,
			before: "<function=",
			between: ">",
			after: "</function>",
			separator: "",
			trigger: "<function=",
		},
	},
	{
		names: ["hermes", "qwen"],
		templateSigns: ["<tool_call>"],
		read: readTagged(["<tool_call>"], [closeTag]),
		markers: ["<tool_call>", closeTag],
		syntax: tagSyntax,
	},
	{
		names: ["pythonic", "llama4_pythonic"],
		templateSigns: ["<|header_start|>", "<|python_start|>"],
		read: readLlama,
		markers: ["<|python_start|>", "<|python_end|>", "<|python_tag|>"],
		syntax: bareSyntax,
	},
	{
		names: ["llama3_json", "llama4_json"],
		templateSigns: ["<|python_tag|>", "<|start_header_id|>"],
		read: readLlama,
		markers: ["<|python_tag|>"],
		syntax: bareSyntax,
	},
	{
		names: ["gemma"],
		templateSigns: ["<start_of_turn>"],
		read: readAny,
		markers: [],
		syntax: tagSyntax,
	},
	{
		names: ["json"],
		templateSigns: [],
		read: readBareOnly,
		markers: [],
		syntax: bareSyntax,
	},
	{
		names: ["generic"],
		templateSigns: [],
		read: readAny,
		markers: ["<tool_call>", closeTag],
		syntax: tagSyntax,
	},
] satisfies ToolCallFamily[]);

export const toolCallParserNames: readonly string[] = Object.freeze([
	"auto",
	"none",
	...toolCallFamilies.flatMap(({ names }) => names),
]);

/** Null for a name nobody has. */
export function findToolCallFamily(name: string): ToolCallFamily | null {
	return toolCallFamilies.find(({ names }) => names.includes(name)) ?? null;
}

/**
 * The family whose marks a model's chat template has. A template that never speaks of `tools` is given a description of them
 * instead (described-tools.ts), which asks for the generic form.
 */
export function detectToolCallFamily(template: string | null): ToolCallFamily {
	const generic = findToolCallFamily("generic") as ToolCallFamily;
	if (!/\btools\b/.test(template ?? "")) return generic;
	const has = (sign: string | RegExp) =>
		typeof sign === "string"
			? template?.includes(sign) === true
			: sign.test(template ?? "");
	return (
		toolCallFamilies.find(({ templateSigns }) => templateSigns.some(has)) ??
		generic
	);
}
