import { GrammarError } from "../grammar-error.ts";
import { isRecord, pointerPart } from "./schema-document.ts";

const schemaMaps = ["properties", "patternProperties", "$defs", "definitions"];
const schemaLists = ["anyOf", "allOf", "oneOf", "prefixItems", "items"];
const schemas = ["items", "additionalProperties", "not", "if", "then", "else"];

/**
 * OpenAI's rules for schemas that are sent with `strict: true`: no object has properties but those named, and all of those are
 * required. Throws a GrammarError for the first one that breaks them. Its list of keywords does not apply: all that can be
 * enforced may be used.
 */
export function checkStrictRules(schema: unknown): void {
	const open: { value: unknown; pointer: string }[] = [
		{ value: schema, pointer: "" },
	];
	for (const { value, pointer } of open) {
		if (!isRecord(value)) continue;
		checkObject(value, pointer);
		for (const name of schemas)
			open.push({ value: value[name], pointer: `${pointer}/${name}` });
		for (const name of schemaLists) {
			const list = value[name];
			if (!Array.isArray(list)) continue;
			for (const [index, part] of list.entries())
				open.push({ value: part, pointer: `${pointer}/${name}/${index}` });
		}
		for (const name of schemaMaps) {
			const map = value[name];
			if (!isRecord(map)) continue;
			for (const [key, part] of Object.entries(map))
				open.push({
					value: part,
					pointer: `${pointer}/${name}${pointerPart(key)}`,
				});
		}
	}
}

function checkObject(schema: Record<string, unknown>, pointer: string): void {
	const types = Array.isArray(schema.type) ? schema.type : [schema.type];
	if (!types.includes("object") && !("properties" in schema)) return;
	const place = pointer === "" ? "at the root" : `at ${pointer}`;
	if (schema.additionalProperties !== false)
		throw new GrammarError(
			"invalid",
			`In a strict schema every object needs "additionalProperties": false, and the one ${place} is without. Add it, or leave 'strict' out.`,
			{ path: pointer },
		);
	const { properties } = schema;
	const required = Array.isArray(schema.required) ? schema.required : [];
	const missing = Object.keys(isRecord(properties) ? properties : {}).find(
		(key) => !required.includes(key),
	);
	if (missing !== undefined)
		throw new GrammarError(
			"invalid",
			`In a strict schema every property has to be in 'required', and ${JSON.stringify(missing)} of the object ${place} is not. Add it (let its type be null too where it may be missing), or leave 'strict' out.`,
			{ path: `${pointer}/properties${pointerPart(missing)}` },
		);
}
