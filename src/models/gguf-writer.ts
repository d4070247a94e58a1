import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { GalleyError } from "../core/errors.ts";
import { tensorTypes } from "./tensor-types.ts";

/** Writes GGUF version 3, little-endian: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
export type GgufNumberType =
	| "uint8"
	| "int8"
	| "uint16"
	| "int16"
	| "uint32"
	| "int32"
	| "float32"
	| "uint64"
	| "int64"
	| "float64";

export type GgufWriterValue =
	| { type: GgufNumberType; value: number | bigint }
	| { type: "bool"; value: boolean }
	| { type: "string"; value: string }
	| {
			type: "array";
			of: GgufNumberType;
			values: readonly (number | bigint)[];
	  }
	| { type: "array"; of: "bool"; values: readonly boolean[] }
	| { type: "array"; of: "string"; values: readonly string[] };

export interface GgufTensorPlan {
	name: string;
	/** Fastest-running dimension first, as the format stores it. */
	shape: readonly number[];
	/** A name of `tensorTypes`: `F32`, `F16`, `BF16`, `Q8_0` ... */
	type: string;
	/** Gives the tensor's bytes in order; asked once, when it is this tensor's turn. */
	chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface GgufWriting {
	path: string;
	values: ReadonlyMap<string, GgufWriterValue>;
	tensors: readonly GgufTensorPlan[];
	/** A power of two. */
	alignment?: number;
	onProgress?: ((writtenBytes: number, totalBytes: number) => void) | undefined;
	signal?: AbortSignal | undefined;
}

const typeNumbers = {
	uint8: 0,
	int8: 1,
	uint16: 2,
	int16: 3,
	uint32: 4,
	int32: 5,
	float32: 6,
	bool: 7,
	string: 8,
	array: 9,
	uint64: 10,
	int64: 11,
	float64: 12,
} as const;

/**
 * Writes beside `path` under another name and renames when all bytes are on the disk: `path` is the whole file or what it was
 * before, also when the process is killed. Returns the file's size.
 */
export async function writeGguf(writing: GgufWriting): Promise<number> {
	const { path, signal } = writing;
	const temporary = `${path}.${randomBytes(6).toString("hex")}.partial`;
	const layout = planLayout(writing);
	let isDone = false;
	const file = await openForWriting(temporary);
	try {
		try {
			await writeAll(file, layout.header);
			let written = layout.header.length;
			for (const tensor of layout.tensors) {
				await writeAll(file, Buffer.alloc(tensor.padding));
				written += tensor.padding;
				let tensorBytes = 0;
				for await (const chunk of tensor.plan.chunks()) {
					signal?.throwIfAborted();
					tensorBytes += chunk.length;
					if (tensorBytes > tensor.sizeBytes) break;
					await writeAll(file, chunk);
					writing.onProgress?.(written + tensorBytes, layout.totalBytes);
				}
				if (tensorBytes !== tensor.sizeBytes)
					throw new Error(
						`"${tensor.plan.name}" gave ${tensorBytes} bytes, ${tensor.sizeBytes} were planned`,
					);
				written += tensorBytes;
			}
			await writeAll(file, Buffer.alloc(layout.totalBytes - written));
			await file.sync();
		} finally {
			await file.close();
		}
		await rename(temporary, path);
		isDone = true;
		await syncDirectory(dirname(path));
		return layout.totalBytes;
	} catch (cause) {
		throw toWriteFailure(path, cause);
	} finally {
		if (!isDone) await rm(temporary, { force: true });
	}
}

interface Layout {
	header: Buffer;
	tensors: { plan: GgufTensorPlan; sizeBytes: number; padding: number }[];
	totalBytes: number;
}

/**
 *     [ header ][ padding ][ tensor ][ padding ][ tensor ] ... [ padding ]
 * Each tensor begins at a multiple of the alignment, counted from the end of the padded header.
 */
function planLayout(writing: GgufWriting): Layout {
	const { values, tensors, alignment = 32 } = writing;
	const encoder = new HeaderEncoder();
	encoder.bytes(Buffer.from("GGUF", "latin1"));
	encoder.number("uint32", 3);
	encoder.number("uint64", tensors.length);
	const isDefault = alignment === 32;
	encoder.number("uint64", values.size + (isDefault ? 0 : 1));
	if (!isDefault) {
		encoder.string("general.alignment");
		encoder.value({ type: "uint32", value: alignment });
	}
	for (const [key, value] of values) {
		encoder.string(key);
		encoder.value(value);
	}
	const planned: Layout["tensors"] = [];
	let offset = 0;
	for (const plan of tensors) {
		const start = alignUp(offset, alignment);
		const { number, sizeBytes } = storageOf(plan);
		encoder.string(plan.name);
		encoder.number("uint32", plan.shape.length);
		for (const length of plan.shape) encoder.number("uint64", length);
		encoder.number("uint32", number);
		encoder.number("uint64", start);
		planned.push({ plan, sizeBytes, padding: start - offset });
		offset = start + sizeBytes;
	}
	const bare = encoder.finish();
	const headerBytes = alignUp(bare.length, alignment);
	return {
		header: Buffer.concat([bare, Buffer.alloc(headerBytes - bare.length)]),
		tensors: planned,
		totalBytes: headerBytes + alignUp(offset, alignment),
	};
}

