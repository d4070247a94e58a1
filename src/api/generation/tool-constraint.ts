import { GalleyError } from "../../core/errors.ts";
import type {
	OutputConstraint,
	SchemaRule,
} from "../../core/output-constraint.ts";
import type {
	CallSyntax,
	OutputFormat,
	ReasoningSyntax,
} from "../../core/output-format.ts";
import type { Expression } from "../../grammar/grammar.ts";
import {
	choice,
	regular,
	repeat,
	rule,
	sequence,
	text,
} from "../../grammar/json.ts";
import { Automaton } from "../../grammar/regular/automaton.ts";
import { parseRegex } from "../../grammar/regular/regex.ts";
import type { DeclaredTool, ToolUse } from "./tool-fields.ts";

/** Beyond these, a model that is forced to call only repeats itself. */
const maxForcedCalls = 32;

export interface ToolConstraintOptions {
	use: ToolUse;
	format: OutputFormat;
	/** What `response_format` and its relatives ask of the content. */
	content: OutputConstraint | null;
	promptEnd: string;
	/** Reasoning may come first; false where the client wants it left in the text. */
	mayReason: boolean;
}

/**
 * What tools ask of the output:
 *
 * | calls | content's format | constraint |
 * |---|---|---|
 * | required or named | any; calls win | the calls, after the reasoning if the model reasons |
 * | auto | JSON | the calls, or that JSON |
 * | auto, some tool strict | free | text is free until a call begins |
 * | auto | free | none |
 */
export function toToolConstraint(
	options: ToolConstraintOptions,
): OutputConstraint | null {
	const { use, format, content, promptEnd, mayReason } = options;
	const syntax = format.callSyntax;
	if (syntax === null) throw callsNotRead();
	const reasoning = mayReason ? format.reasoningSyntax(promptEnd) : null;
	if (use.mode === "required") {
		const { expression, schemas } = toCalls(syntax, use, () => true);
		return toConstraint(afterReasoning(reasoning, expression), schemas, null);
	}
	const { expression, schemas } = toCalls(
		syntax,
		use,
		({ isStrict }) => isStrict,
	);
	if (content !== null) {
		const answer = toContentRule(content);
		return toConstraint(
			afterReasoning(reasoning, choice(expression, rule("content"))),
			{ ...schemas, content: answer },
			null,
		);
	}
	if (!use.callable.some(({ isStrict }) => isStrict)) return null;
	if (syntax.trigger !== "") {
		const { expression: rest } = toCalls(
			behindTrigger(syntax),
			use,
			({ isStrict }) => isStrict,
		);
		return toConstraint(rest, schemas, [syntax.trigger]);
	}
	// Calls have no mark of their own: an answer that begins like one is one.
	const answer = regular(
		parseRegex("(\\s*[^\\s{\\[][\\s\\S]*)?", { anchored: true }),
	);
	return toConstraint(
		afterReasoning(reasoning, choice(expression, answer)),
		schemas,
		null,
	);
}

/**
 * A format of the content, for a model that reasons first: the reasoning is free. Formats that are no JSON hold from the
 * first token on.
 */
export function withFreeReasoning(
	content: OutputConstraint | null,
	format: OutputFormat,
	promptEnd: string,
): OutputConstraint | null {
	const isJson =
		content?.kind === "json-schema" || content?.kind === "json-object";
	const reasoning = isJson ? format.reasoningSyntax(promptEnd) : null;
	if (content === null || reasoning === null) return content;
	return {
		...toConstraint(
			afterReasoning(reasoning, rule("content")),
			{ content: toContentRule(content) },
			null,
		),
		...(content.field === undefined ? {} : { field: content.field }),
	};
}

function toConstraint(
	start: Expression,
	schemas: Record<string, SchemaRule>,
	trigger: readonly string[] | null,
): OutputConstraint {
	return {
		kind: "grammar-ir",
		grammar: { rules: { output: start }, start: "output" },
		schemas,
		trigger,
		field: "tools",
	};
}

function toCalls(
	syntax: CallSyntax,
	{ callable, isParallel }: ToolUse,
	isEnforced: (tool: DeclaredTool) => boolean,
): { expression: Expression; schemas: Record<string, SchemaRule> } {
	const { open, before, between, after, separator, close } = syntax;
	const schemas: Record<string, SchemaRule> = {};
	const calls = callable.map((declared, index) => {
		const { name, parameters } = declared.tool.function;
		const key = `arguments-${index}`;
		schemas[key] = {
			schema: isEnforced(declared) ? toSchema(parameters) : { type: "object" },
			...(declared.isStrict && { isStrict: true }),
			field: declared.field,
		};
		return sequence(text(before + name + between), rule(key), text(after));
	});
	const call = choice(...calls);
	const more = repeat(sequence(text(separator), call), 0, maxForcedCalls - 1);
	const list =
		isParallel && syntax.isParallel ? sequence(call, more) : sequence(call);
	return { expression: sequence(text(open), list, text(close)), schemas };
}

/** A function without parameters takes an empty object; arguments are an object in any case. */
function toSchema(parameters: Record<string, unknown> | undefined): unknown {
	if (parameters === undefined)
		return { type: "object", properties: {}, additionalProperties: false };
	return "type" in parameters ? parameters : { ...parameters, type: "object" };
}

/** The grammar goes on where the text that switched it on ends. With each call behind a mark of its own it holds one call. */
function behindTrigger(syntax: CallSyntax): CallSyntax {
	const { open, before, trigger } = syntax;
	if (open.startsWith(trigger))
		return { ...syntax, open: open.slice(trigger.length) };
	return {
		...syntax,
		before: before.slice(trigger.length),
		isParallel: false,
	};
}

function afterReasoning(
	reasoning: ReasoningSyntax | null,
	expression: Expression,
): Expression {
	if (reasoning === null) return expression;
	const { open, close, after, isOpen } = reasoning;
	const thought = Automaton.any
		.concat(Automaton.ofText(close))
		.concat(Automaton.any)
		.complement();
	const body = sequence(regular(thought), text(close), text(after));
	const prefix = isOpen ? body : choice(text(""), sequence(text(open), body));
	return sequence(prefix, expression);
}

function toContentRule(content: OutputConstraint): SchemaRule {
	if (content.kind === "json-schema")
		return {
			schema: content.schema,
			...(content.isStrict && { isStrict: true }),
			field: content.field ?? "response_format.json_schema.schema",
		};
	if (content.kind === "json-object")
		return {
			schema: { type: "object" },
			field: content.field ?? "response_format",
		};
	throw new GalleyError(
		"unsupported_parameter",
		`'${content.field ?? "guided decoding"}' can't be combined with 'tools': send a JSON 'response_format', leave 'tools' out, or send 'tool_choice': 'none'.`,
		{ param: content.field },
	);
}

function callsNotRead(): GalleyError {
	return new GalleyError(
		"unsupported_parameter",
		"This server reads no tool calls: leave 'tools' out, or ask the operator to start it with another --tool-call-parser than none.",
		{ param: "tools" },
	);
}
