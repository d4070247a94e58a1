/** The header of a GGUF version 3 file (ggml's `docs/gguf.md`): metadata and tensor table, little-endian. */

export type MetadataValue =
	| { type: "uint32"; value: number }
	| { type: "float32"; value: number }
	| { type: "bool"; value: boolean }
	| { type: "string"; value: string }
	| { type: "strings"; value: readonly string[] }
	| { type: "int32s"; value: readonly number[] };

export interface TensorEntry {
	name: string;
	dimensions: readonly number[];
	typeId: number;
	/** From the start of the data section; a multiple of the alignment. */
	offset: number;
}

export const alignment = 32;

export function alignUp(bytes: number): number {
	return Math.ceil(bytes / alignment) * alignment;
}

const typeIds = {
	uint32: 4,
	int32: 5,
	float32: 6,
	bool: 7,
	string: 8,
	array: 9,
};

/** Header bytes, padded to the alignment: tensor data follows at once. */
export function encodeHeader(
	metadata: ReadonlyMap<string, MetadataValue>,
	tensors: readonly TensorEntry[],
): Buffer {
	const parts: Buffer[] = [];
	const uint32 = (value: number) => {
		const part = Buffer.allocUnsafe(4);
		part.writeUInt32LE(value);
		parts.push(part);
	};
	const uint64 = (value: number) => {
		const part = Buffer.allocUnsafe(8);
		part.writeBigUInt64LE(BigInt(value));
		parts.push(part);
	};
	const string = (value: string) => {
		const text = Buffer.from(value, "utf8");
		uint64(text.length);
		parts.push(text);
	};

	parts.push(Buffer.from("GGUF", "latin1"));
	uint32(3);
	uint64(tensors.length);
	uint64(metadata.size);
	for (const [key, entry] of metadata) {
		string(key);
		switch (entry.type) {
			case "uint32":
				uint32(typeIds.uint32);
				uint32(entry.value);
				break;
			case "float32": {
				uint32(typeIds.float32);
				const part = Buffer.allocUnsafe(4);
				part.writeFloatLE(entry.value);
				parts.push(part);
				break;
			}
			case "bool":
				uint32(typeIds.bool);
				parts.push(Buffer.from([entry.value ? 1 : 0]));
				break;
			case "string":
				uint32(typeIds.string);
				string(entry.value);
				break;
			case "strings":
				uint32(typeIds.array);
				uint32(typeIds.string);
				uint64(entry.value.length);
				for (const text of entry.value) string(text);
				break;
			case "int32s":
				uint32(typeIds.array);
				uint32(typeIds.int32);
				uint64(entry.value.length);
				parts.push(Buffer.from(Int32Array.from(entry.value).buffer));
				break;
		}
	}
	for (const tensor of tensors) {
		string(tensor.name);
		uint32(tensor.dimensions.length);
		for (const dimension of tensor.dimensions) uint64(dimension);
		uint32(tensor.typeId);
		uint64(tensor.offset);
	}
	const header = Buffer.concat(parts);
	return Buffer.concat([
		header,
		Buffer.alloc(alignUp(header.length) - header.length),
	]);
}
