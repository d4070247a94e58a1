import { GrammarError } from "../grammar-error.ts";
import type { CompileContext } from "./compile-context.ts";
import type { Keywords } from "./keywords.ts";
import type { SchemaAt } from "./node.ts";

export interface EvaluatedProperties {
	readonly keys: Set<string>;
	readonly patterns: string[];
}

const conditional = [
	"anyOf",
	"oneOf",
	"if",
	"dependentSchemas",
	"dependencies",
];

export function hasInPlaceSchemas(keywords: Keywords): boolean {
	return ["$ref", "allOf", ...conditional].some((name) => name in keywords);
}

/**
 * The keys that a schema's `unevaluatedProperties` leaves alone, where they do not depend on the value; null when that is every key.
 */
export function evaluatedProperties(
	context: CompileContext,
	schema: SchemaAt,
	keywords: Keywords,
): EvaluatedProperties | null {
	const found: EvaluatedProperties = { keys: new Set(), patterns: [] };
	const visited = new Set<string>();
	const path = `${schema.pointer}/unevaluatedProperties`;
	const visit = (at: SchemaAt, isRoot: boolean): boolean => {
		if (typeof at.value === "boolean" || visited.has(at.pointer)) return true;
		visited.add(at.pointer);
		const own = at.value;
		if ("additionalProperties" in own) return false;
		if (!isRoot && "unevaluatedProperties" in own) return false;
		for (const key of Object.keys(own.properties ?? {})) found.keys.add(key);
		found.patterns.push(...Object.keys(own.patternProperties ?? {}));
		for (const name of conditional)
			if (name in own && mentionsProperties(own[name]))
				throw new GrammarError(
					"unsupported",
					`unevaluatedProperties at ${path} depends on which branch of ${name} holds, and that cannot be enforced. Use additionalProperties in each branch.`,
					{ path },
				);
		const within: SchemaAt[] = [];
		if ("$ref" in own)
			within.push(context.document.resolve(own.$ref, at, `${at.pointer}/$ref`));
		if (Array.isArray(own.allOf))
			for (const index of own.allOf.keys())
				within.push(context.document.child(at, "allOf", index));
		return within.every((inner) => visit(inner, false));
	};
	void keywords;
	return visit(schema, true) ? found : null;
}

/** Careful: any reference might. */
function mentionsProperties(value: unknown): boolean {
	const text = JSON.stringify(value);
	return /"(properties|patternProperties|additionalProperties|unevaluatedProperties|\$ref)"/.test(
		text,
	);
}
