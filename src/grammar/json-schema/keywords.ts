import { GrammarError } from "../grammar-error.ts";
import { Automaton } from "../regular/automaton.ts";
import { arraySet } from "./array-keywords.ts";
import type { CompileContext } from "./compile-context.ts";
import { checkKeywords } from "./known-keywords.ts";
import type { SchemaAt } from "./node.ts";
import { objectSet } from "./object-keywords.ts";
import { numberSet, stringSet } from "./scalar-keywords.ts";
import { isRecord, pointerPart } from "./schema-document.ts";
import { everyValue, type ValueSet } from "./value-set.ts";

export type Keywords = Readonly<Record<string, unknown>>;

/** The values that satisfy every keyword of one schema. */
export function keywordSets(
	context: CompileContext,
	schema: SchemaAt,
	keywords: Keywords,
): ValueSet {
	const { algebra, document } = context;
	checkKeywords(keywords, schema.pointer, context.isStrict);
	let set: ValueSet = everyValue;
	const also = (other: ValueSet, keyword: string) => {
		set = algebra.intersect(set, other, `${schema.pointer}/${keyword}`);
	};
	const child = (...path: (string | number)[]) =>
		context.setOf(document.child(schema, ...path));
	if ("$ref" in keywords) {
		const at = `${schema.pointer}/$ref`;
		also(context.setOf(document.resolve(keywords.$ref, schema, at)), "$ref");
		if (document.isRefAlone) return set;
	}
	if ("type" in keywords)
		also(typeSet(context, keywords, `${schema.pointer}/type`), "type");
	if ("const" in keywords)
		also(valueSet(context, keywords.const, schema, "const"), "const");
	if ("enum" in keywords) also(enumSet(context, keywords.enum, schema), "enum");
	also(numberSet(context, schema, keywords), "minimum");
	also(stringSet(context, schema, keywords), "pattern");
	also(objectSet(context, schema, keywords), "properties");
	also(arraySet(context, schema, keywords), "items");
	for (const index of branches(keywords, "allOf", schema))
		also(child("allOf", index), "allOf");
	if ("not" in keywords) {
		const path = `${schema.pointer}/not`;
		also(algebra.complement(child("not"), path), "not");
	}
	if ("if" in keywords && ("then" in keywords || "else" in keywords)) {
		const path = `${schema.pointer}/if`;
		const condition = child("if");
		const yes = "then" in keywords ? child("then") : everyValue;
		const no = "else" in keywords ? child("else") : everyValue;
		also(
			[
				...algebra.intersect(condition, yes, path),
				...algebra.intersect(algebra.complement(condition, path), no, path),
			],
			"if",
		);
	}
	set = dependents(context, schema, keywords, set);
	if ("anyOf" in keywords)
		also(
			joined(
				branches(keywords, "anyOf", schema).map((index) =>
					child("anyOf", index),
				),
			),
			"anyOf",
		);
	if ("oneOf" in keywords) {
		const sets = branches(keywords, "oneOf", schema).map((index) =>
			context.withoutImpossible(
				algebra.intersect(
					set,
					child("oneOf", index),
					`${schema.pointer}/oneOf/${index}`,
				),
			),
		);
		set = joined(
			sets.map((own, index) => {
				let exactlyThis = own;
				for (const [other, others] of sets.entries()) {
					const path = `${schema.pointer}/oneOf/${other}`;
					if (other === index || context.isDisjoint(exactlyThis, others, path))
						continue;
					exactlyThis = context.withoutImpossible(
						algebra.intersect(
							exactlyThis,
							algebra.complement(others, path),
							path,
						),
					);
				}
				return exactlyThis;
			}),
		);
	}
	return set;
}

/** A union, in which a type without any condition makes its other cases superfluous. */
function joined(sets: readonly ValueSet[]): ValueSet {
	const pieces = [...new Set(sets.flat())];
	const whole = new Set(
		pieces
			.filter((piece) => everyValue.includes(piece))
			.map(({ type }) => type),
	);
	const seen = new Set<string>();
	return pieces.filter((piece) => {
		if (!whole.has(piece.type)) return true;
		const isFirst =
			everyValue.includes(piece) ||
			piece.type === "null" ||
			piece.type === "true" ||
			piece.type === "false";
		if (!isFirst || seen.has(piece.type)) return false;
		seen.add(piece.type);
		return true;
	});
}

function branches(
	keywords: Keywords,
	name: string,
	schema: SchemaAt,
): number[] {
	const list = keywords[name];
	if (list === undefined) return [];
	if (!Array.isArray(list) || list.length === 0)
		throw new GrammarError(
			"invalid",
			`${name} at ${schema.pointer || "the root"} has to be a list of at least one schema.`,
			{ path: `${schema.pointer}/${name}` },
		);
	return list.map((_, index) => index);
}

