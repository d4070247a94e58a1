/**
 * Blocks of GGML's tensor types, filled at random. Layouts are those of llama.cpp's `ggml-common.h`; scales are set so that the
 * dequantised weights have mean zero and the standard deviation asked for, so activations stay finite at any depth.
 */

export interface BlockType {
	/** GGML's type number in a GGUF file. */
	id: number;
	name: string;
	/** Weights in one block; a row must be a multiple of it. */
	elements: number;
	bytes: number;
	fill(block: DataView, deviation: number, random: () => number): void;
}

/** Standard deviation of a uniform distribution over the integers low..high. */
function uniformDeviation(low: number, high: number): number {
	return Math.sqrt(((high - low + 1) ** 2 - 1) / 12);
}

/** Rounds to the nearest IEEE 754 half; subnormals included, overflow saturates. */
export function toHalf(value: number): number {
	const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
	const magnitude = Math.min(Math.abs(value), 65_504);
	if (magnitude < 2 ** -14) return sign | Math.round(magnitude * 2 ** 24);
	const exponent = Math.floor(Math.log2(magnitude));
	// A mantissa that rounds up to 1024 carries into the exponent by plain addition.
	return (
		sign |
		(((exponent + 15) << 10) +
			Math.round((magnitude / 2 ** exponent - 1) * 1024))
	);
}

function fillBytes(
	block: DataView,
	from: number,
	to: number,
	random: () => number,
): void {
	for (let at = from; at < to; at++) block.setUint8(at, random() & 0xff);
}

const f32: BlockType = {
	id: 0,
	name: "F32",
	elements: 1,
	bytes: 4,
	fill(block, deviation, random) {
		block.setFloat32(
			0,
			(random() / 2 ** 31 - 1) * Math.sqrt(3) * deviation,
			true,
		);
	},
};

const f16: BlockType = {
	id: 1,
	name: "F16",
	elements: 1,
	bytes: 2,
	fill(block, deviation, random) {
		block.setUint16(
			0,
			toHalf((random() / 2 ** 31 - 1) * Math.sqrt(3) * deviation),
			true,
		);
	},
};

/** half scale | 32 signed bytes */
const q8_0: BlockType = {
	id: 8,
	name: "Q8_0",
	elements: 32,
	bytes: 34,
	fill(block, deviation, random) {
		block.setUint16(0, toHalf(deviation / uniformDeviation(-127, 127)), true);
		// -128 never occurs in quantised files, and some kernels rely on it.
		for (let at = 2; at < 34; at++) block.setInt8(at, (random() % 255) - 127);
	},
};

/** half scale | 32 fifth bits | 32 nibbles; weight = scale x (q - 16) */
const q5_0: BlockType = {
	id: 6,
	name: "Q5_0",
	elements: 32,
	bytes: 22,
	fill(block, deviation, random) {
		block.setUint16(0, toHalf(deviation / uniformDeviation(-16, 15)), true);
		fillBytes(block, 2, 22, random);
	},
};

/**
 * half scale of scales | half scale of minima | 8 x (6-bit scale, 6-bit minimum) in 12 bytes | 256 nibbles;
 * weight = d x scale x q - dmin x minimum. Scale = minimum and dmin = 7.5 d make it d x scale x (q - 7.5).
 */
const q4_k: BlockType = {
	id: 12,
	name: "Q4_K",
	elements: 256,
	bytes: 144,
	fill(block, deviation, random) {
		const d = deviation / (uniformDeviation(0, 15) * 48);
		block.setUint16(0, toHalf(d), true);
		block.setUint16(2, toHalf(7.5 * d), true);
		for (let j = 0; j < 4; j++) {
			const low = 32 + (random() & 31);
			const high = 32 + (random() & 31);
			// Bytes 0..3 hold scales 0..3 and the top bits of scales 4..7; bytes 4..7 the same for minima;
			// bytes 8..11 the low nibbles of scales and minima 4..7.
			block.setUint8(4 + j, low | ((high >> 4) << 6));
			block.setUint8(8 + j, low | ((high >> 4) << 6));
			block.setUint8(12 + j, (high & 15) | ((high & 15) << 4));
		}
		fillBytes(block, 16, 144, random);
	},
};

/** 256 low nibbles | 256 high bit pairs | 16 signed byte scales | half scale; weight = d x scale x (q - 32) */
const q6_k: BlockType = {
	id: 14,
	name: "Q6_K",
	elements: 256,
	bytes: 210,
	fill(block, deviation, random) {
		fillBytes(block, 0, 192, random);
		for (let at = 192; at < 208; at++) block.setInt8(at, 64 + (random() & 63));
		block.setUint16(
			208,
			toHalf(deviation / (uniformDeviation(-32, 31) * 96)),
			true,
		);
	},
};

export const blockTypes = { f32, f16, q8_0, q5_0, q4_k, q6_k };

/**
 * Random blocks of about `bytes` together, written again and again from a moving start. The number of blocks is prime, so rows of any
 * length come out different until the pool has been used up as many times as a row has blocks.
 */
export function createBlockPool(
	type: BlockType,
	deviation: number,
	random: () => number,
	bytes: number,
): Uint8Array {
	let count = Math.max(3, Math.floor(bytes / type.bytes));
	while (!isPrime(count)) count--;
	const pool = new Uint8Array(count * type.bytes);
	for (let index = 0; index < count; index++) {
		type.fill(
			new DataView(pool.buffer, index * type.bytes, type.bytes),
			deviation,
			random,
		);
	}
	return pool;
}

function isPrime(value: number): boolean {
	for (let divisor = 2; divisor * divisor <= value; divisor++)
		if (value % divisor === 0) return false;
	return value > 1;
}
