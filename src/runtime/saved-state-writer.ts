import {
	closeSync,
	ftruncateSync,
	futimesSync,
	renameSync,
	rmSync,
	writeSync,
} from "node:fs";
import { crc32 } from "node:zlib";
import {
	encodeHeader,
	headerLength,
	type StateKey,
} from "./saved-state-file.ts";

export interface StateWriterOptions {
	fingerprint: string;
	key: StateKey;
	stateBytes: number;
	/** An empty file, open for writing, which the writer owns from now on. */
	file: number;
	temporaryPath: string;
	targetPath: string;
}

/**
 * Writes one state piece by piece. The file gets its name when it is complete. It isn't synced: after a power cut a torn
 * file fails its checksum, and all that is lost is a prefix to compute again.
 */
export class StateWriter {
	readonly #options: StateWriterOptions;
	readonly #headerBytes: number;
	#checksum = 0;
	#written = 0;

	constructor(options: StateWriterOptions) {
		this.#options = options;
		this.#headerBytes = headerLength(options.key);
		// Its full length at once, so that other processes count it before it is written.
		this.#orAbort(() =>
			ftruncateSync(options.file, this.#headerBytes + options.stateBytes),
		);
	}

	append(chunk: Uint8Array): void {
		this.#orAbort(() => {
			this.#write(chunk, this.#headerBytes + this.#written);
			this.#written += chunk.length;
			this.#checksum = crc32(chunk, this.#checksum);
		});
	}

	finish(lastUsedMs: number): void {
		const { file, fingerprint, key, stateBytes, temporaryPath, targetPath } =
			this.#options;
		const seconds = lastUsedMs / 1000;
		this.#orAbort(() => {
			if (this.#written !== stateBytes)
				throw new Error(`got ${this.#written} of ${stateBytes} bytes`);
			this.#write(
				encodeHeader(fingerprint, key, stateBytes, this.#checksum),
				0,
			);
			futimesSync(file, seconds, seconds);
		});
		closeSync(file);
		try {
			renameSync(temporaryPath, targetPath);
		} catch (thrown) {
			rmSync(temporaryPath, { force: true });
			throw thrown;
		}
	}

	/** Leaves nothing behind. */
	abort(): void {
		closeSync(this.#options.file);
		rmSync(this.#options.temporaryPath, { force: true });
	}

	/** After an error the writer is over, and its file gone. */
	#orAbort(work: () => void): void {
		try {
			work();
		} catch (thrown) {
			this.abort();
			throw thrown;
		}
	}

	#write(bytes: Uint8Array, position: number): void {
		let done = 0;
		while (done < bytes.length) {
			const left = bytes.length - done;
			done += writeSync(this.#options.file, bytes, done, left, position + done);
		}
	}
}
