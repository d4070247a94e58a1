import fc from "fast-check";
import { expect, test } from "vitest";
import { toWellFormedText } from "./well-formed-text.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

test("lone surrogates become U+FFFD, pairs stay", () => {
	expect(toWellFormedText("a\ud83d b\ude00 \ud83d\ude00")).toBe(
		"a\ufffd b\ufffd \ud83d\ude00",
	);
});

test("writes any string as UTF-8 would", () => {
	const strings = fc.string({ unit: "binary" });
	const units = fc
		.array(fc.integer({ min: 0xd700, max: 0xe0ff }))
		.map((codes) => String.fromCharCode(...codes));
	fc.assert(
		fc.property(fc.oneof(strings, units), (text) => {
			const throughBytes = decoder.decode(encoder.encode(text));
			expect(toWellFormedText(text)).toBe(throughBytes);
		}),
	);
});
