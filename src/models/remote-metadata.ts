import type { ByteSource } from "./byte-cursor.ts";
import { type GgufMetadata, parseGgufMetadata } from "./gguf-metadata.ts";
import { describeParts, type ModelDescription } from "./model-description.ts";

/** A file on a server that answers range requests. */
export interface RemoteFile {
	/** As the repository calls it, folders included. */
	name: string;
	sizeBytes: number;
	/** The bytes from `from` up to, not including, `end`. */
	readRange(from: number, end: number): Promise<Uint8Array>;
}

/** Reads the header of a GGUF file without downloading it. Throws as `readGgufMetadata` does, and what `readRange` throws. */
export function readRemoteGgufMetadata(
	file: RemoteFile,
): Promise<GgufMetadata> {
	return parseGgufMetadata(new RangeSource(file), file.name);
}

/** As `describeModel`, for files on a server; `findFile` finds the other parts of a split model. */
export function describeRemoteModel(
	name: string,
	findFile: (name: string) => Promise<RemoteFile>,
): Promise<ModelDescription> {
	return describeParts(name, async (part) =>
		readRemoteGgufMetadata(await findFile(part)),
	);
}

const firstRangeBytes = 512 * 1024;
const largestRangeBytes = 8 * 1024 * 1024;

/**
 * Serves a cursor that reads from front to back out of few requests: each range is twice as long as the one before it, since
 * nobody knows how long a header is until it has been read. Small models need one request, a vocabulary of 150,000 words
 * about four. What the cursor skips (scores, token types) is not fetched when it lies beyond the range at hand.
 */
class RangeSource implements ByteSource {
	readonly sizeBytes: number;
	readonly #file: RemoteFile;
	#bytes: Uint8Array = new Uint8Array(0);
	/** Where `#bytes` begin in the file. */
	#start = 0;
	#nextRangeBytes = firstRangeBytes;

	constructor(file: RemoteFile) {
		this.#file = file;
		this.sizeBytes = file.sizeBytes;
	}

	async read(target: Uint8Array, position: number): Promise<number> {
		const end = this.#start + this.#bytes.length;
		if (position < this.#start || position >= end) await this.#fetch(position);
		const from = position - this.#start;
		const found = this.#bytes.subarray(from, from + target.length);
		target.set(found);
		return found.length;
	}

	async #fetch(position: number): Promise<void> {
		const end = Math.min(this.sizeBytes, position + this.#nextRangeBytes);
		this.#bytes =
			end <= position
				? new Uint8Array(0)
				: await this.#file.readRange(position, end);
		this.#start = position;
		this.#nextRangeBytes = Math.min(
			largestRangeBytes,
			this.#nextRangeBytes * 2,
		);
	}
}
