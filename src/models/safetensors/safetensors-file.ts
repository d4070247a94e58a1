import { constants, type FileHandle, open } from "node:fs/promises";
import { GalleyError } from "../../core/errors.ts";
import {
	maxHeaderBytes,
	parseSafetensorsHeader,
	type SafetensorsEntry,
	type SafetensorsHeader,
	unusable,
} from "./safetensors-header.ts";

/** One open file. Owns its handle. */
export class SafetensorsFile implements AsyncDisposable {
	readonly path: string;
	readonly header: SafetensorsHeader;
	readonly #file: FileHandle;

	private constructor(
		path: string,
		header: SafetensorsHeader,
		file: FileHandle,
	) {
		this.path = path;
		this.header = header;
		this.#file = file;
	}

	/** Throws GalleyError: `model_not_found` without a file, `model_unusable` when it is damaged, cut off or something else. */
	static async open(path: string): Promise<SafetensorsFile> {
		// Without O_NONBLOCK opening a pipe would wait for ever.
		const file = await open(
			path,
			constants.O_RDONLY | constants.O_NONBLOCK,
		).catch((cause: NodeJS.ErrnoException) => {
			throw cause.code === "ENOENT"
				? new GalleyError("model_not_found", `There is no file "${path}".`, {
						cause,
					})
				: unusable(path, `can't be opened: ${cause.message}`, cause);
		});
		try {
			return new SafetensorsFile(path, await readHeader(file, path), file);
		} catch (error) {
			await file.close();
			throw error;
		}
	}

	/** Fills `target` with the tensor's bytes from `from` (of the tensor). */
	async read(
		tensor: SafetensorsEntry,
		from: number,
		target: Uint8Array,
	): Promise<void> {
		if (from < 0 || from + target.length > tensor.sizeBytes)
			throw new RangeError(`"${tensor.name}" has no bytes there`);
		let filled = 0;
		while (filled < target.length) {
			const { bytesRead } = await this.#file.read(
				target,
				filled,
				target.length - filled,
				tensor.offset + from + filled,
			);
			if (bytesRead === 0)
				throw unusable(this.path, "became shorter while it was read");
			filled += bytesRead;
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#file.close();
	}
}

async function readHeader(
	file: FileHandle,
	path: string,
): Promise<SafetensorsHeader> {
	const status = await file.stat();
	if (!status.isFile())
		throw unusable(path, "is no file; name the directory that holds it");
	const start = Buffer.alloc(8);
	if (status.size < 8 || (await file.read(start, 0, 8, 0)).bytesRead < 8)
		throw unusable(path, "is too short for a safetensors file");
	const headerBytes = start.readBigUInt64LE();
	if (headerBytes > BigInt(maxHeaderBytes))
		throw unusable(
			path,
			"is no safetensors file (its header would be too long)",
		);
	const dataOffset = 8 + Number(headerBytes);
	if (dataOffset > status.size)
		throw unusable(path, "is cut off inside its header. Download it again");
	const json = Buffer.alloc(Number(headerBytes));
	let filled = 0;
	while (filled < json.length) {
		const { bytesRead } = await file.read(
			json,
			filled,
			json.length - filled,
			8 + filled,
		);
		if (bytesRead === 0)
			throw unusable(path, "became shorter while it was read");
		filled += bytesRead;
	}
	return parseSafetensorsHeader(json, dataOffset, status.size, path);
}
