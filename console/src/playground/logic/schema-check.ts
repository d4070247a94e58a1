import { asRecord } from "./wire.ts";

interface SchemaFault {
	/** Behind the schema's own name: `.properties.age.type`. */
	path: string;
	message: string;
}

const types = [
	"string",
	"number",
	"integer",
	"boolean",
	"object",
	"array",
	"null",
];

const schemaLists = ["anyOf", "oneOf", "allOf", "prefixItems"];
const schemaMaps = ["properties", "patternProperties", "$defs", "definitions"];
const schemas = ["items", "additionalProperties", "not", "contains"];
const counts = [
	"minLength",
	"maxLength",
	"minItems",
	"maxItems",
	"minProperties",
	"maxProperties",
];

/**
 * The first thing in a JSON schema that can't be meant: what a typing error makes of one. Not a validator of schemas: what
 * it lets through the server still judges, by name.
 */
export function schemaProblem(
	schema: unknown,
	path = "",
	depth = 0,
): SchemaFault | null {
	if (typeof schema === "boolean") return null;
	const fields = asRecord(schema);
	if (fields === null)
		return { path, message: "a schema is a JSON object: { ... }." };
	if (depth > 64) return { path, message: "it is nested too deeply." };
	const { type } = fields;
	const named = Array.isArray(type) ? type : type === undefined ? [] : [type];
	for (const one of named)
		if (typeof one !== "string" || !types.includes(one))
			return {
				path: `${path}.type`,
				message: `${JSON.stringify(one)} is no type. Types are ${types.join(", ")}.`,
			};
	if (fields.enum !== undefined && !isFilledList(fields.enum))
		return { path: `${path}.enum`, message: "'enum' is a list of values." };
	const { required } = fields;
	if (
		required !== undefined &&
		!(
			Array.isArray(required) &&
			required.every((name) => typeof name === "string")
		)
	)
		return {
			path: `${path}.required`,
			message: "'required' is a list of property names.",
		};
	const missing = missingProperty(fields);
	if (missing !== null)
		return {
			path: `${path}.required`,
			message: `'${missing}' is required, but is not among the properties.`,
		};
	for (const name of counts) {
		const value = fields[name];
		if (value !== undefined && !(Number.isInteger(value) && Number(value) >= 0))
			return {
				path: `${path}.${name}`,
				message: `'${name}' is a whole number from 0.`,
			};
	}
	const { pattern } = fields;
	if (pattern !== undefined && !isPattern(pattern))
		return {
			path: `${path}.pattern`,
			message: "'pattern' is no regular expression.",
		};
	for (const name of schemaMaps) {
		if (fields[name] === undefined) continue;
		const map = asRecord(fields[name]);
		if (map === null)
			return {
				path: `${path}.${name}`,
				message: `'${name}' is an object of schemas by name.`,
			};
		for (const [key, inner] of Object.entries(map)) {
			const fault = schemaProblem(inner, `${path}.${name}.${key}`, depth + 1);
			if (fault !== null) return fault;
		}
	}
	for (const name of schemaLists) {
		const list = fields[name];
		if (list === undefined) continue;
		if (!isFilledList(list))
			return {
				path: `${path}.${name}`,
				message: `'${name}' is a list of schemas.`,
			};
		for (const [index, inner] of (list as unknown[]).entries()) {
			const place = `${path}.${name}[${index}]`;
			const fault = schemaProblem(inner, place, depth + 1);
			if (fault !== null) return fault;
		}
	}
	for (const name of schemas) {
		if (fields[name] === undefined) continue;
		const fault = schemaProblem(fields[name], `${path}.${name}`, depth + 1);
		if (fault !== null) return fault;
	}
	return null;
}

function isFilledList(value: unknown): boolean {
	return Array.isArray(value) && value.length > 0;
}

/** Only where nothing else could bring the property in. */
function missingProperty(
	fields: Readonly<Record<string, unknown>>,
): string | null {
	const properties = asRecord(fields.properties);
	const isOpen =
		fields.additionalProperties !== false ||
		fields.patternProperties !== undefined ||
		["anyOf", "oneOf", "allOf", "$ref"].some((name) => name in fields);
	if (properties === null || isOpen || !Array.isArray(fields.required))
		return null;
	return (
		fields.required.find((name: string) => !Object.hasOwn(properties, name)) ??
		null
	);
}

function isPattern(value: unknown): boolean {
	if (typeof value !== "string") return false;
	try {
		new RegExp(value, "u");
		return true;
	} catch {
		// Not one, which is the answer.
		return false;
	}
}