function storageOf(plan: GgufTensorPlan): {
	number: number;
	sizeBytes: number;
} {
	for (const [number, type] of tensorTypes) {
		if (type.name !== plan.type) continue;
		const elements = plan.shape.reduce((product, size) => product * size, 1);
		if ((plan.shape[0] ?? 1) % type.blockElements !== 0) break;
		return {
			number,
			sizeBytes: (elements / type.blockElements) * type.blockBytes,
		};
	}
	throw new Error(
		`"${plan.name}" of shape ${plan.shape.join(" x ")} can't be written as ${plan.type}`,
	);
}

function alignUp(bytes: number, alignment: number): number {
	return Math.ceil(bytes / alignment) * alignment;
}

/** Grows by doubling: a vocabulary of 250,000 texts would make as many small buffers. */
class HeaderEncoder {
	#buffer = Buffer.alloc(1024 * 1024);
	#at = 0;

	value(value: GgufWriterValue): void {
		this.number("uint32", typeNumbers[value.type]);
		if (value.type !== "array") {
			this.#scalar(value.type, value.value);
			return;
		}
		this.number("uint32", typeNumbers[value.of]);
		this.number("uint64", value.values.length);
		for (const item of value.values) this.#scalar(value.of, item);
	}

	string(text: string): void {
		const bytes = Buffer.byteLength(text, "utf8");
		this.number("uint64", bytes);
		this.#at += this.#room(bytes).write(text, this.#at, "utf8");
	}

	bytes(bytes: Uint8Array): void {
		this.#room(bytes.length).set(bytes, this.#at);
		this.#at += bytes.length;
	}

	number(type: GgufNumberType, value: number | bigint): void {
		const buffer = this.#room(8);
		switch (type) {
			case "uint8":
				this.#at = buffer.writeUInt8(Number(value), this.#at);
				break;
			case "int8":
				this.#at = buffer.writeInt8(Number(value), this.#at);
				break;
			case "uint16":
				this.#at = buffer.writeUInt16LE(Number(value), this.#at);
				break;
			case "int16":
				this.#at = buffer.writeInt16LE(Number(value), this.#at);
				break;
			case "uint32":
				this.#at = buffer.writeUInt32LE(Number(value), this.#at);
				break;
			case "int32":
				this.#at = buffer.writeInt32LE(Number(value), this.#at);
				break;
			case "float32":
				this.#at = buffer.writeFloatLE(Number(value), this.#at);
				break;
			case "uint64":
				this.#at = buffer.writeBigUInt64LE(BigInt(value), this.#at);
				break;
			case "int64":
				this.#at = buffer.writeBigInt64LE(BigInt(value), this.#at);
				break;
			case "float64":
				this.#at = buffer.writeDoubleLE(Number(value), this.#at);
				break;
		}
	}

	finish(): Buffer {
		return this.#buffer.subarray(0, this.#at);
	}

	#scalar(
		type: GgufNumberType | "bool" | "string",
		value: number | bigint | boolean | string,
	): void {
		if (type === "string") this.string(String(value));
		else if (type === "bool") this.number("uint8", value === true ? 1 : 0);
		else this.number(type, value as number | bigint);
	}

	#room(bytes: number): Buffer {
		const needed = this.#at + bytes;
		if (needed > this.#buffer.length) {
			const grown = Buffer.alloc(Math.max(needed, this.#buffer.length * 2));
			this.#buffer.copy(grown);
			this.#buffer = grown;
		}
		return this.#buffer;
	}
}

async function openForWriting(path: string): Promise<FileHandle> {
	return open(path, "wx").catch((cause) => {
		throw toWriteFailure(path, cause);
	});
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
	let written = 0;
	while (written < bytes.length)
		written += (await file.write(bytes, written)).bytesWritten;
}

/** Makes the rename itself last; where directories can't be synced (Windows), the file system sees to it. */
async function syncDirectory(path: string): Promise<void> {
	if (process.platform === "win32") return;
	const directory = await open(path, "r");
	try {
		await directory.sync();
	} finally {
		await directory.close();
	}
}

/** What the disk says, in words; anything else stays what it is. */
function toWriteFailure(path: string, cause: unknown): unknown {
	const code = cause instanceof Error && "code" in cause ? cause.code : null;
	const reasons: Record<string, string> = {
		ENOSPC: "the disk is full; free some space or choose another place",
		EDQUOT: "your share of the disk is used up; choose another place",
		EACCES: "you may not write there; choose another place",
		EPERM: "you may not write there; choose another place",
		EROFS: "that file system is read-only; choose another place",
		ENOENT: "the directory isn't there; make it first",
		EISDIR: "that is a directory; name a file",
	};
	const reason = typeof code === "string" ? reasons[code] : undefined;
	if (reason === undefined) return cause;
	return new GalleyError(
		"invalid_configuration",
		`"${path}" can't be written: ${reason}.`,
		{ cause },
	);
}
