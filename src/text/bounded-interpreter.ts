import {
	Interpreter,
	type RuntimeCall,
	type RuntimeValue,
	type TemplateNode,
	type TemplateScope,
} from "./jinja.ts";
import { type TemplateBudget, TemplateLimitError } from "./template-budget.ts";
import { extremeOf, formatMethodOf, textForFilter } from "./template-gaps.ts";

/** Stands in the tree for a part that has been evaluated already. */
interface Evaluated extends TemplateNode {
	readonly type: "Evaluated";
	readonly result: RuntimeValue;
}

/** Filters that look at their operand in constant time. */
const freeFilters: ReadonlySet<string> = new Set([
	...["count", "default", "first", "last", "length", "list", "safe"],
]);

const mappingMethods: ReadonlySet<string> = new Set([
	...["get", "items", "keys", "values"],
]);

/**
 * A template interpreter that cannot run away. A template may come with a request, and runs in the process that serves
 * everybody: so all it does is paid for from a budget, by count and by size rather than by time, and the outcome is the
 * same on every machine. Operations whose cost or result can be far larger than one step (loops, filters, searches,
 * `replace`, `split`, `join`, `indent`, `tojson`) have their operands evaluated and weighed here before they run.
 */
export class BoundedInterpreter extends Interpreter {
	readonly #budget: TemplateBudget;

	constructor(scope: TemplateScope, budget: TemplateBudget) {
		super(scope);
		this.#budget = budget;
	}

	override evaluate(
		node: TemplateNode | undefined,
		scope: TemplateScope,
	): RuntimeValue {
		if (node === undefined) return super.evaluate(node, scope);
		if (isEvaluated(node)) return node.result;
		this.#budget.enter();
		try {
			return this.#evaluatePrepared(this.#prepare(node, scope), scope);
		} finally {
			this.#budget.leave();
		}
	}

