import { open } from "node:fs/promises";
import { GalleyError } from "../core/errors.ts";
import { ByteCursor, type ByteSource, EndOfBytes } from "./byte-cursor.ts";
import { type TensorType, tensorTypes } from "./tensor-types.ts";

/** The header of a GGUF file: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The weights are never read. */
export interface GgufMetadata {
	version: number;
	values: ReadonlyMap<string, GgufValue>;
	tensors: readonly GgufTensor[];
	/** Where the weights begin. */
	dataOffset: number;
	/** The file's size. */
	sizeBytes: number;
}

type GgufScalar = number | bigint | boolean | string;
/** An array's values are only kept when there are few. */
type GgufArray = {
	length: number;
	values: readonly GgufScalar[] | null;
};
export type GgufValue = GgufScalar | GgufArray;

interface GgufTensor {
	name: string;
	/** Fastest-running dimension first, as stored. */
	shape: readonly number[];
	type: TensorType;
	elements: number;
	sizeBytes: number;
	/** From the beginning of the weights. */
	offset: number;
}

/** No real model comes near; a file that claims more is damaged or hostile. */
const limits = {
	keys: 65_536,
	tensors: 262_144,
	keyBytes: 65_535,
	tensorNameBytes: 1024,
	/** Chat templates are the longest texts. */
	stringBytes: 16 * 1024 * 1024,
	dimensions: 4,
	arrayDepth: 4,
};
const keptArrayLength = 1024;
const defaultAlignment = 32;

const valueTypes = [
	"uint8",
	"int8",
	"uint16",
	"int16",
	"uint32",
	"int32",
	"float32",
	"bool",
	"string",
	"array",
	"uint64",
	"int64",
	"float64",
] as const;
type ValueType = (typeof valueTypes)[number];
const scalarBytes: Readonly<
	Record<Exclude<ValueType, "string" | "array">, number>
> = {
	uint8: 1,
	int8: 1,
	uint16: 2,
	int16: 2,
	uint32: 4,
	int32: 4,
	float32: 4,
	bool: 1,
	uint64: 8,
	int64: 8,
	float64: 8,
};

/** Throws GalleyError: `model_not_found` without a file, `model_unusable` when it is no GGUF, damaged or cut off. */
export async function readGgufMetadata(path: string): Promise<GgufMetadata> {
	const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === "ENOENT")
			throw new GalleyError("model_not_found", `There is no file "${path}".`, {
				cause,
			});
		throw new GalleyError(
			"model_unusable",
			`"${path}" can't be opened: ${cause.message}.`,
			{ cause },
		);
	});
	try {
		const status = await file.stat();
		if (!status.isFile())
			throw new GalleyError(
				"model_unusable",
				`"${path}" is no file; name the GGUF file itself.`,
			);
		const read: ByteSource["read"] = async (target, position) =>
			(await file.read(target, 0, target.length, position)).bytesRead;
		return await parseGgufMetadata({ sizeBytes: status.size, read }, path);
	} finally {
		await file.close();
	}
}

/** `path` only stands in messages. */
export async function parseGgufMetadata(
	source: ByteSource,
	path: string,
): Promise<GgufMetadata> {
	try {
		return await new HeaderReader(
			new ByteCursor(source),
			source.sizeBytes,
			path,
		).read();
	} catch (error) {
		if (!(error instanceof EndOfBytes)) throw error;
		throw unusable(
			path,
			`ends inside its header, at ${source.sizeBytes} bytes: it is cut off. Download it again`,
			error,
		);
	}
}

class HeaderReader {
	readonly #cursor: ByteCursor;
	readonly #sizeBytes: number;
	readonly #path: string;

	constructor(cursor: ByteCursor, sizeBytes: number, path: string) {
		this.#cursor = cursor;
		this.#sizeBytes = sizeBytes;
		this.#path = path;
	}

