/** How a vector leaves: as it is, or with fewer bits. NIM's `embedding_type`. */
export const embeddingTypes = [
	"float",
	"int8",
	"uint8",
	"binary",
	"ubinary",
] as const;

export type EmbeddingType = (typeof embeddingTypes)[number];

export type EncodedVector = Float32Array | Int8Array | Uint8Array;

/**
 * | type | each component x of the vector, made a unit vector first | bytes |
 * |---|---|---|
 * | float | x | 4 a component |
 * | int8 | round(127 x): -127 to 127 | 1 |
 * | uint8 | round(127 x) + 128: 1 to 255 | 1 |
 * | ubinary | 1 where x > 0, else 0; 8 of them a byte, the first one in the highest bit; zeros fill the last byte | 1/8 |
 * | binary | the bytes of ubinary, each less 128: -128 to 127 | 1/8 |
 *
 * Binary forms are packed as Cohere's and as numpy's `packbits`. Scales are the same for all vectors, so that those of
 * different requests can be compared.
 */
export const vectorEncodings: Readonly<
	Record<EmbeddingType, (vector: Float32Array) => EncodedVector>
> = {
	float: (vector) => vector,
	int8: toInt8,
	uint8: (vector) => Uint8Array.from(toInt8(vector), (value) => value + 128),
	ubinary: packSigns,
	binary: (vector) => Int8Array.from(packSigns(vector), (byte) => byte - 128),
};

function toInt8(vector: Float32Array): Int8Array {
	let squares = 0;
	for (const value of vector) squares += value * value;
	// A vector of zeros stays one.
	const scale = squares === 0 ? 0 : 127 / Math.sqrt(squares);
	return Int8Array.from(vector, (value) => Math.round(value * scale));
}

function packSigns(vector: Float32Array): Uint8Array {
	const bytes = new Uint8Array(Math.ceil(vector.length / 8));
	for (let index = 0; index < vector.length; index++) {
		if ((vector[index] as number) > 0)
			bytes[index >> 3] = (bytes[index >> 3] as number) | (0x80 >> (index & 7));
	}
	return bytes;
}

/** Little-endian, as every machine is that Node runs on but IBM's mainframes; those are turned around. */
export function toLittleEndian(vector: EncodedVector | Int32Array): Buffer {
	const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = vector;
	const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
	if (isLittleEndian || BYTES_PER_ELEMENT === 1) return bytes;
	return Buffer.from(bytes).swap32();
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
