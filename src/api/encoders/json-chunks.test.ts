import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonChunks, writeFloat32 } from "./json-chunks.ts";

function write(value: number): string {
	const buffer = Buffer.alloc(40, "#");
	const end = writeFloat32(buffer, 3, value);
	expect(buffer.toString("latin1", 0, 3)).toBe("###");
	return buffer.toString("latin1", 3, end);
}

describe("numbers in JSON", () => {
	it.each([
		[0.1, "0.1"],
		[-0.5, "-0.5"],
		[0, "0"],
		[1, "1"],
		[-127, "-127"],
		[7.5, "7.5"],
		[1234.25, "1234.25"],
		[0.001, "0.001"],
		[99.99, "99.99"],
		[999_999_936, "999999936"],
		[1e-7, "1e-7"],
		[Number.NaN, "null"],
		[Number.POSITIVE_INFINITY, "null"],
	])("%d is written as %s", (value, text) => {
		expect(write(Math.fround(value))).toBe(text);
	});

	it("any 32-bit float comes back as it was, in JSON's own form", () => {
		const bits = new DataView(new ArrayBuffer(4));
		fc.assert(
			fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (raw) => {
				bits.setInt32(0, raw);
				const value = bits.getFloat32(0);
				fc.pre(Number.isFinite(value));
				const parsed = JSON.parse(write(value)) as number;
				expect(Math.fround(parsed)).toBe(value === 0 ? 0 : value);
			}),
			{ numRuns: 20_000 },
		);
	});

	it("components of unit vectors take 9 significant digits at most", () => {
		fc.assert(
			fc.property(fc.float({ min: -1, max: 1, noNaN: true }), (value) => {
				const text = write(value);
				if (Math.abs(value) < 1e-6) return;
				const digits = text.replace(/^-?0?\.?0*/, "").replace(".", "");
				expect(digits.length).toBeLessThanOrEqual(9);
				expect(Math.fround(Number(text))).toBe(value === 0 ? 0 : value);
			}),
			{ numRuns: 20_000 },
		);
	});

	it("arrays and text are put together in chunks of any size", () => {
		const chunks = new JsonChunks();
		const vector = Float32Array.from({ length: 20_000 }, (_, index) =>
			Math.fround(Math.sin(index)),
		);
		const parts: Buffer[] = [];
		chunks.raw('{"text":"ü€😀","data":[');
		for (let index = 0; index < 9; index++) {
			if (index > 0) chunks.raw(",");
			chunks.numbers(vector);
			if (chunks.isFull) parts.push(chunks.take());
		}
		chunks.raw("]}");
		parts.push(chunks.take());
		expect(parts.length).toBeGreaterThan(5);
		const parsed = JSON.parse(Buffer.concat(parts).toString("utf8"));
		expect(parsed.text).toBe("ü€😀");
		expect(parsed.data).toHaveLength(9);
		expect(Float32Array.from(parsed.data[8])).toEqual(vector);
	});
});