	async read(): Promise<GgufMetadata> {
		const version = await this.#version();
		const tensorCount = await this.#count("tensors", limits.tensors);
		const keyCount = await this.#count("metadata keys", limits.keys);
		const values = new Map<string, GgufValue>();
		for (let index = 0; index < keyCount; index++) {
			const key = await this.#string(limits.keyBytes, "a metadata key");
			if (values.has(key))
				throw this.#damaged(`has the metadata key "${key}" twice`);
			values.set(key, await this.#value(await this.#valueType(), 0));
		}
		const tensors: GgufTensor[] = [];
		for (let index = 0; index < tensorCount; index++)
			tensors.push(await this.#tensor());

		const alignment = values.get("general.alignment") ?? defaultAlignment;
		if (
			typeof alignment !== "number" ||
			alignment < 1 ||
			!Number.isInteger(Math.log2(alignment))
		) {
			throw this.#damaged("has an alignment that is no power of two");
		}
		const dataOffset = Math.ceil(this.#cursor.position / alignment) * alignment;
		this.#checkEnd(tensors, dataOffset);
		return { version, values, tensors, dataOffset, sizeBytes: this.#sizeBytes };
	}

	async #version(): Promise<number> {
		if (this.#sizeBytes === 0)
			throw unusable(this.#path, "is empty. Download it again");
		await (this.#sizeBytes < 4 ? undefined : this.#cursor.need(4));
		const magic = this.#sizeBytes < 4 ? "" : this.#cursor.utf8(4);
		if (magic !== "GGUF") {
			throw unusable(
				this.#path,
				'is no GGUF file (it does not begin with "GGUF"). Galley runs models in the GGUF format',
			);
		}
		await this.#cursor.need(4);
		const version = this.#cursor.uint32();
		if (version === 2 || version === 3) return version;
		// A big-endian file's version has its bytes the other way round.
		const isSwapped = version !== 0 && (version & 0xffff) === 0;
		throw unusable(
			this.#path,
			isSwapped
				? "is a big-endian GGUF file; use the little-endian one"
				: `is of GGUF version ${version}; versions 2 and 3 can be read. Convert it anew`,
		);
	}

	async #tensor(): Promise<GgufTensor> {
		const name = await this.#string(limits.tensorNameBytes, "a tensor's name");
		await this.#cursor.need(4);
		const dimensions = this.#cursor.uint32();
		if (dimensions > limits.dimensions)
			throw this.#damaged(`has a tensor "${name}" of ${dimensions} dimensions`);
		const shape: number[] = [];
		for (let index = 0; index < dimensions; index++)
			shape.push(await this.#size(`tensor "${name}"`));
		await this.#cursor.need(4);
		const typeNumber = this.#cursor.uint32();
		const type = tensorTypes.get(typeNumber);
		if (type === undefined) {
			throw unusable(
				this.#path,
				`has a tensor "${name}" of type ${typeNumber}, which this engine doesn't know`,
			);
		}
		const offset = await this.#size(`tensor "${name}"`);
		const elements = shape.reduce((product, length) => product * length, 1);
		const rowElements = shape[0] ?? 1;
		if (
			!Number.isSafeInteger(elements) ||
			rowElements % type.blockElements !== 0
		) {
			throw this.#damaged(
				`has a tensor "${name}" of impossible shape ${shape.join(" x ")} for ${type.name}`,
			);
		}
		return {
			name,
			shape,
			type,
			elements,
			sizeBytes: (elements / type.blockElements) * type.blockBytes,
			offset,
		};
	}

	#checkEnd(tensors: readonly GgufTensor[], dataOffset: number): void {
		const end = tensors.reduce(
			(last, tensor) =>
				Math.max(last, dataOffset + tensor.offset + tensor.sizeBytes),
			0,
		);
		if (end <= this.#sizeBytes) return;
		throw unusable(
			this.#path,
			`is cut off: its weights need ${end} bytes, the file has ${this.#sizeBytes} (${end - this.#sizeBytes} are missing). ` +
				"Download it again",
		);
	}

	async #valueType(): Promise<ValueType> {
		await this.#cursor.need(4);
		const number = this.#cursor.uint32();
		const type = valueTypes[number];
		if (type === undefined)
			throw this.#damaged(`has a metadata value of unknown type ${number}`);
		return type;
	}

	async #value(type: ValueType, depth: number): Promise<GgufValue> {
		if (type === "array") return this.#array(depth);
		if (type === "string")
			return this.#string(limits.stringBytes, "a metadata text");
		await this.#cursor.need(scalarBytes[type]);
		return type === "bool" ? this.#cursor.uint8() !== 0 : this.#cursor[type]();
	}

	async #array(depth: number): Promise<GgufArray> {
		const type = await this.#valueType();
		const length = await this.#size("a metadata array");
		if (type === "array") {
			if (depth + 1 >= limits.arrayDepth)
				throw this.#damaged("has arrays nested too deeply");
			// Every inner array takes at least 12 bytes, so the end of the file bounds the work.
			for (let index = 0; index < length; index++)
				await this.#value("array", depth + 1);
			return { length, values: null };
		}
		if (length <= keptArrayLength) {
			const values: GgufScalar[] = [];
			for (let index = 0; index < length; index++)
				values.push((await this.#value(type, depth)) as GgufScalar);
			return { length, values };
		}
		if (type === "string") await this.#skipStrings(length);
		else this.#cursor.skip(length * scalarBytes[type]);
		return { length, values: null };
	}

	/** Most texts lie inside the window; those that it cuts are taken one by one. */
	async #skipStrings(count: number): Promise<void> {
		let left = count;
		for (;;) {
			left -= this.#cursor.skipTexts(left, limits.stringBytes);
			if (left === 0) return;
			const bytes = await this.#size("a text");
			if (bytes > limits.stringBytes)
				throw this.#damaged(`has a text of ${bytes} bytes`);
			this.#cursor.skip(bytes);
			left--;
			if (left > 0) await this.#cursor.need(8);
		}
	}

	async #string(maxBytes: number, what: string): Promise<string> {
		const bytes = await this.#size(what);
		if (bytes > maxBytes) throw this.#damaged(`has ${what} of ${bytes} bytes`);
		await this.#cursor.need(bytes);
		return this.#cursor.utf8(bytes);
	}

	async #count(what: string, max: number): Promise<number> {
		const count = await this.#size(what);
		if (count > max) throw this.#damaged(`claims ${count} ${what}`);
		return count;
	}

	async #size(what: string): Promise<number> {
		await this.#cursor.need(8);
		const size = this.#cursor.uint64();
		if (size > BigInt(Number.MAX_SAFE_INTEGER))
			throw this.#damaged(`claims a size of ${size} for ${what}`);
		return Number(size);
	}

	#damaged(what: string): GalleyError {
		return unusable(
			this.#path,
			`${what}: the file is damaged. Download it again`,
		);
	}
}

function unusable(path: string, what: string, cause?: unknown): GalleyError {
	return new GalleyError("model_unusable", `"${path}" ${what}.`, { cause });
}
