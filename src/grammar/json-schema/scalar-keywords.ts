import { GrammarError } from "../grammar-error.ts";
import type { Automaton } from "../regular/automaton.ts";
import type { CompileContext } from "./compile-context.ts";
import { formats } from "./formats.ts";
import type { Keywords } from "./keywords.ts";
import type { SchemaAt } from "./node.ts";
import { anyString, everyValue, onlyFor, type ValueSet } from "./value-set.ts";

export function numberSet(
	context: CompileContext,
	schema: SchemaAt,
	keywords: Keywords,
): ValueSet {
	const { numbers, budget } = context;
	const parts: (() => Automaton)[] = [];
	const number = (name: string): number | undefined => {
		const value = keywords[name];
		if (value === undefined || typeof value === "number") return value;
		throw mustBe(`${schema.pointer}/${name}`, "a number");
	};
	const bound = (
		name: "minimum" | "maximum",
		exclusiveName: "exclusiveMinimum" | "exclusiveMaximum",
		side: (value: number) => Automaton,
	) => {
		const inclusive = number(name);
		// In draft-04 `exclusiveMinimum: true` says that `minimum` is exclusive.
		const isOldStyle = typeof keywords[exclusiveName] === "boolean";
		const exclusive = isOldStyle
			? keywords[exclusiveName] === true
				? inclusive
				: undefined
			: number(exclusiveName);
		if (inclusive !== undefined) parts.push(() => side(inclusive));
		if (exclusive !== undefined)
			parts.push(() =>
				side(exclusive).difference(numbers.value(exclusive), budget),
			);
	};
	bound("minimum", "exclusiveMinimum", (value) => numbers.atLeast(value));
	bound("maximum", "exclusiveMaximum", (value) => numbers.atMost(value));
	const divisor = number("multipleOf");
	if (divisor !== undefined) {
		const path = `${schema.pointer}/multipleOf`;
		if (divisor <= 0) throw mustBe(path, "a number above 0");
		const multiples = numbers.multipleOf(divisor);
		if (multiples === null)
			throw new GrammarError(
				"unsupported",
				`multipleOf ${divisor} at ${path} has too many digits to be enforced. Use a divisor below some thousands, such as 0.01 or 250.`,
				{ path },
			);
		parts.push(() => multiples);
	}
	const [first, ...rest] = parts;
	if (first === undefined) return everyValue;
	const automaton = numbers.bounds(JSON.stringify(numeric(keywords)), () => {
		let both = first();
		for (const part of rest) both = both.intersect(part(), budget);
		return both;
	});
	return onlyFor(
		"number",
		automaton.isEmpty ? [] : [{ type: "number", automaton }],
	);
}

function numeric(keywords: Keywords): unknown[] {
	return [
		keywords.minimum,
		keywords.maximum,
		keywords.exclusiveMinimum,
		keywords.exclusiveMaximum,
		keywords.multipleOf,
	];
}

export function stringSet(
	context: CompileContext,
	schema: SchemaAt,
	keywords: Keywords,
): ValueSet {
	let set: ValueSet = everyValue;
	const also = (other: ValueSet) => {
		set = context.algebra.intersect(set, other, schema.pointer);
	};
	if ("pattern" in keywords) {
		const automaton = context.pattern(
			keywords.pattern,
			`${schema.pointer}/pattern`,
		);
		also(
			onlyFor("string", automaton.isEmpty ? [] : [{ ...anyString, automaton }]),
		);
	}
	const { format } = keywords;
	if (typeof format === "string" && Object.hasOwn(formats, format)) {
		const path = `${schema.pointer}/format`;
		const { pattern, isExact } = formats[format] as (typeof formats)[string];
		const automaton = context.pattern(pattern, path, true);
		const inexactAt = isExact ? null : path;
		also(onlyFor("string", [{ ...anyString, automaton, inexactAt }]));
	} else if (
		format !== undefined &&
		context.isStrict &&
		typeof keywords.type === "string" &&
		keywords.type === "string"
	) {
		const path = `${schema.pointer}/format`;
		throw new GrammarError(
			"unsupported",
			`The format ${JSON.stringify(format)} at ${path} cannot be enforced. Write it as a pattern, or leave it out; enforced are ${Object.keys(formats).join(", ")}.`,
			{ path },
		);
	}
	if ("minLength" in keywords || "maxLength" in keywords) {
		const min = count(keywords, "minLength", schema) ?? 0;
		const max = count(keywords, "maxLength", schema);
		const fits = max === null || min <= max;
		also(onlyFor("string", fits ? [{ ...anyString, min, max }] : []));
	}
	return set;
}

export function count(
	keywords: Keywords,
	name: string,
	schema: SchemaAt,
): number | null {
	const value = keywords[name];
	if (value === undefined) return null;
	if (typeof value !== "number" || !Number.isInteger(value) || value < 0)
		throw mustBe(`${schema.pointer}/${name}`, "a whole number, 0 or more");
	return value;
}

export const mustBe = (path: string, what: string) =>
	new GrammarError("invalid", `The value at ${path} has to be ${what}.`, {
		path,
	});
