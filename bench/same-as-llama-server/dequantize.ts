import { readFileSync, writeFileSync } from "node:fs";
import {
	type GgufMetadata,
	readGgufMetadata,
} from "../../src/models/gguf-metadata.ts";

const alignment = 32;
const f32 = 0;
/** Q8_0: a half-precision scale, then 32 signed bytes. */
const block = { elements: 32, bytes: 34 };

/** The same model with its Q8_0 weights written as the F32 numbers that they stand for. */
export async function dequantize(input: string, output: string): Promise<void> {
	const bytes = readFileSync(input);
	const metadata = await readGgufMetadata(input);
	const infos: Buffer[] = [];
	const weights: Buffer[] = [];
	let offset = 0;
	for (const tensor of metadata.tensors) {
		const values = toFloats(bytes, metadata, tensor);
		const data = Buffer.from(values.buffer);
		const padded = Buffer.alloc(Math.ceil(data.length / alignment) * alignment);
		data.copy(padded);
		infos.push(tensorInfo(tensor, offset));
		weights.push(padded);
		offset += padded.length;
	}
	const head = Buffer.concat([
		bytes.subarray(0, placeOfTensorInfos(bytes, metadata)),
		...infos,
	]);
	const padding = (alignment - (head.length % alignment)) % alignment;
	writeFileSync(
		output,
		Buffer.concat([head, Buffer.alloc(padding), ...weights]),
	);
}

type Tensor = GgufMetadata["tensors"][number];

/** Everything before the first tensor's name, with its length, is metadata: it stays as it is. */
function placeOfTensorInfos(bytes: Buffer, { tensors }: GgufMetadata): number {
	const place = bytes.indexOf(lengthAndName(tensors[0]?.name ?? ""));
	if (place === -1)
		throw new Error("The tensors are not where they should be.");
	return place;
}

function lengthAndName(name: string): Buffer {
	const bytes = Buffer.alloc(8 + Buffer.byteLength(name));
	bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(name)));
	bytes.write(name, 8);
	return bytes;
}

function tensorInfo({ name, shape }: Tensor, offset: number): Buffer {
	const rest = Buffer.alloc(4 + 8 * shape.length + 4 + 8);
	let at = rest.writeUInt32LE(shape.length);
	for (const size of shape) at = rest.writeBigUInt64LE(BigInt(size), at);
	at = rest.writeUInt32LE(f32, at);
	rest.writeBigUInt64LE(BigInt(offset), at);
	return Buffer.concat([lengthAndName(name), rest]);
}

function toFloats(
	bytes: Buffer,
	{ dataOffset }: GgufMetadata,
	{ offset, sizeBytes, elements, type, name }: Tensor,
): Float32Array<ArrayBuffer> {
	const data = bytes.subarray(
		dataOffset + offset,
		dataOffset + offset + sizeBytes,
	);
	const values = new Float32Array(elements);
	if (type.name === "F32") {
		for (let index = 0; index < elements; index++)
			values[index] = data.readFloatLE(4 * index);
		return values;
	}
	if (type.name !== "Q8_0")
		throw new Error(`${name} is ${type.name}: only Q8_0 and F32 are read.`);
	for (let index = 0; index < elements; index++) {
		const start = Math.floor(index / block.elements) * block.bytes;
		const quant = data.readInt8(start + 2 + (index % block.elements));
		values[index] = halfToNumber(data.readUInt16LE(start)) * quant;
	}
	return values;
}

/** IEEE 754 half precision. */
function halfToNumber(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	return exponent === 0
		? sign * fraction * 2 ** -24
		: sign * (1024 + fraction) * 2 ** (exponent - 25);
}
