import fc from "fast-check";
import { expect, it } from "vitest";
import { ByteCursor, EndOfBytes } from "./byte-cursor.ts";

function sourceOf(bytes: Uint8Array, pieceBytes: number) {
	return {
		sizeBytes: bytes.length,
		read: async (target: Uint8Array, position: number) => {
			const piece = bytes.subarray(
				position,
				position + Math.min(pieceBytes, target.length),
			);
			target.set(piece);
			return piece.length;
		},
	};
}

it("reads the same bytes through any window, in any steps, with skips between", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.uint8Array({ minLength: 1, maxLength: 400 }),
			fc.array(fc.record({ bytes: fc.nat(60), isSkip: fc.boolean() }), {
				maxLength: 30,
			}),
			fc.integer({ min: 1, max: 64 }),
			fc.integer({ min: 1, max: 64 }),
			async (bytes, steps, windowBytes, pieceBytes) => {
				const cursor = new ByteCursor(sourceOf(bytes, pieceBytes), windowBytes);
				let at = 0;
				for (const step of steps) {
					if (at + step.bytes > bytes.length) break;
					if (step.isSkip) {
						cursor.skip(step.bytes);
					} else {
						await cursor.need(step.bytes);
						for (let index = 0; index < step.bytes; index++)
							expect(cursor.uint8()).toBe(bytes[at + index]);
					}
					at += step.bytes;
					expect(cursor.position).toBe(at);
				}
			},
		),
	);
});

it("refuses to read or skip behind the end", async () => {
	const cursor = new ByteCursor(sourceOf(new Uint8Array(10), 4));
	await cursor.need(4);
	expect(cursor.uint32()).toBe(0);
	await expect(cursor.need(7)).rejects.toThrow(EndOfBytes);
	expect(() => cursor.skip(7)).toThrow(EndOfBytes);
	cursor.skip(6);
	expect(cursor.position).toBe(10);
});

it("notices a source that ends before it said it would", async () => {
	const cursor = new ByteCursor({ sizeBytes: 10, read: async () => 0 });
	await expect(cursor.need(1)).rejects.toThrow(EndOfBytes);
});
