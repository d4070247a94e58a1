import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	decodeHeader,
	decodePreamble,
	encodeHeader,
	fingerprintFolder,
	fingerprintFolderPattern,
	headerLength,
	preambleBytes,
	stateFileName,
	stateFilePattern,
} from "./saved-state-file.ts";

const anyKey = fc.record({
	namespace: fc.string({ unit: "binary" }),
	tokens: fc
		.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }))
		.map((tokens) => Int32Array.from(tokens)),
});
const key = { namespace: "adapter/salt", tokens: Int32Array.of(1, 2, 3) };
const encoded = Buffer.from(encodeHeader("fingerprint", key, 100, 7));
const fileBytes = encoded.length + 100;

describe("the header of a saved state", () => {
	test("gives back what was put in", () => {
		fc.assert(
			fc.property(
				anyKey,
				fc.nat(),
				fc.nat(),
				(key, stateBytes, stateChecksum) => {
					const header = Buffer.from(
						encodeHeader("f", key, stateBytes, stateChecksum),
					);
					const headerBytes = headerLength(key);
					expect(header.length).toBe(headerBytes);
					const preamble = header.subarray(0, preambleBytes);
					const total = headerBytes + stateBytes;
					expect(decodePreamble(preamble, "f", total)).toBe(headerBytes);
					expect(decodeHeader(header)).toEqual({
						...key,
						headerBytes,
						stateBytes,
						stateChecksum,
					});
				},
			),
		);
	});

	test("is refused when any byte of it has changed", () => {
		for (let index = 0; index < encoded.length; index++) {
			const damaged = Buffer.from(encoded);
			damaged[index] = (damaged[index] as number) ^ 0x10;
			const preamble = damaged.subarray(0, preambleBytes);
			const length = decodePreamble(preamble, "fingerprint", fileBytes);
			expect(length === null || decodeHeader(damaged) === null).toBe(true);
		}
	});

	test("is refused with another fingerprint or another length of the file", () => {
		expect(decodePreamble(encoded, "fingerprint", fileBytes)).not.toBeNull();
		expect(decodePreamble(encoded, "another", fileBytes)).toBeNull();
		expect(decodePreamble(encoded, "fingerprint", fileBytes - 1)).toBeNull();
		expect(decodePreamble(encoded, "fingerprint", fileBytes + 1)).toBeNull();
	});
});

describe("the names of saved states", () => {
	test("tell prefixes apart, also where their parts only meet at another place", () => {
		const names = [
			{ namespace: "", tokens: [] },
			{ namespace: "", tokens: [1] },
			{ namespace: "", tokens: [1, 2] },
			{ namespace: "a", tokens: [1] },
			// The same bytes as the one before, cut differently.
			{ namespace: "a\u0001\u0000", tokens: [] },
			// Not the same text, although UTF-8 has no way to write either.
			{ namespace: "\ud800", tokens: [1] },
			{ namespace: "\ud801", tokens: [1] },
		].map(({ namespace, tokens }) =>
			stateFileName({ namespace, tokens: Int32Array.from(tokens) }),
		);
		expect(new Set(names).size).toBe(names.length);
		for (const name of names) expect(name).toMatch(stateFilePattern);
	});

	test("a fingerprint names a folder, whatever is in it", () => {
		expect(fingerprintFolder("../../x")).toMatch(fingerprintFolderPattern);
		expect(fingerprintFolder("a")).not.toBe(fingerprintFolder("b"));
	});
});
