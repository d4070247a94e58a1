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
	const unit = fc.oneof(
		fc.integer({ min: 0, max: 0xffff }),
		fc.integer({ min: 0xd7ff, max: 0xe000 }),
	);
	const texts = fc.array(unit).map((units) => String.fromCharCode(...units));
	fc.assert(
		fc.property(texts, (text) => {
			const throughBytes = decoder.decode(encoder.encode(text));
			expect(toWellFormedText(text)).toBe(throughBytes);
		}),
	);
});
