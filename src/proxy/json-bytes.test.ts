import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closingQuote, skipSpace, stringEnd } from "./json-bytes.ts";

describe("the end of a string", () => {
	test("is no quote that is escaped, near or far from the beginning", () => {
		expect(closingQuote(Buffer.from('"a\\"b" "'), 0)).toBe(5);
		expect(closingQuote(Buffer.from('"\\\\" "'), 0)).toBe(3);
		expect(closingQuote(Buffer.from('x"" '), 1)).toBe(2);
		for (const length of [60, 61, 62, 63, 64, 65, 66, 200]) {
			const text = JSON.stringify(`${"x".repeat(length)}"\\`);
			expect(stringEnd(Buffer.from(`${text},"`), 0), text).toBe(text.length);
		}
	});

	test("is nowhere where there is none", () => {
		for (const text of ['"', '"a', '"a\\"', `"${"x".repeat(100)}\\"`])
			expect(stringEnd(Buffer.from(text), 0), text).toBe(-1);
	});

	test("property: is where JSON.stringify put it", () => {
		const pieces = fc.array(
			fc.constantFrom('"', "\\", "a", "é", "x".repeat(31)),
		);
		fc.assert(
			fc.property(pieces, fc.string(), (parts, rest) => {
				const text = Buffer.from(JSON.stringify(parts.join("")));
				const bytes = Buffer.concat([text, Buffer.from(rest)]);
				expect(stringEnd(bytes, 0)).toBe(text.length);
			}),
		);
	});
});

test("space is skipped, up to the end", () => {
	expect(skipSpace(Buffer.from(" \n\r\tx"), 0)).toBe(4);
	expect(skipSpace(Buffer.from("x  "), 1)).toBe(3);
});
