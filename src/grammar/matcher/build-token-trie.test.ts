import fc from "fast-check";
import { expect, test } from "vitest";
import { buildTokenTrie, VocabularyReader } from "./build-token-trie.ts";

function trieOf(texts: readonly Uint8Array[]) {
	const reader = new VocabularyReader(
		texts.length,
		(token) => texts[token] ?? null,
	);
	let read = reader.read(3);
	while (read === null) read = reader.read(3);
	return buildTokenTrie(read);
}

// Few letters, the zero byte among them, so that texts share beginnings and are each other's.
const text = fc
	.array(fc.constantFrom(0, 0, 1, 0x61, 0xff), { maxLength: 9 })
	.map((bytes) => Uint8Array.from(bytes));

test("tokens stand in the order of their texts, each at the node that spells it", () => {
	fc.assert(
		fc.property(fc.array(text, { maxLength: 120 }), (texts) => {
			const { byte, depth, skip, firstToken, tokens } = trieOf(texts);
			const expected = texts
				.map((bytes, token) => ({ bytes: Buffer.from(bytes), token }))
				.filter(({ bytes }) => bytes.length > 0)
				.sort(
					(left, right) =>
						left.bytes.compare(right.bytes) || left.token - right.token,
				);
			expect([...tokens]).toEqual(expected.map(({ token }) => token));
			const path: number[] = [];
			const spelt = new Set<string>();
			for (let node = 1; node < byte.length; node++) {
				path.length = (depth[node] as number) - 1;
				path.push(byte[node] as number);
				const own = tokens.subarray(firstToken[node], firstToken[node + 1]);
				for (const token of own)
					expect([...(texts[token] ?? [])]).toEqual(path);
				expect(spelt.has(path.join())).toBe(false);
				spelt.add(path.join());
				let past = node + 1;
				while (
					past < byte.length &&
					(depth[past] as number) > (depth[node] as number)
				)
					past++;
				expect(skip[node]).toBe(past);
			}
			expect(firstToken.at(-1)).toBe(tokens.length);
		}),
		{ numRuns: 300 },
	);
});
