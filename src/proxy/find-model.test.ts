import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findModel, renameModel } from "./find-model.ts";

const find = (text: string) => findModel(Buffer.from(text))?.name ?? null;

describe("the model of a body", () => {
	test("is the string under the top-level key, wherever it stands", () => {
		expect(find('{"model":"a"}')).toBe("a");
		expect(find(' { "x" : [1,{"model":"b"}], "model" : "a" } ')).toBe("a");
		expect(
			find('{"messages":[{"content":"\\"model\\":\\"b\\""}],"model":"a"}'),
		).toBe("a");
		expect(find('{"model":"b","model":"a"}')).toBe("a");
		expect(find('{"m\\u006fdel":"a"}')).toBe("a");
		expect(find('{"model":"caf\\u00e9/é\\\\"}')).toBe("café/é\\");
	});

	test("is none where there is none", () => {
		for (const text of [
			"",
			"{}",
			"[]",
			'"model"',
			'{"x":"model"}',
			'{"x":{"model":"a"}}',
			'{"model":1}',
			'{"model":null,"x":"y"}',
			'{"model":"a',
			'[{"model":"a"}]'.replace("{", "[").replace("}", "]"),
			'{"model":"a","model":2}',
		])
			expect(find(text), text).toBeNull();
	});

	const body = fc.record(
		{
			model: fc.string(),
			messages: fc.jsonValue(),
			'mod"el': fc.jsonValue(),
			stream: fc.boolean(),
		},
		{ requiredKeys: ["model"] },
	);

	test("property: it is what JSON.parse finds, and renaming changes nothing else", () => {
		fc.assert(
			fc.property(
				body,
				fc.string(),
				fc.constantFrom(0, 2),
				(value, name, indent) => {
					const text = Buffer.from(JSON.stringify(value, null, indent));
					const found = findModel(text);
					expect(found?.name).toBe(value.model);
					if (found === null) return;
					const renamed = JSON.parse(renameModel(text, found, name).toString());
					expect(renamed).toEqual(
						JSON.parse(JSON.stringify({ ...value, model: name })),
					);
				},
			),
		);
	});

	test("property: bytes that are no JSON break nothing", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				findModel(Buffer.from(bytes));
			}),
		);
	});
});
