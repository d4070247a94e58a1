import * as jinja from "@huggingface/jinja";

/**
 * The template package with the types of what is used here: its own declarations import each other without file
 * extensions and come to nothing under Node's module resolution.
 */

/** A value inside a running template. `value` is a string, number, boolean, list, `Map`, function, null or undefined. */
export interface RuntimeValue {
	/** E.g. `StringValue`, `ArrayValue`, `ObjectValue`, `NamespaceValue`, `FunctionValue`. */
	readonly type: string;
	readonly value: unknown;
	/** Methods by name. */
	readonly builtins?: ReadonlyMap<string, RuntimeValue>;
}

export type RuntimeCall = (
	args: readonly RuntimeValue[],
	scope: TemplateScope,
) => RuntimeValue;

/** Variables by name. */
export interface TemplateScope {
	/** Takes plain data and functions of plain data; throws when the name is taken. */
	set(name: string, value: unknown): void;
}

/** A node of the syntax tree, with the parts that are looked at here. */
export interface TemplateNode {
	readonly type: string;
	readonly value?: unknown;
	readonly operator?: { readonly value: string };
	readonly left?: TemplateNode;
	readonly right?: TemplateNode;
	readonly operand?: TemplateNode;
	readonly filter?: TemplateNode;
	readonly callee?: TemplateNode;
	readonly args?: readonly TemplateNode[];
	readonly key?: { readonly value: string };
	readonly object?: TemplateNode;
	readonly property?: TemplateNode;
	/** True for `object[property]`. */
	readonly computed?: boolean;
	readonly iterable?: TemplateNode;
	readonly loopvar?: TemplateNode;
	readonly lhs?: TemplateNode;
	readonly body?: readonly TemplateNode[];
}

interface TemplateInterpreter {
	run(program: TemplateNode): RuntimeValue;
	/** Evaluates a node, and through this same method all nodes below it. */
	evaluate(node: TemplateNode | undefined, scope: TemplateScope): RuntimeValue;
}

export const Interpreter: new (scope: TemplateScope) => TemplateInterpreter =
	jinja.Interpreter;

export const Environment: new () => TemplateScope = jinja.Environment;

/** Throws a SyntaxError. Blocks are stripped and trimmed as transformers does for chat templates. */
export function parseTemplate(source: string): TemplateNode {
	const tokens: unknown = jinja.tokenize(source, {
		lstrip_blocks: true,
		trim_blocks: true,
	});
	const parse: (tokens: unknown) => TemplateNode = jinja.parse;
	return parse(tokens);
}