	#evaluatePrepared(node: TemplateNode, scope: TemplateScope): RuntimeValue {
		const result =
			(isEvaluated(node) ? node.result : methodOf(node)) ??
			this.#formatMethodOf(node) ??
			super.evaluate(node, scope) ??
			// The package's filter `first` gives nothing at all for an empty list; evaluating no node gives Jinja's undefined.
			super.evaluate(undefined, scope);
		this.#budget.measure(result);
		// A name that is not found has been looked for in all scopes, and makes the package throw and catch.
		if (node.type === "Identifier" && result.type === "UndefinedValue")
			this.#budget.spend(10);
		return node.object !== undefined && result.type === "FunctionValue"
			? this.#guardMethod(node, result)
			: result;
	}

	#formatMethodOf({ object, ...node }: TemplateNode): RuntimeValue | undefined {
		if (object === undefined) return undefined;
		const { result } = object as Evaluated;
		const check = (count: number) => this.#budget.checkCharacters(count);
		return formatMethodOf(node, result, check) ?? undefined;
	}

	/** The node itself, or one like it whose operands have been evaluated and paid for. */
	#prepare(node: TemplateNode, scope: TemplateScope): TemplateNode {
		switch (node.type) {
			case "BinaryExpression":
				return this.#prepareBinary(node, scope);
			case "FilterExpression":
				return this.#prepareFilter(node, scope);
			case "FilterStatement": {
				const block = { type: "Program", body: node.body ?? [] };
				const expression = {
					...node,
					type: "FilterExpression",
					operand: block,
				};
				return this.#prepareFilter(expression, scope);
			}
			case "For":
				return this.#prepareFor(node, scope);
			case "MemberExpression":
				return this.#prepareMember(node, scope);
			case "Macro":
				this.#budget.spendOnMacro();
				return node;
			default:
				return node;
		}
	}

	#prepareBinary(node: TemplateNode, scope: TemplateScope): TemplateNode {
		const operator = node.operator?.value ?? "";
		// These two do not always evaluate their right side.
		if (operator === "and" || operator === "or") return node;
		const left = this.#evaluateNode(node.left, scope);
		const right = this.#evaluateNode(node.right, scope);
		const isConcatenation = operator === "+" || operator === "~";
		for (const { result } of [left, right]) {
			// Two strings are put together without copying them.
			if (isConcatenation && typeof result.value === "string") continue;
			this.#budget.spendOn(result);
		}
		const { value: needle } = left.result;
		const { value: haystack } = right.result;
		const isSearch = operator === "in" || operator === "not in";
		if (isSearch && typeof needle === "string" && typeof haystack === "string")
			this.#budget.spendOnSearch(needle, haystack);
		return { ...node, left, right };
	}

	#prepareFor(node: TemplateNode, scope: TemplateScope): TemplateNode {
		const select = node.iterable?.type === "SelectExpression";
		const source = select ? node.iterable?.lhs : node.iterable;
		const given = this.#evaluateNode(source, scope);
		// Jinja walks through what is undefined as through an empty list; the package fails.
		const evaluated =
			given.result.type === "UndefinedValue"
				? this.#toList([], scope)
				: node.loopvar?.type === "TupleLiteral"
					? this.#withLists(given, scope)
					: given;
		const { value } = evaluated.result;
		// Each time round takes as long as some ten steps, also when there is nothing to do.
		if (Array.isArray(value)) this.#budget.spend(10 * value.length);
		if (value instanceof Map) this.#budget.spend(10 * value.size);
		const iterable = select
			? { ...(node.iterable as TemplateNode), lhs: evaluated }
			: evaluated;
		return { ...node, iterable };
	}

	/** For loops that unpack: the package takes lists apart, not tuples. */
	#withLists(given: Evaluated, scope: TemplateScope): Evaluated {
		const { value } = given.result;
		const isTuple = ({ type }: RuntimeValue) => type === "TupleValue";
		if (!Array.isArray(value) || !value.some(isTuple)) return given;
		const items = value.map((item: RuntimeValue) =>
			isTuple(item)
				? this.#toList(item.value as readonly RuntimeValue[], scope).result
				: item,
		);
		return this.#toList(items, scope);
	}

	#toList(items: readonly RuntimeValue[], scope: TemplateScope): Evaluated {
		const value = items.map((result) => ({ type: "Evaluated", result }));
		return this.#evaluateNode({ type: "ArrayLiteral", value }, scope);
	}

	#prepareMember(node: TemplateNode, scope: TemplateScope): TemplateNode {
		const object = this.#evaluateNode(node.object, scope);
		if (node.property?.type === "SliceExpression") {
			// A string is taken apart into its characters.
			const { value } = object.result;
			if (typeof value === "string") this.#budget.spend(value.length >> 3);
			this.#budget.spendOn(object.result);
		}
		return { ...node, object };
	}

	#prepareFilter(node: TemplateNode, scope: TemplateScope): TemplateNode {
		const given = this.#evaluateNode(node.operand, scope);
		const filter = node.filter as TemplateNode;
		const name = String(filter.callee?.value ?? filter.value);
		if (!freeFilters.has(name)) this.#budget.spendOn(given.result);
		const extreme = extremeOf(name, given.result);
		if (extreme !== null)
			return { type: "Evaluated", result: extreme } as Evaluated;
		const text = textForFilter(name, given.result);
		const operand =
			text === null
				? given
				: this.#evaluateNode({ type: "StringLiteral", value: text }, scope);
		const prepared = { ...node, operand };
		const { value } = operand.result;
		if (name === "join" && typeof value === "string")
			this.#budget.checkElements(value.length);
		if (filter.args === undefined) return prepared;
		if (!["indent", "join", "replace", "tojson"].includes(name))
			return prepared;
		const args = filter.args.map((argument) =>
			this.#evaluateArgument(argument, name, scope),
		);
		this.#checkFilterResult(name, operand.result, args);
		return { ...prepared, filter: { ...filter, args } };
	}

	#evaluateArgument(
		argument: TemplateNode,
		filterName: string,
		scope: TemplateScope,
	): TemplateNode {
		if (argument.type.endsWith("SpreadExpression")) {
			throw new TemplateLimitError(
				`it unpacks the arguments of the filter ${filterName}, whose cost can't be told then`,
			);
		}
		return argument.type === "KeywordArgumentExpression"
			? {
					...argument,
					value: this.#evaluateNode(argument.value as TemplateNode, scope),
				}
			: this.#evaluateNode(argument, scope);
	}

	/** Before a filter runs whose result can be far longer than its operand. */
	#checkFilterResult(
		name: string,
		operand: RuntimeValue,
		args: readonly TemplateNode[],
	): void {
		const budget = this.#budget;
		const { size, depth } = budget.measure(operand);
		const text = typeof operand.value === "string" ? operand.value : "";
		const elements = Array.isArray(operand.value) ? operand.value.length : 0;
		const argument = (position: number, key: string): unknown =>
			argumentOf(args, position, key)?.value;
		if (name === "replace") {
			this.#checkReplace(text, argument(0, "old"), argument(1, "new"));
		} else if (name === "join") {
			const separator = argument(0, "separator");
			const length = typeof separator === "string" ? separator.length : 0;
			budget.checkCharacters(size + length * (elements + text.length));
		} else if (name === "indent") {
			const width = Number(argument(0, "width") ?? 4);
			budget.checkCharacters(size + width * (1 + countOf("\n", text)));
		} else {
			const indent = Number(argument(-1, "indent") ?? 0);
			budget.checkCharacters(size * (1 + indent * depth));
			const separators = argument(-1, "separators");
			for (const separator of Array.isArray(separators) ? separators : [])
				budget.checkCharacters(size * String(separator.value).length);
		}
	}

	#checkReplace(text: string, old: unknown, replacement: unknown): void {
		if (typeof old !== "string" || typeof replacement !== "string") return;
		this.#budget.spendOnSearch(old, text);
		const growth = replacement.length - old.length;
		if (growth > 0)
			this.#budget.checkCharacters(text.length + growth * countOf(old, text));
	}

	/** Methods are values: a template may keep one and call it as often as it likes. */
	#guardMethod(node: TemplateNode, method: RuntimeValue): RuntimeValue {
		const receiver = (node.object as Evaluated).result;
		const text = typeof receiver.value === "string" ? receiver.value : null;
		const FunctionValue = method.constructor as new (
			call: RuntimeCall,
		) => RuntimeValue;
		const call = method.value as RuntimeCall;
		// By identity: the name may have been computed.
		const isReplace = receiver.builtins?.get("replace") === method;
		const isSplit = receiver.builtins?.get("split") === method;
		return new FunctionValue((args, scope) => {
			this.#budget.spendOn(receiver);
			const first = args[0]?.value;
			if (text !== null && isReplace)
				this.#checkReplace(text, first, args[1]?.value);
			if (text !== null && isSplit) this.#checkSplit(text, first);
			return call(args, scope);
		});
	}

	#checkSplit(text: string, separator: unknown): void {
		if (typeof separator === "string")
			this.#budget.spendOnSearch(separator, text);
		if (text.length <= this.#budget.limits.maxElements) return;
		if (typeof separator === "string" && separator !== "")
			this.#budget.checkElements(countOf(separator, text));
		else this.#budget.checkElements(text.length / 2);
	}

	#evaluateNode(
		node: TemplateNode | undefined,
		scope: TemplateScope,
	): Evaluated {
		const result = this.evaluate(node, scope);
		return { type: "Evaluated", result };
	}
}

