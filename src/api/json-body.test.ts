import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJsonBody } from "./json-body.ts";
import { jsonErrorPosition } from "./json-error-position.ts";

const parse = (text: string) => parseJsonBody(Buffer.from(text), 10);

describe("a JSON body", () => {
	it("is read as JSON.parse reads it", () => {
		fc.assert(
			fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
				const text = JSON.stringify(value);
				fc.pre(!text.includes("__proto__"));
				expect(JSON.stringify(parse(text))).toBe(text);
			}),
		);
	});

	it("never holds lone surrogates", () => {
		const unit = fc.constantFrom("\ud83d", "\ude00", "a", "\n");
		fc.assert(
			fc.property(fc.array(fc.string({ unit })), (texts) => {
				const read = parse(JSON.stringify({ texts })) as { texts: string[] };
				expect(read.texts).toEqual(
					texts.map((text) => Buffer.from(text).toString()),
				);
			}),
		);
	});

	it("may be nested as deep as the limit and no deeper", () => {
		const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
		expect(() => parse(nested(10))).not.toThrow();
		expect(() => parse(nested(11))).toThrow(
			"deeper than 10 levels (at byte 10)",
		);
		expect(() => parse(`{"a":"${"[".repeat(50)}\\"["}`)).not.toThrow();
	});
});

describe("the place of a fault", () => {
	it.each([
		['{"a":}', 5],
		['{"a":1', 6],
		['{"a" 1}', 5],
		["[1,2,]", 5],
		['{"a":"x\ny"}', 7],
		['"\\x"', 1],
		['"\\u12g4"', 1],
		["tru", 0],
		['{"a":01}', 5],
		["{a:1}", 1],
		['{"a":1} x', 8],
		["", 0],
		['"abc', 4],
		["[1 2]", 3],
		["-", 0],
	])("of %j is %i", (text, position) => {
		expect(() => JSON.parse(text)).toThrow();
		expect(jsonErrorPosition(text)).toBe(position);
	});

	it("is the end for what is cut off, and the end of anything valid", () => {
		fc.assert(
			fc.property(fc.array(fc.string()), fc.nat(), (texts, cut) => {
				const text = JSON.stringify({ texts });
				expect(jsonErrorPosition(text)).toBe(text.length);
				const shorter = text.slice(0, cut % text.length);
				// An escape that is cut is a fault where it begins.
				const isWhole = !/\\(u[0-9a-f]{0,3})?$/.test(shorter);
				if (isWhole) expect(jsonErrorPosition(shorter)).toBe(shorter.length);
			}),
		);
	});
});
