import { GrammarError } from "../grammar-error.ts";
import type { CompileContext } from "./compile-context.ts";
import type { Keywords } from "./keywords.ts";
import { everything, type SchemaAt } from "./node.ts";
import { count } from "./scalar-keywords.ts";
import { hasInPlaceSchemas } from "./unevaluated.ts";
import {
	type ArrayPiece,
	anyArray,
	everyValue,
	onlyFor,
	type ValueSet,
} from "./value-set.ts";

export function arraySet(
	context: CompileContext,
	schema: SchemaAt,
	keywords: Keywords,
): ValueSet {
	let piece: ArrayPiece = anyArray;
	// Up to draft 2019-09 a list under `items` is what is now `prefixItems`.
	const isOldStyle = Array.isArray(keywords.items);
	const listName = isOldStyle ? "items" : "prefixItems";
	const list = keywords[listName];
	const prefix = Array.isArray(list)
		? list.map((_, index) => context.node(schema, listName, index))
		: [];
	let restName = isOldStyle ? "additionalItems" : "items";
	if (
		!(restName in keywords) &&
		keywords.unevaluatedItems !== undefined &&
		keywords.unevaluatedItems !== true
	) {
		if (hasInPlaceSchemas(keywords) || "contains" in keywords)
			throw new GrammarError(
				"unsupported",
				`unevaluatedItems at ${schema.pointer}/unevaluatedItems beside keywords that look into the array cannot be enforced. Use items in each branch.`,
				{ path: `${schema.pointer}/unevaluatedItems` },
			);
		restName = "unevaluatedItems";
	}
	const rest =
		restName in keywords ? context.node(schema, restName) : everything;
	if (prefix.length > 0 || rest !== everything)
		piece = { ...piece, atoms: [{ prefix, rest }] };
	if ("contains" in keywords) {
		const min = count(keywords, "minContains", schema) ?? 1;
		const max = count(keywords, "maxContains", schema);
		if (max !== null && min > max) return onlyFor("array", []);
		if (min > 0 || max !== null)
			piece = {
				...piece,
				contains: [{ node: context.node(schema, "contains"), min, max }],
			};
	}
	const min = count(keywords, "minItems", schema) ?? 0;
	const max = count(keywords, "maxItems", schema);
	if (max !== null && min > max) return onlyFor("array", []);
	if (min > 0 || max !== null) piece = { ...piece, min, max };
	if (keywords.uniqueItems === true)
		piece = { ...piece, uniqueAt: `${schema.pointer}/uniqueItems` };
	return piece === anyArray ? everyValue : onlyFor("array", [piece]);
}
