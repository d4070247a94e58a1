import type { RuntimeCall, RuntimeValue, TemplateNode } from "./jinja.ts";

/** What Jinja has and the template package lacks, as far as chat templates use it. */

/** These make a text of what is undefined, an empty one; the package fails. */
const textFilters: ReadonlySet<string> = new Set([
	...["capitalize", "indent", "lower", "replace", "string", "title"],
	...["trim", "upper"],
]);

/** The text that a filter is to see in the operand's place; null where it can have the operand itself. */
export function textForFilter(
	name: string,
	operand: RuntimeValue,
): string | null {
	if (operand.type === "UndefinedValue")
		return textFilters.has(name) ? "" : null;
	const isCollection =
		operand.value instanceof Map || Array.isArray(operand.value);
	return name === "string" && isCollection ? toPythonText(operand) : null;
}

/** As Python writes a value: `{'a': [1, True, None]}`. */
function toPythonText({ type, value }: RuntimeValue): string {
	if (value instanceof Map) {
		const entries = [...(value as ReadonlyMap<string, RuntimeValue>)].map(
			([key, item]) => `${quote(key)}: ${toPythonText(item)}`,
		);
		return `{${entries.join(", ")}}`;
	}
	if (Array.isArray(value)) {
		const items = (value as readonly RuntimeValue[]).map(toPythonText);
		return `[${items.join(", ")}]`;
	}
	if (typeof value === "string") return quote(value);
	if (typeof value === "boolean") return value ? "True" : "False";
	if (value === null || value === undefined) return "None";
	const isWholeFloat = type === "FloatValue" && Number.isInteger(value);
	return isWholeFloat ? `${String(value)}.0` : String(value);
}

const controlCharacters: Readonly<Record<string, string>> = {
	"\\": "\\\\",
	"\n": "\\n",
	"\r": "\\r",
	"\t": "\\t",
};

function quote(text: string): string {
	const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
	const escaped = text.replaceAll(
		/[\\\p{Cc}]/gu,
		(character) =>
			controlCharacters[character] ??
			`\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
	);
	return (
		mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark
	);
}

/** The filters `min` and `max` of a list of numbers or of texts; null when they are not asked for. */
export function extremeOf(
	name: string,
	{ value }: RuntimeValue,
): RuntimeValue | null {
	if ((name !== "min" && name !== "max") || !Array.isArray(value)) return null;
	const items: readonly RuntimeValue[] = value;
	const [first] = items;
	if (first === undefined) return null;
	const kind = typeof first.value;
	if (
		(kind !== "number" && kind !== "string") ||
		items.some((item) => typeof item.value !== kind)
	)
		throw new Error(`Cannot find the ${name} of values that have no order`);
	return items.reduce((best, item) => {
		const [left, right] = name === "min" ? [item, best] : [best, item];
		return (left.value as number) < (right.value as number) ? item : best;
	}, first);
}

/** Python's `"a {} b".format(x)`, with fields that are empty or numbered; null for any other member. */
export function formatMethodOf(
	{ property, computed }: TemplateNode,
	receiver: RuntimeValue,
	checkCharacters: (count: number) => void,
): RuntimeValue | null {
	const { value: pattern } = receiver;
	if (typeof pattern !== "string" || computed === true) return null;
	if (property?.value !== "format") return null;
	const FunctionValue = receiver.builtins?.get("replace")?.constructor as
		| (new (
				call: RuntimeCall,
		  ) => RuntimeValue)
		| undefined;
	if (FunctionValue === undefined) return null;
	const StringValue = receiver.constructor as new (
		text: string,
	) => RuntimeValue;
	return new FunctionValue(
		(args) =>
			new StringValue(format(pattern, args.map(String), checkCharacters)),
	);
}

function format(
	pattern: string,
	args: readonly string[],
	checkCharacters: (count: number) => void,
): string {
	let next = 0;
	let length = pattern.length;
	return pattern.replaceAll(
		/\{\{|\}\}|\{([^{}]*)\}/g,
		(found, field?: string) => {
			if (field === undefined) return found.charAt(0);
			const text = args[field === "" ? next++ : Number(field)];
			if (text === undefined)
				throw new Error(`format() has no argument for the field ${found}`);
			length += text.length;
			checkCharacters(length);
			return text;
		},
	);
}
