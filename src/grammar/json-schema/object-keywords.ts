import type { CompileContext } from "./compile-context.ts";
import { checkText, type Keywords } from "./keywords.ts";
import { everything, type Node, type SchemaAt } from "./node.ts";
import { count, mustBe } from "./scalar-keywords.ts";
import { isRecord } from "./schema-document.ts";
import { evaluatedProperties } from "./unevaluated.ts";
import {
	anyObject,
	everyValue,
	type ObjectPiece,
	onlyFor,
	type ValueSet,
} from "./value-set.ts";

export function objectSet(
	context: CompileContext,
	schema: SchemaAt,
	keywords: Keywords,
): ValueSet {
	let piece: ObjectPiece = anyObject;
	const properties = keywordMap(keywords, "properties", schema);
	const patterns = keywordMap(keywords, "patternProperties", schema);
	for (const key of properties) checkText(key, `${schema.pointer}/properties`);
	const names = new Map<string, Node>(
		properties.map((key) => [key, context.node(schema, "properties", key)]),
	);
	const matched = patterns.map((source) => ({
		keys: context.pattern(source, `${schema.pointer}/patternProperties`),
		node: context.node(schema, "patternProperties", source),
	}));
	const additional =
		"additionalProperties" in keywords
			? context.node(schema, "additionalProperties")
			: everything;
	if (names.size > 0 || matched.length > 0 || additional !== everything)
		piece = {
			...piece,
			atoms: [{ properties: names, patterns: matched, additional }],
		};
	if (
		"unevaluatedProperties" in keywords &&
		keywords.unevaluatedProperties !== true
	) {
		const seen = evaluatedProperties(context, schema, keywords);
		if (seen !== null)
			piece = {
				...piece,
				atoms: [
					...piece.atoms,
					{
						properties: new Map([...seen.keys].map((key) => [key, everything])),
						patterns: seen.patterns.map((source) => ({
							keys: context.pattern(source, schema.pointer),
							node: everything,
						})),
						additional: context.node(schema, "unevaluatedProperties"),
					},
				],
			};
	}
	// A boolean here is draft-03's; it means nothing since.
	if (Array.isArray(keywords.required)) {
		for (const key of keywords.required) {
			if (typeof key !== "string")
				throw mustBe(`${schema.pointer}/required`, "a list of names");
			checkText(key, `${schema.pointer}/required`);
		}
		if (keywords.required.length > 0)
			piece = { ...piece, required: [...new Set<string>(keywords.required)] };
	} else if (keywords.required !== undefined)
		throw mustBe(`${schema.pointer}/required`, "a list of names");
	if ("propertyNames" in keywords) {
		const node = context.node(schema, "propertyNames");
		if (node !== everything) piece = { ...piece, names: [node] };
	}
	const min = count(keywords, "minProperties", schema) ?? 0;
	const max = count(keywords, "maxProperties", schema);
	if (min > 0 || max !== null) piece = { ...piece, min, max };
	if (max !== null && min > max) return onlyFor("object", []);
	return piece === anyObject ? everyValue : onlyFor("object", [piece]);
}

function keywordMap(
	keywords: Keywords,
	name: string,
	schema: SchemaAt,
): string[] {
	const value = keywords[name];
	if (value === undefined) return [];
	if (!isRecord(value)) throw mustBe(`${schema.pointer}/${name}`, "an object");
	return Object.keys(value);
}
