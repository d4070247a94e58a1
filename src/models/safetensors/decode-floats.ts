import { elementBytes, type SafetensorsType } from "./safetensors-header.ts";

/** Turns stored elements into 32-bit floats. Owns the table of the 65,536 half floats. */
export class FloatDecoder {
	readonly #halves = halfTable();

	/** Fills the first elements of `target`; returns how many. Integers become floats of the same value. */
	decode(
		bytes: Uint8Array,
		type: SafetensorsType,
		target: Float32Array,
	): number {
		const count = bytes.length / elementBytes[type];
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
		switch (type) {
			case "F32":
				// The platforms with an engine are all little-endian, as the format is.
				new Uint8Array(target.buffer, target.byteOffset, bytes.length).set(
					bytes,
				);
				break;
			case "BF16":
				decodeBrainFloats(bytes, target, count);
				break;
			case "F16":
				for (let index = 0; index < count; index++)
					target[index] = this.#halves[
						view.getUint16(index * 2, true)
					] as number;
				break;
			case "F64":
				for (let index = 0; index < count; index++)
					target[index] = view.getFloat64(index * 8, true);
				break;
			case "F8_E4M3":
				for (let index = 0; index < count; index++)
					target[index] = fromE4M3(bytes[index] as number);
				break;
			case "F8_E5M2":
				// The upper byte of a half float.
				for (let index = 0; index < count; index++)
					target[index] = this.#halves[(bytes[index] as number) << 8] as number;
				break;
			case "I64":
				for (let index = 0; index < count; index++)
					target[index] = Number(view.getBigInt64(index * 8, true));
				break;
			case "I32":
				for (let index = 0; index < count; index++)
					target[index] = view.getInt32(index * 4, true);
				break;
			case "I16":
				for (let index = 0; index < count; index++)
					target[index] = view.getInt16(index * 2, true);
				break;
			case "I8":
				for (let index = 0; index < count; index++)
					target[index] = view.getInt8(index);
				break;
			case "U8":
			case "BOOL":
				target.set(bytes);
				break;
		}
		return count;
	}
}

/** A bfloat16 is the upper half of a 32-bit float. */
function decodeBrainFloats(
	bytes: Uint8Array,
	target: Float32Array,
	count: number,
): void {
	const words = new Uint16Array(target.buffer, target.byteOffset, count * 2);
	for (let index = 0; index < count; index++) {
		words[index * 2] = 0;
		words[index * 2 + 1] =
			(bytes[index * 2] as number) | ((bytes[index * 2 + 1] as number) << 8);
	}
}

function halfTable(): Float32Array {
	const table = new Float32Array(65_536);
	for (let bits = 0; bits < table.length; bits++) {
		const sign = bits & 0x8000 ? -1 : 1;
		const exponent = (bits >> 10) & 31;
		const fraction = bits & 1023;
		table[bits] =
			sign *
			(exponent === 31
				? fraction === 0
					? Number.POSITIVE_INFINITY
					: Number.NaN
				: exponent === 0
					? fraction * 2 ** -24
					: (1 + fraction / 1024) * 2 ** (exponent - 15));
	}
	return table;
}

/** 4 bits of exponent, 3 of fraction, no infinities (https://arxiv.org/abs/2209.05433). */
function fromE4M3(bits: number): number {
	const sign = bits & 0x80 ? -1 : 1;
	const exponent = (bits >> 3) & 15;
	const fraction = bits & 7;
	if (exponent === 15 && fraction === 7) return Number.NaN;
	return (
		sign *
		(exponent === 0
			? fraction * 2 ** -9
			: (1 + fraction / 8) * 2 ** (exponent - 7))
	);
}
