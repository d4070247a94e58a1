import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FloatDecoder } from "../safetensors/decode-floats.ts";
import { encodeFloats } from "./encode-tensor.ts";

const decoder = new FloatDecoder();
const decode = (bytes: Uint8Array, type: "F16" | "BF16", count: number) => {
	const target = new Float32Array(count);
	decoder.decode(bytes, type, target);
	return target;
};

describe("half floats", () => {
	it("come back the same, all 65,536 of them", () => {
		const halves = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
		const values = decode(new Uint8Array(halves.buffer), "F16", halves.length);
		const encoded = new Uint16Array(encodeFloats(values, "F16").buffer);
		for (const [bits, half] of encoded.entries())
			if (!Number.isNaN(values[bits])) expect(half).toBe(bits);
		expect(
			halves
				.filter((bits) => Number.isNaN(values[bits]))
				.every((bits) =>
					Number.isNaN(
						decode(
							encodeFloats(values.subarray(bits, bits + 1), "F16"),
							"F16",
							1,
						)[0],
					),
				),
		).toBe(true);
	});

	it("are the nearest ones, ties to even", () => {
		fc.assert(
			fc.property(fc.float({ min: -70_000, max: 70_000, noNaN: true }), (x) => {
				const value = Math.fround(x);
				const [seen = 0] = decode(
					encodeFloats(Float32Array.of(value), "F16"),
					"F16",
					1,
				);
				if (Math.abs(value) >= 65_520)
					expect(Math.abs(seen)).toBe(Number.POSITIVE_INFINITY);
				else {
					const spacing = Math.max(
						2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 10),
						2 ** -24,
					);
					expect(Math.abs(seen - value)).toBeLessThanOrEqual(spacing / 2);
				}
			}),
		);
		const ties = Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25);
		expect([...decode(encodeFloats(ties, "F16"), "F16", 3)]).toEqual([
			1,
			1 + 2 ** -9,
			0,
		]);
	});
});

it("bfloat16 rounds to the nearest, ties to even", () => {
	const values = Float32Array.of(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 0.1);
	const seen = decode(encodeFloats(values, "BF16"), "BF16", 4);
	expect([...seen]).toEqual([1, 1, 1 + 2 ** -6, 0.10009765625]);
	expect(
		decode(encodeFloats(Float32Array.of(Number.NaN), "BF16"), "BF16", 1)[0],
	).toBeNaN();
});

describe("blocks of 8 bits", () => {
	it("miss no value by more than half a step", () => {
		const block = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), {
			minLength: 32,
			maxLength: 32,
		});
		fc.assert(
			fc.property(block, (numbers) => {
				const values = Float32Array.from(numbers);
				const bytes = encodeFloats(values, "Q8_0");
				expect(bytes.length).toBe(34);
				const [scale = 0] = decode(bytes.subarray(0, 2), "F16", 1);
				const largest = Math.max(...values.map(Math.abs));
				for (const [index, value] of values.entries()) {
					const quant = ((bytes[2 + index] ?? 0) << 24) >> 24;
					// The scale itself is rounded to a half float.
					const step = largest / 127;
					expect(Math.abs(quant * scale - value)).toBeLessThanOrEqual(
						step * (0.5 + 127 * 2 ** -11) + 127 * 2 ** -25,
					);
				}
			}),
		);
	});

	it("round halves away from zero, as the engine's own quantiser", () => {
		const values = new Float32Array(32);
		values.set([127, 0.5, -0.5, 1.5, -2.5, 0.49]);
		const quants = new Int8Array(encodeFloats(values, "Q8_0").slice(2).buffer);
		expect([...quants.subarray(0, 6)]).toEqual([127, 1, -1, 2, -3, 0]);
	});

	it("of zeros are zeros", () => {
		expect(
			encodeFloats(new Float32Array(32), "Q8_0").every((byte) => byte === 0),
		).toBe(true);
	});
});
