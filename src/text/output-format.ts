import { randomBytes } from "node:crypto";
import { GalleyError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import type {
	OutputFormat,
	OutputParser,
	OutputParserOptions,
	ReasoningSyntax,
} from "../core/output-format.ts";
import { StreamingParser } from "./output-parser.ts";
import {
	detectReasoningStyle,
	findReasoningStyle,
	isOpenedByPrompt,
	type ReasoningStyle,
	reasoningParserNames,
} from "./reasoning/reasoning-styles.ts";
import {
	detectToolCallFamily,
	findToolCallFamily,
	type ToolCallFamily,
	toolCallParserNames,
} from "./tool-calls/tool-call-families.ts";

export interface OutputFormatOptions {
	/** The model's chat template, and the one for tools where it has two; null without any. */
	template: string | null;
	toolUseTemplate?: string | null | undefined;
	/** A name of `toolCallParserNames`; `auto` looks into the template. */
	toolCallParser?: string | undefined;
	/** A name of `reasoningParserNames`; `auto` looks into the template. */
	reasoningParser?: string | undefined;
	/** For tests; random otherwise. */
	createCallId?: (() => string) | undefined;
}

/** How the model of this template writes reasoning and calls. Throws `invalid_configuration` for a name nobody has. */
export function createOutputFormat(options: OutputFormatOptions): OutputFormat {
	const { toolCallParser = "auto", reasoningParser = "auto" } = options;
	const template = [options.template, options.toolUseTemplate]
		.filter((text) => typeof text === "string")
		.join("\n");
	const family = chooseFamily(toolCallParser, template);
	const style = chooseStyle(reasoningParser, template);
	return new TemplateOutputFormat(family, style, options.createCallId ?? null);
}

class TemplateOutputFormat implements OutputFormat {
	readonly toolCallParser: string;
	readonly reasoningParser: string;
	readonly markers: readonly string[];
	readonly #family: ToolCallFamily | null;
	readonly #style: ReasoningStyle | null;
	readonly #createCallId: () => string;

	constructor(
		family: ToolCallFamily | null,
		style: ReasoningStyle | null,
		createCallId: (() => string) | null,
	) {
		this.#family = family;
		this.#style = style;
		this.#createCallId =
			createCallId ?? (family?.callIdLength === 9 ? shortId : longId);
		this.toolCallParser = family?.names[0] ?? "none";
		this.reasoningParser = style?.names[0] ?? "none";
		this.markers = [
			...(family?.markers ?? []),
			...(style?.opens ?? []),
			...(style?.closes ?? []),
		];
	}

	get callSyntax() {
		return this.#family?.syntax ?? null;
	}

	createParser({
		toolNames,
		isTextParameter,
		promptEnd,
		separatesReasoning,
	}: OutputParserOptions): OutputParser | null {
		const style = separatesReasoning ? this.#style : null;
		const hasChannels = this.#family?.names.includes("harmony") === true;
		const readCalls =
			toolNames === null && !hasChannels ? null : (this.#family?.read ?? null);
		if (readCalls === null && style === null) return null;
		return new StreamingParser({
			readCalls,
			// Channels carry the reasoning too.
			reasoning:
				style === null || hasChannels
					? null
					: { style, isOpen: isOpenedByPrompt(style, promptEnd) },
			toolNames: toolNames === null ? null : new Set(toolNames),
			isTextParameter,
			separatesReasoning,
			createId: this.#createCallId,
		});
	}

	reasoningSyntax(promptEnd: string): ReasoningSyntax | null {
		const style = this.#style;
		const [open] = style?.opens ?? [];
		const [close] = style?.closes ?? [];
		if (style === null || open === undefined || close === undefined)
			return null;
		// The prompt has switched the reasoning off.
		if (promptEnd.trimEnd().endsWith(close)) return null;
		const isOpen = isOpenedByPrompt(style, promptEnd);
		const after = close === "<|end|>" ? "<|start|>assistant" : "\n\n";
		return { open, close, after, isOpen };
	}
}

function chooseFamily(name: string, template: string): ToolCallFamily | null {
	if (name === "none") return null;
	if (name === "auto") return detectToolCallFamily(template);
	return (
		findToolCallFamily(name) ?? fail("tool-call", name, toolCallParserNames)
	);
}

function chooseStyle(name: string, template: string): ReasoningStyle | null {
	if (name === "none") return null;
	if (name === "auto") return detectReasoningStyle(template);
	return (
		findReasoningStyle(name) ?? fail("reasoning", name, reasoningParserNames)
	);
}

function fail(kind: string, name: string, names: readonly string[]): never {
	const near = nearestName(name, names);
	const meant = near === null ? "" : ` Did you mean '${near}'?`;
	throw new GalleyError(
		"invalid_configuration",
		`There is no ${kind} parser '${name}'.${meant} Known: ${names.join(", ")}.`,
	);
}

const longId = () => `call_${randomBytes(12).toString("hex")}`;
const shortId = () => randomBytes(5).toString("hex").slice(0, 9);