function typeSet(
	context: CompileContext,
	keywords: Keywords,
	path: string,
): ValueSet {
	const names = Array.isArray(keywords.type) ? keywords.type : [keywords.type];
	const types = keywords.nullable === true ? [...names, "null"] : names;
	return [...new Set(types)].flatMap((name): ValueSet => {
		if (name === "boolean")
			return everyValue.filter(
				({ type }) => type === "true" || type === "false",
			);
		if (name === "integer") {
			if (types.includes("number")) return [];
			return [{ type: "number", automaton: context.numbers.integers }];
		}
		const pieces = everyValue.filter(({ type }) => type === name);
		if (pieces.length === 0 || name === "true" || name === "false")
			throw new GrammarError(
				"invalid",
				`${JSON.stringify(name)} at ${path} is no type. Types are null, boolean, integer, number, string, array and object.`,
				{ path },
			);
		return pieces;
	});
}

function enumSet(
	context: CompileContext,
	values: unknown,
	schema: SchemaAt,
): ValueSet {
	const path = `${schema.pointer}/enum`;
	if (!Array.isArray(values))
		throw new GrammarError(
			"invalid",
			`enum at ${path} has to be a list of values.`,
			{ path },
		);
	const texts = values.filter((value) => typeof value === "string");
	const numbers = values.filter((value) => typeof value === "number");
	const others = values.filter(
		(value) => typeof value !== "string" && typeof value !== "number",
	);
	const set: ValueSet[number][] = [];
	if (texts.length > 0) {
		for (const text of texts) checkText(text, path);
		set.push({
			type: "string",
			automaton: context.texts(texts),
			min: 0,
			max: null,
			inexactAt: null,
		});
	}
	if (numbers.length > 0)
		set.push({
			type: "number",
			automaton: Automaton.unionOf(
				numbers.map((value) => context.numbers.value(value)),
				context.budget,
			),
		});
	for (const [index, value] of others.entries())
		set.push(...valueSet(context, value, schema, `enum/${index}`));
	return joined([set]);
}

/** Exactly one value. */
function valueSet(
	context: CompileContext,
	value: unknown,
	schema: SchemaAt,
	name: string,
): ValueSet {
	const pointer = `${schema.pointer}/${name}`;
	if (value === null) return everyValue.filter(({ type }) => type === "null");
	if (typeof value === "boolean")
		return everyValue.filter(({ type }) => type === String(value));
	if (typeof value === "number")
		return [{ type: "number", automaton: context.numbers.value(value) }];
	if (typeof value === "string") {
		checkText(value, pointer);
		return [
			{
				type: "string",
				automaton: context.texts([value]),
				min: 0,
				max: null,
				inexactAt: null,
			},
		];
	}
	// A list or an object is written as the schema that only it satisfies.
	const exactly = Array.isArray(value)
		? {
				type: "array",
				...(value.length > 0 && {
					prefixItems: value.map((item) => ({ const: item })),
				}),
				items: false,
				minItems: value.length,
			}
		: {
				type: "object",
				properties: Object.fromEntries(
					Object.entries(value as object).map(([key, item]) => [
						key,
						{ const: item },
					]),
				),
				required: Object.keys(value as object),
				additionalProperties: false,
			};
	return context.setOf(
		context.document.at(exactly, `${pointer}#`, schema.base),
	);
}

export function checkText(text: string, path: string): void {
	if (!text.isWellFormed())
		throw new GrammarError(
			"unsupported",
			`The text at ${path} has half a surrogate pair, which no UTF-8 text can have. Take it out.`,
			{ path },
		);
}

/** `dependentRequired`, `dependentSchemas` and draft-07's `dependencies`: without the property, or with it and more. */
function dependents(
	context: CompileContext,
	schema: SchemaAt,
	keywords: Keywords,
	from: ValueSet,
): ValueSet {
	const { algebra, document } = context;
	let set = from;
	for (const name of [
		"dependentRequired",
		"dependentSchemas",
		"dependencies",
	]) {
		const map = keywords[name];
		if (map === undefined) continue;
		const path = `${schema.pointer}/${name}`;
		if (!isRecord(map))
			throw new GrammarError(
				"invalid",
				`${name} at ${path} has to be an object.`,
				{ path },
			);
		for (const [key, needs] of Object.entries(map)) {
			const at = path + pointerPart(key);
			const isList = Array.isArray(needs);
			const then = isList
				? context.setOf(document.at({ required: needs }, `${at}#`, schema.base))
				: context.setOf(document.child(schema, name, key));
			const without = context.setOf(
				document.at(
					{ properties: { [key]: false } },
					`${at}#without`,
					schema.base,
				),
			);
			const withIt = context.setOf(
				document.at(
					{ type: "object", required: [key] },
					`${at}#with`,
					schema.base,
				),
			);
			set = algebra.intersect(
				set,
				[...without, ...algebra.intersect(withIt, then, at)],
				at,
			);
		}
	}
	return set;
}
