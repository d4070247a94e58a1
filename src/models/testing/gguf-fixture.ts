/** Writes GGUF headers for tests; the weights behind them are zeros. */
type Scalar = {
	type: "uint32" | "float32" | "bool" | "string" | "uint64";
	value: number | bigint | boolean | string;
};
export type FixtureValue =
	| Scalar
	| {
			type: "array";
			of: "uint32" | "string";
			values: readonly (number | string)[];
	  };

export interface GgufFixture {
	magic?: string;
	version?: number;
	tensorCount?: bigint;
	keyCount?: bigint;
	values?: Readonly<Record<string, FixtureValue>>;
	tensors?: readonly {
		name: string;
		shape: readonly number[];
		type: number;
		offset?: number;
	}[];
	/** Bytes of weights behind the header. */
	dataBytes?: number;
}

export const u32 = (value: number): FixtureValue => ({ type: "uint32", value });
export const f32 = (value: number): FixtureValue => ({
	type: "float32",
	value,
});
export const bool = (value: boolean): FixtureValue => ({ type: "bool", value });
export const text = (value: string): FixtureValue => ({
	type: "string",
	value,
});
export const u64 = (value: bigint): FixtureValue => ({ type: "uint64", value });
export const u32s = (values: readonly number[]): FixtureValue => ({
	type: "array",
	of: "uint32",
	values,
});
export const texts = (values: readonly string[]): FixtureValue => ({
	type: "array",
	of: "string",
	values,
});

const typeNumbers = {
	uint32: 4,
	float32: 6,
	bool: 7,
	string: 8,
	array: 9,
	uint64: 10,
};

export function ggufBytes(fixture: GgufFixture): Buffer {
	const { values = {}, tensors = [], dataBytes = 0 } = fixture;
	const parts: Buffer[] = [
		Buffer.from(fixture.magic ?? "GGUF", "latin1"),
		uint32(fixture.version ?? 3),
		uint64(fixture.tensorCount ?? BigInt(tensors.length)),
		uint64(fixture.keyCount ?? BigInt(Object.keys(values).length)),
	];
	for (const [key, value] of Object.entries(values))
		parts.push(string(key), valueBytes(value));
	for (const tensor of tensors) {
		parts.push(
			string(tensor.name),
			uint32(tensor.shape.length),
			...tensor.shape.map((length) => uint64(BigInt(length))),
		);
		parts.push(uint32(tensor.type), uint64(BigInt(tensor.offset ?? 0)));
	}
	const header = Buffer.concat(parts);
	const padding = (32 - (header.length % 32)) % 32;
	return Buffer.concat([header, Buffer.alloc(padding + dataBytes)]);
}

/** A small llama with the metadata that a description needs; `overrides` wins, undefined leaves a key out. */
export function llamaValues(
	overrides: Readonly<Record<string, FixtureValue | undefined>> = {},
): Record<string, FixtureValue> {
	const values: Record<string, FixtureValue | undefined> = {
		"general.architecture": text("llama"),
		"general.name": text("Small"),
		"general.file_type": u32(7),
		"llama.block_count": u32(2),
		"llama.context_length": u32(2048),
		"llama.embedding_length": u32(64),
		"llama.feed_forward_length": u32(128),
		"llama.attention.head_count": u32(4),
		"llama.attention.head_count_kv": u32(2),
		"tokenizer.ggml.tokens": texts(["a", "b", "c"]),
		"tokenizer.chat_template": text("{{ messages }}"),
		...overrides,
	};
	return Object.fromEntries(
		Object.entries(values).filter(
			(entry): entry is [string, FixtureValue] => entry[1] !== undefined,
		),
	);
}

function valueBytes(value: FixtureValue): Buffer {
	const type = uint32(typeNumbers[value.type]);
	if (value.type !== "array") return Buffer.concat([type, scalarBytes(value)]);
	const items = value.values.map((item) =>
		scalarBytes({ type: value.of, value: item }),
	);
	return Buffer.concat([
		type,
		uint32(typeNumbers[value.of]),
		uint64(BigInt(items.length)),
		...items,
	]);
}

function scalarBytes({ type, value }: Scalar): Buffer {
	switch (type) {
		case "string":
			return string(String(value));
		case "bool":
			return Buffer.from([value ? 1 : 0]);
		case "uint32":
			return uint32(Number(value));
		case "uint64":
			return uint64(BigInt(value));
		case "float32": {
			const bytes = Buffer.alloc(4);
			bytes.writeFloatLE(Number(value));
			return bytes;
		}
	}
}

function string(value: string): Buffer {
	const bytes = Buffer.from(value, "utf8");
	return Buffer.concat([uint64(BigInt(bytes.length)), bytes]);
}

function uint32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
}

function uint64(value: bigint): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(value);
	return bytes;
}