/**
 * In Jinja a mapping's methods come before its keys: `schema.items()` works on a JSON schema that has a key `items`, which
 * `schema["items"]` reads. The package looks for keys first.
 */
function methodOf({
	object,
	property,
	computed,
}: TemplateNode): RuntimeValue | undefined {
	if (object === undefined || computed === true) return undefined;
	const { result } = object as Evaluated;
	const name = String(property?.value);
	return result.type === "ObjectValue" && mappingMethods.has(name)
		? result.builtins?.get(name)
		: undefined;
}

function isEvaluated(node: TemplateNode): node is Evaluated {
	return node.type === "Evaluated";
}

function argumentOf(
	args: readonly TemplateNode[],
	position: number,
	key: string,
): RuntimeValue | undefined {
	const keyword = args.find((argument) => argument.key?.value === key);
	const positional = args.filter((argument) => argument.key === undefined);
	const node = keyword?.value ?? positional[position];
	return (node as Evaluated | undefined)?.result;
}

/** How often `needle` is found without overlap; an empty one stands before and after each unit. */
function countOf(needle: string, text: string): number {
	if (needle === "") return text.length + 1;
	let count = 0;
	for (
		let index = text.indexOf(needle);
		index !== -1;
		index = text.indexOf(needle, index + needle.length)
	)
		count++;
	return count;
}
