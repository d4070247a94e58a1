import { expect, test } from "vitest";
import { GrammarError } from "../grammar-error.ts";
import { jsonObjectGrammar } from "../json.ts";
import { compileGrammar } from "../matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../matcher/grammar-matcher.ts";
import { compileJsonSchema } from "./compile-schema.ts";
import { byteTrie } from "./testing/random-walk.ts";

const trie = byteTrie();

function accepts(schema: unknown, ...texts: string[]): boolean[] {
	const compiled = compileGrammar(compileJsonSchema(schema));
	return texts.map((text) => {
		const matcher = new GrammarMatcher(compiled, trie, []);
		return matcher.acceptText(text) && matcher.canEnd;
	});
}

function refusal(schema: unknown, isStrict = false): GrammarError {
	try {
		compileJsonSchema(schema, { isStrict });
	} catch (error) {
		if (error instanceof GrammarError) return error;
		throw error;
	}
	throw new Error("It was not refused.");
}

test("lengths and patterns hold for the decoded text, not for its escapes", () => {
	const schema = { type: "string", minLength: 2, maxLength: 2 };
	expect(
		accepts(schema, '"\\n\\""', '"🎈é"', '"ab"', '"abc"', '"\\n"'),
	).toEqual([true, true, true, false, false]);
	expect(
		accepts({ type: "string", pattern: '^"\\n$' }, '"\\"\\n"', '"\\"n"'),
	).toEqual([true, false]);
});

test("properties come in the schema's order, optional ones may be left out, others only where allowed", () => {
	const schema = {
		type: "object",
		properties: { a: { type: "integer" }, b: { type: "boolean" }, c: {} },
		required: ["b"],
		additionalProperties: false,
	};
	expect(
		accepts(
			schema,
			'{"b":true}',
			'{"a":1,"b":true,"c":[null]}',
			'{"b":true,"a":1}',
			'{"a":1}',
			'{"b":true,"d":1}',
			'{ "a": 1,\n  "b": true }',
		),
	).toEqual([true, true, false, false, false, true]);
});

test("an additional property is never a named one over again", () => {
	const schema = {
		type: "object",
		properties: { a: { type: "integer" } },
		additionalProperties: { type: "string" },
	};
	expect(
		accepts(schema, '{"a":1,"b":"x"}', '{"a":"x"}', '{"a":1,"a":"x"}'),
	).toEqual([true, false, false]);
});

test("a hundred optional properties do not make the grammar explode", () => {
	const properties = Object.fromEntries(
		Array.from({ length: 100 }, (_, index) => [
			`property${index}`,
			{ type: "integer" },
		]),
	);
	const { rules } = compileJsonSchema({
		type: "object",
		properties,
		additionalProperties: false,
	});
	expect(Object.keys(rules).length).toBeLessThan(500);
});

test("a reference may recur, and a recursion without an end is refused", () => {
	const tree = {
		$defs: {
			tree: {
				type: "object",
				properties: {
					left: { $ref: "#/$defs/tree" },
					value: { type: "integer" },
				},
				required: ["value"],
				additionalProperties: false,
			},
		},
		$ref: "#/$defs/tree",
	};
	expect(
		accepts(tree, '{"left":{"left":{"value":1},"value":2},"value":3}'),
	).toEqual([true]);
	const endless = {
		type: "object",
		properties: { next: { $ref: "#" } },
		required: ["next"],
	};
	expect(refusal(endless).reason).toBe("impossible");
	expect(refusal({ $ref: "#" }).reason).toBe("invalid");
});

test("numbers keep their bounds and divisors", () => {
	const price = { type: "number", minimum: 0, maximum: 100, multipleOf: 0.01 };
	expect(
		accepts(price, "9.99", "9.90", "100", "9.999", "100.01", "-1"),
	).toEqual([true, true, true, false, false, false]);
	const even = {
		type: "integer",
		exclusiveMinimum: -3,
		maximum: 12,
		multipleOf: 2,
	};
	expect(accepts(even, "-2", "0", "12", "-4", "3", "14", "2.0")).toEqual([
		true,
		true,
		true,
		false,
		false,
		false,
		false,
	]);
});

test("oneOf is exclusive", () => {
	const schema = {
		oneOf: [
			{ type: "integer", multipleOf: 2 },
			{ type: "integer", multipleOf: 3 },
		],
	};
	expect(accepts(schema, "2", "3", "6", "5")).toEqual([
		true,
		true,
		false,
		false,
	]);
});

test.each([
	[
		{ type: "array", items: { type: "object" }, uniqueItems: true },
		"/uniqueItems",
	],
	[{ $ref: "https://example.com/schema.json" }, "/$ref"],
	[{ properties: { a: { pattern: "(?=x)" } } }, "/properties/a/pattern"],
	[{ $dynamicRef: "#node" }, "/$dynamicRef"],
	[
		{ properties: { a: { multipleOf: 1e-9 * 123456 } } },
		"/properties/a/multipleOf",
	],
])("what cannot be enforced is refused with its place: %j", (schema, path) => {
	const error = refusal(schema);
	expect(error.path).toBe(path);
	expect(error.status).toBe(400);
});

test("strict mode refuses misspelt keywords; otherwise they are ignored", () => {
	expect(refusal({ type: "string", maxLenght: 3 }, true).message).toContain(
		"maxLength",
	);
	expect(accepts({ type: "null", maxLenght: 3 }, "null")).toEqual([true]);
});

test("what nothing satisfies is refused", () => {
	expect(
		refusal({ allOf: [{ type: "string" }, { type: "null" }] }).reason,
	).toBe("impossible");
	expect(refusal(false).reason).toBe("impossible");
});

test("json_object is any object and nothing else", () => {
	const compiled = compileGrammar(jsonObjectGrammar());
	const ends = (text: string) => {
		const matcher = new GrammarMatcher(compiled, trie, []);
		return matcher.acceptText(text) && matcher.canEnd;
	};
	expect(
		['{"a":[1e5,{"b":"\\u00e9"}]}', "{}", "[]", '{"a":01}'].map(ends),
	).toEqual([true, true, false, false]);
});
