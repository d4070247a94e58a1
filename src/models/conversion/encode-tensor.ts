/** How weights are stored in the output. Formats: ggml's `ggml-common.h`; rounding as in its reference quantiser. */
export const tensorEncodings = ["F32", "F16", "BF16", "Q8_0"] as const;
export type TensorEncoding = (typeof tensorEncodings)[number];

const blockElements = 32;
const blockBytes = 34;

/** `values` holds whole rows; Q8_0 needs rows of a multiple of 32. The bytes are the caller's. */
export function encodeFloats(
	values: Float32Array,
	encoding: TensorEncoding,
): Uint8Array {
	switch (encoding) {
		case "F32":
			return new Uint8Array(values.slice().buffer);
		case "F16":
			return encodeHalves(values);
		case "BF16":
			return encodeBrainFloats(values);
		case "Q8_0":
			return encodeBlocks(values);
	}
}

function encodeHalves(values: Float32Array): Uint8Array {
	const halves = new Uint16Array(values.length);
	const bits = bitsOf(values);
	for (let index = 0; index < values.length; index++)
		halves[index] = toHalf(bits[index] as number);
	return new Uint8Array(halves.buffer);
}

/** Bits of a float to bits of the nearest half float, ties to even. */
export function toHalf(bits: number): number {
	const sign = (bits >>> 16) & 0x8000;
	const magnitude = bits & 0x7fffffff;
	if (magnitude > 0x7f800000) return sign | 0x7e00;
	// 65,520 and more round to infinity.
	if (magnitude >= 0x477ff000) return sign | 0x7c00;
	if (magnitude >= 0x38800000) {
		const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
		return sign | ((rounded - 0x38000000) >>> 13);
	}
	// Half of the smallest subnormal, 2^-25, rounds to zero.
	if (magnitude <= 0x33000000) return sign;
	const exponent = magnitude >>> 23;
	const fraction = (magnitude & 0x7fffff) | 0x800000;
	const shift = 126 - exponent;
	const whole = fraction >>> shift;
	const rest = fraction & ((1 << shift) - 1);
	const half = 1 << (shift - 1);
	const isUp = rest > half || (rest === half && (whole & 1) === 1);
	return sign | (whole + (isUp ? 1 : 0));
}

function encodeBrainFloats(values: Float32Array): Uint8Array {
	const words = new Uint16Array(values.length);
	const bits = bitsOf(values);
	for (let index = 0; index < values.length; index++) {
		const value = bits[index] as number;
		// A NaN stays one: rounding could turn it into infinity.
		words[index] =
			(value & 0x7fffffff) > 0x7f800000
				? (value >>> 16) | 64
				: (value + (0x7fff + ((value >>> 16) & 1))) >>> 16;
	}
	return new Uint8Array(words.buffer);
}

/** Blocks of 32: a scale as a half float, then 32 signed bytes. */
function encodeBlocks(values: Float32Array): Uint8Array {
	const blocks = values.length / blockElements;
	if (!Number.isInteger(blocks))
		throw new RangeError("Q8_0 needs a multiple of 32 values");
	const bytes = new Uint8Array(blocks * blockBytes);
	const quants = new Int8Array(bytes.buffer);
	const scale = new Float32Array(1);
	const scaleBits = new Uint32Array(scale.buffer);
	for (let block = 0; block < blocks; block++) {
		const from = block * blockElements;
		let largest = 0;
		for (let index = 0; index < blockElements; index++)
			largest = Math.max(largest, Math.abs(values[from + index] as number));
		scale[0] = Math.fround(largest / 127);
		const inverse = scale[0] === 0 ? 0 : Math.fround(1 / (scale[0] as number));
		const half = toHalf(scaleBits[0] as number);
		const to = block * blockBytes;
		bytes[to] = half & 255;
		bytes[to + 1] = half >>> 8;
		for (let index = 0; index < blockElements; index++) {
			const scaled = Math.fround((values[from + index] as number) * inverse);
			// Halves away from zero, as C's roundf.
			quants[to + 2 + index] =
				scaled < 0 ? -Math.floor(0.5 - scaled) : Math.floor(scaled + 0.5);
		}
	}
	return bytes;
}

function bitsOf(values: Float32Array): Uint32Array {
	return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
