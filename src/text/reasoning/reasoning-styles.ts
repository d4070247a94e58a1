import type { CallReader } from "../tool-calls/call-object.ts";
import {
	type Reading,
	readUntil,
	takeOneOf,
	takeSpace,
} from "../tool-calls/text-source.ts";

/** How a family of models writes its reasoning: at the start of an answer, between two marks. */
export interface ReasoningStyle {
	/** vLLM's names first. */
	names: readonly string[];
	/** Texts of which one in a chat template tells the style. */
	templateSigns: readonly string[];
	/** The first is what a grammar writes. */
	opens: readonly string[];
	closes: readonly string[];
}

export const reasoningStyles: readonly ReasoningStyle[] = Object.freeze([
	{
		names: ["openai_gptoss", "harmony"],
		templateSigns: ["<|channel|>"],
		opens: ["<|channel|>analysis<|message|>"],
		closes: ["<|end|>"],
	},
	{
		names: ["mistral"],
		templateSigns: ["[THINK]"],
		opens: ["[THINK]"],
		closes: ["[/THINK]"],
	},
	{
		names: ["seed_oss"],
		templateSigns: ["<seed:think>"],
		opens: ["<seed:think>"],
		closes: ["</seed:think>"],
	},
	{
		names: ["granite"],
		templateSigns: ["Here is my thought process:"],
		opens: [
			"Here is my thought process:",
			"Here's my thought process:",
			"<think>",
		],
		closes: ["Here is my response:", "Here's my response:", "</think>"],
	},
	{
		names: [
			"deepseek_r1",
			"qwen3",
			"deepseek_v3",
			"glm45",
			"hunyuan_a13b",
			"minimax_m2",
			"think",
		],
		templateSigns: ["<think>", "</think>"],
		opens: ["<think>"],
		closes: ["</think>"],
	},
] satisfies ReasoningStyle[]);

export const reasoningParserNames: readonly string[] = Object.freeze([
	"auto",
	"none",
	...reasoningStyles.flatMap(({ names }) => names),
]);

export function findReasoningStyle(name: string): ReasoningStyle | null {
	return reasoningStyles.find(({ names }) => names.includes(name)) ?? null;
}

export function detectReasoningStyle(
	template: string | null,
): ReasoningStyle | null {
	return (
		reasoningStyles.find(({ templateSigns }) =>
			templateSigns.some((sign) => template?.includes(sign) === true),
		) ?? null
	);
}

/** Whether the prompt has begun the reasoning: some templates do, to make sure of it. */
export function isOpenedByPrompt(
	{ opens }: ReasoningStyle,
	promptEnd: string,
): boolean {
	const end = promptEnd.trimEnd();
	return opens.some((open) => end.endsWith(open));
}

/** Reads the reasoning that an answer begins with; one that never closes is reasoning to its end. */
export function* readReasoning(
	{ source, out }: Pick<CallReader, "source" | "out">,
	style: ReasoningStyle,
	isOpen: boolean,
): Reading {
	const space = yield* takeSpace(source);
	const open = yield* takeOneOf(source, style.opens);
	if (open === null && !isOpen) {
		out.text(space);
		return;
	}
	out.beginReasoning();
	const closer = yield* readUntil(source, style.closes, (text) =>
		out.reasoning(text),
	);
	if (closer !== null) out.endReasoning();
}
