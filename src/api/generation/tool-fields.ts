import { z } from "zod";
import type { ChatTool } from "../../core/chat-message.ts";
import { GalleyError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest-name.ts";
import { sequenceOf } from "./sequence-of.ts";

const maxTools = 1024;

const functionName = z
	.string()
	.min(1)
	.max(128)
	.regex(/^[\w.-]+$/, {
		message:
			"A function's name may have letters, digits, '_', '-' and '.' only.",
	});

const declaredFunction = z.strictObject({
	name: functionName,
	description: z.string().nullish(),
	parameters: z.record(z.string(), z.unknown()).nullish(),
	strict: z.boolean().nullish(),
});

const customTool = z.looseObject({
	type: z.literal("custom").superRefine((_value, context) => {
		context.addIssue({
			code: "custom",
			message:
				"Tools of type 'custom' are not supported: declare a function with one string parameter.",
			params: { code: "unsupported_parameter" },
		});
	}),
});

const tool = z.discriminatedUnion("type", [
	z.strictObject({ type: z.literal("function"), function: declaredFunction }),
	customTool,
]);

const functionReference = z.strictObject({
	type: z.literal("function"),
	function: z.strictObject({ name: z.string().min(1) }),
});

const toolChoice = z.union([
	z.enum(["none", "auto", "required"]),
	z.discriminatedUnion("type", [
		functionReference,
		z.strictObject({
			type: z.literal("allowed_tools"),
			allowed_tools: z.strictObject({
				mode: z.enum(["auto", "required"]),
				tools: sequenceOf(functionReference, { min: 1, max: maxTools }),
			}),
		}),
	]),
]);

/** What a chat completion may call. */
export const toolFields = {
	tools: sequenceOf(tool, { min: 0, max: maxTools })
		.nullish()
		.describe(
			"Functions the model may call. With 'strict': true the arguments of a call always match 'parameters'.",
		),
	tool_choice: toolChoice
		.nullish()
		.describe(
			"'none' calls nothing, 'auto' leaves it to the model, 'required' and a named function force a call whose arguments match 'parameters'.",
		),
	parallel_tool_calls: z
		.boolean()
		.nullish()
		.describe("False: one call at most in an answer. Default: true."),
	functions: sequenceOf(declaredFunction, { min: 0, max: maxTools })
		.nullish()
		.describe("The older form of 'tools'."),
	function_call: z
		.union([
			z.enum(["none", "auto"]),
			z.strictObject({ name: z.string().min(1) }),
		])
		.nullish()
		.describe("The older form of 'tool_choice'."),
};

export type ToolFields = z.output<z.ZodObject<typeof toolFields>>;

export interface DeclaredTool {
	tool: ChatTool;
	isStrict: boolean;
	/** The request field of its schema: `tools[0].function.parameters`. */
	field: string;
}

/** The tools of a request, in one form. */
export interface ToolUse {
	/** What the model is shown. */
	tools: readonly DeclaredTool[];
	/** `required`: a call must come, of one of `callable`. */
	mode: "auto" | "required";
	/** Of the tools, those that may be called. */
	callable: readonly DeclaredTool[];
	isParallel: boolean;
	/** The client speaks of `function_call`. */
	isLegacy: boolean;
}

/** Null when nothing may be called. */
export function toToolUse(fields: ToolFields): ToolUse | null {
	const isLegacy = (fields.functions?.length ?? 0) > 0;
	if (isLegacy && (fields.tools?.length ?? 0) > 0)
		throw wrong(
			"'functions' is the older form of 'tools': send only one of them.",
			"functions",
		);
	const tools = isLegacy ? fromFunctions(fields) : fromTools(fields);
	requireDistinct(tools, isLegacy ? "functions" : "tools");
	const choice = isLegacy ? fromFunctionCall(fields) : fields.tool_choice;
	const param = isLegacy ? "function_call" : "tool_choice";
	if (choice === "none") return null;
	if (tools.length === 0) {
		if (choice === undefined || choice === null || choice === "auto")
			return null;
		throw wrong(`'${param}' asks for a call, but there are no 'tools'.`, param);
	}
	const isParallel = !isLegacy && fields.parallel_tool_calls !== false;
	const use = { tools, callable: tools, isParallel, isLegacy };
	if (typeof choice !== "object" || choice === null)
		return { ...use, mode: choice ?? "auto" };
	if (choice.type === "allowed_tools") {
		const allowed = choice as Extract<
			ToolFields["tool_choice"],
			{ type: "allowed_tools" }
		>;
		const { mode, tools: references } = allowed.allowed_tools;
		const callable = references.map(({ function: { name } }) =>
			find(tools, name, "tool_choice"),
		);
		return { ...use, tools: callable, callable, mode };
	}
	const { name } = (choice as z.output<typeof functionReference>).function;
	return {
		...use,
		callable: [find(tools, name, param)],
		isParallel: false,
		mode: "required",
	};
}

function fromTools({ tools }: ToolFields): DeclaredTool[] {
	return (tools ?? []).map((one, index) =>
		toDeclared(
			(one as { function: z.output<typeof declaredFunction> }).function,
			`tools[${index}].function.parameters`,
		),
	);
}

function fromFunctions({ functions }: ToolFields): DeclaredTool[] {
	return (functions ?? []).map((one, index) =>
		toDeclared(one, `functions[${index}].parameters`),
	);
}

function fromFunctionCall({
	function_call: choice,
}: ToolFields): ToolFields["tool_choice"] {
	if (typeof choice !== "object" || choice === null) return choice;
	return { type: "function", function: { name: choice.name } };
}

function toDeclared(
	{ name, description, parameters, strict }: z.output<typeof declaredFunction>,
	field: string,
): DeclaredTool {
	const tool: ChatTool = {
		type: "function",
		function: {
			name,
			description: description ?? undefined,
			parameters: parameters ?? undefined,
		},
	};
	return { tool, isStrict: strict === true, field };
}

function requireDistinct(tools: readonly DeclaredTool[], field: string): void {
	const names = new Set<string>();
	for (const [index, { tool: one }] of tools.entries()) {
		const { name } = one.function;
		if (names.has(name))
			throw wrong(
				`There are two functions named '${name}': give each its own name.`,
				`${field}[${index}]`,
			);
		names.add(name);
	}
}

function find(
	tools: readonly DeclaredTool[],
	name: string,
	param: string,
): DeclaredTool {
	const found = tools.find((one) => one.tool.function.name === name);
	if (found !== undefined) return found;
	const near = nearestName(
		name,
		tools.map((one) => one.tool.function.name),
	);
	const meant = near === null ? "" : ` Did you mean '${near}'?`;
	throw wrong(
		`'${param}' names the function '${name.slice(0, 100)}', which is not among 'tools'.${meant}`,
		param,
	);
}

function wrong(message: string, param: string): GalleyError {
	return new GalleyError("invalid_request", message, { param });
}
