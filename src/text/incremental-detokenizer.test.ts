import fc from "fast-check";
import { expect, test } from "vitest";
import {
	IncrementalDetokenizer,
	incompleteTailLength,
} from "./incremental-detokenizer.ts";
import { TokenTexts } from "./token-texts.ts";

/** A vocabulary in which token i writes `pieces[i]`. */
function textsOf(pieces: readonly (string | readonly number[])[]): TokenTexts {
	const bytes = pieces.map((piece) =>
		typeof piece === "string"
			? new TextEncoder().encode(piece)
			: Uint8Array.from(piece),
	);
	return new TokenTexts({
		vocabularySize: bytes.length,
		tokenBytes: (token) => bytes[token] as Uint8Array,
	});
}

function pushAll(pieces: readonly (string | readonly number[])[]): string[] {
	const detokenizer = new IncrementalDetokenizer(textsOf(pieces));
	const texts = pieces.map((_, token) => detokenizer.push(token));
	return [...texts, detokenizer.flush()];
}

test("whole characters pass at once", () => {
	expect(pushAll(["Hello", " wörld", "👋", ""])).toEqual([
		"Hello",
		" wörld",
		"👋",
		"",
		"",
	]);
});

test("a character spread over tokens comes out whole with its last byte", () => {
	expect(pushAll([[0xf0, 0x9f], [0x91], [0x8b, 0x21]])).toEqual([
		"",
		"",
		"👋!",
		"",
	]);
});

test("text before the unfinished character is not held with it", () => {
	expect(pushAll([[0x61, 0x62, 0xe2, 0x82], [0xac]])).toEqual(["ab", "€", ""]);
});

test("bytes that cannot become a character turn into U+FFFD at once", () => {
	expect(pushAll([[0xe2, 0x82], "x", [0xff], [0xc0], [0xf5]])).toEqual([
		"",
		"\ufffdx",
		"\ufffd",
		"\ufffd",
		"\ufffd",
		"",
	]);
});

test("an unfinished character at the end becomes U+FFFD", () => {
	expect(pushAll(["a", [0xf0, 0x9f, 0x91]])).toEqual(["a", "", "\ufffd"]);
});

test("a token without text does not end the character that is held", () => {
	expect(pushAll([[0xc3], [], [0xa9]])).toEqual(["", "", "é", ""]);
});

test("a byte order mark stays", () => {
	expect(pushAll([[0xef, 0xbb], [0xbf], "a"]).join("")).toBe("\ufeffa");
});

test("the same token can be pushed again after a flush", () => {
	const detokenizer = new IncrementalDetokenizer(textsOf([[0xe2, 0x82]]));
	detokenizer.push(0);
	expect(detokenizer.flush()).toBe("\ufffd");
	expect(detokenizer.flush()).toBe("");
	expect(detokenizer.push(0)).toBe("");
});

test("engines may reuse the memory of the bytes they gave", () => {
	const memory = Uint8Array.from([0xe2, 0x82]);
	const texts = new TokenTexts({ vocabularySize: 1, tokenBytes: () => memory });
	expect(texts.text(0)).toBeNull();
	memory.fill(0x41);
	expect([...texts.bytes(0)]).toEqual([0xe2, 0x82]);
});

test("the engine is asked once for each token", () => {
	let calls = 0;
	const texts = new TokenTexts({
		vocabularySize: 1,
		tokenBytes: () => {
			calls++;
			return Uint8Array.from([0x41]);
		},
	});
	const detokenizer = new IncrementalDetokenizer(texts);
	expect(detokenizer.push(0) + detokenizer.push(0)).toBe("AA");
	expect(calls).toBe(1);
});

/** Bytes at the edges of the well-formedness table are drawn far more often than chance would. */
const byte = fc.oneof(
	{ weight: 2, arbitrary: fc.integer({ min: 0, max: 255 }) },
	{
		weight: 5,
		arbitrary: fc.constantFrom(
			...[0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0],
			...[0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff],
		),
	},
);
const anyBytes = fc.array(byte, { maxLength: 24 });
const character = fc.constantFrom(
	...["a", "é", "€", "한", "👋", "\u07ff", "\uffff"],
);
const textBytes = fc
	.array(character, { maxLength: 12 })
	.map((characters) => [...new TextEncoder().encode(characters.join(""))]);
const pieces = fc.oneof(
	fc.array(anyBytes, { maxLength: 8 }),
	// Valid text cut into single bytes and pairs.
	fc
		.tuple(textBytes, fc.integer({ min: 1, max: 3 }))
		.map(([bytes, size]) =>
			Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
				bytes.slice(index * size, (index + 1) * size),
			),
		),
);

test("any bytes in any split give what TextDecoder makes of the whole", () => {
	fc.assert(
		fc.property(pieces, (parts) => {
			const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
				Uint8Array.from(parts.flat()),
			);
			expect(pushAll(parts).join("")).toBe(whole);
		}),
		{ numRuns: 3000 },
	);
});

test("no piece of text begins or ends inside a character", () => {
	fc.assert(
		fc.property(pieces, (parts) => {
			for (const text of pushAll(parts)) {
				expect(text).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
			}
		}),
	);
});

test("what is held never exceeds three bytes and is never a whole character", () => {
	fc.assert(
		fc.property(anyBytes, (bytes) => {
			const length = incompleteTailLength(Uint8Array.from(bytes));
			const tail = Uint8Array.from(bytes.slice(bytes.length - length));
			expect(length).toBeLessThanOrEqual(3);
			expect(new TextDecoder().decode(tail)).toBe(length === 0 ? "" : "\ufffd");
		}),
		{ numRuns: 2000 },
	);
});
