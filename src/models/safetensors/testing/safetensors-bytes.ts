import type { SafetensorsType } from "../safetensors-header.ts";

export interface TensorFixture {
	type: SafetensorsType;
	shape: readonly number[];
	bytes: Uint8Array;
}

/** A whole file, tensor after tensor. */
export function safetensorsBytes(
	tensors: Readonly<Record<string, TensorFixture>>,
): Buffer {
	const header: Record<string, unknown> = {};
	let offset = 0;
	for (const [name, { type, shape, bytes }] of Object.entries(tensors)) {
		header[name] = {
			dtype: type,
			shape,
			data_offsets: [offset, offset + bytes.length],
		};
		offset += bytes.length;
	}
	return Buffer.concat([
		headerBytes(header),
		...Object.values(tensors).map(({ bytes }) => bytes),
	]);
}

export function headerBytes(header: unknown): Buffer {
	const json = Buffer.from(JSON.stringify(header), "utf8");
	const length = Buffer.alloc(8);
	length.writeBigUInt64LE(BigInt(json.length));
	return Buffer.concat([length, json]);
}

export function floatTensor(
	shape: readonly number[],
	valueAt: (index: number) => number = (index) => index / 7,
): TensorFixture {
	const length = shape.reduce((product, size) => product * size, 1);
	const values = Float32Array.from({ length }, (_, index) => valueAt(index));
	return { type: "F32", shape, bytes: new Uint8Array(values.buffer) };
}
