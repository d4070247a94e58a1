import { describe, expect, test } from "vitest";
import { GrammarError } from "../grammar-error.ts";
import { compileJsonSchema } from "./compile-schema.ts";

const text = { type: "string" };
const closed = (properties: Record<string, unknown>) => ({
	type: "object",
	properties,
	required: Object.keys(properties),
	additionalProperties: false,
});

function pathOf(schema: unknown): string | null {
	try {
		compileJsonSchema(schema, { isStrict: true });
	} catch (error) {
		if (error instanceof GrammarError) return error.path;
		throw error;
	}
	throw new Error("It was not refused.");
}

describe("a strict schema", () => {
	test("is accepted where objects are closed and all their properties required", () => {
		const list = { type: "array", items: { $ref: "#/$defs/node" } };
		const schema = {
			...closed({
				name: { type: ["string", "null"] },
				list,
				either: { anyOf: [closed({ a: text }), text] },
				exactly: { const: { free: { of: "rules" } } },
			}),
			$defs: { node: closed({ list }) },
		};
		expect(() => compileJsonSchema(schema, { isStrict: true })).not.toThrow();
	});

	test.each([
		["", { type: "object", properties: { a: text }, required: ["a"] }],
		["/properties/b", { ...closed({ a: text, b: text }), required: ["a"] }],
		["/properties/a", closed({ a: { properties: {} } })],
		[
			"/properties/a/items/properties/b~1c",
			closed({
				a: {
					type: "array",
					items: { ...closed({ "b/c": text }), required: [] },
				},
			}),
		],
		["/$defs/x", { ...closed({}), $defs: { x: { type: ["object", "null"] } } }],
		[
			"/anyOf/1",
			{ anyOf: [text, { type: "object", additionalProperties: text }] },
		],
	])("is refused at %j where it is not", (path, schema) => {
		expect(pathOf(schema)).toBe(path);
		expect(() => compileJsonSchema(schema)).not.toThrow();
	});
});
