import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ByteRanges } from "./byte-ranges.ts";
import { explainWriteError } from "./disk-space.ts";
import { DownloadJournal, readJournal } from "./download-journal.ts";

/** A file on its way: its bytes at their places in a file of full length, and the journal of what is certain. */
export class PartialFile {
	readonly path: string;
	readonly sizeBytes: number;
	readonly validator: string | null;
	/** All that was written, certain or not. */
	readonly received: ByteRanges;
	readonly #file: FileHandle;
	readonly #journal: DownloadJournal;
	readonly #timer: NodeJS.Timeout;
	#saving: Promise<void> = Promise.resolve();
	#savedBytes: number;
	#failure: unknown = null;

	private constructor(
		path: string,
		state: {
			sizeBytes: number;
			validator: string | null;
			received: ByteRanges;
		},
		file: FileHandle,
		journal: DownloadJournal,
		checkpointMs: number,
	) {
		this.path = path;
		this.sizeBytes = state.sizeBytes;
		this.validator = state.validator;
		this.received = state.received;
		this.#file = file;
		this.#journal = journal;
		this.#savedBytes = state.received.total;
		this.#timer = setInterval(() => {
			// A failure is kept and thrown by the next write.
			this.checkpoint().catch((error: unknown) => {
				this.#failure = error;
			});
		}, checkpointMs);
		this.#timer.unref();
	}

	/** What an earlier run has left in the folder; null when there is nothing to go on with. */
	static async left(directory: string): Promise<{
		sizeBytes: number;
		validator: string | null;
		received: ByteRanges;
	} | null> {
		const state = await readJournal(journalPath(directory));
		if (state === null) return null;
		const status = await stat(dataPath(directory)).catch(
			(error: NodeJS.ErrnoException) => {
				if (error.code === "ENOENT") return null;
				throw error;
			},
		);
		return status?.size === state.sizeBytes ? state : null;
	}

	static async open(
		directory: string,
		state: {
			sizeBytes: number;
			validator: string | null;
			received: ByteRanges;
		},
		checkpointMs: number,
	): Promise<PartialFile> {
		await mkdir(directory, { recursive: true });
		const path = dataPath(directory);
		try {
			const file = await open(
				path,
				constants.O_RDWR | constants.O_CREAT,
				0o644,
			);
			try {
				await file.truncate(state.sizeBytes);
				const journal = await DownloadJournal.begin(
					journalPath(directory),
					state,
				);
				return new PartialFile(path, state, file, journal, checkpointMs);
			} catch (error) {
				await file.close();
				throw error;
			}
		} catch (error) {
			throw explainWriteError(error, path);
		}
	}

	static async discard(directory: string): Promise<void> {
		// The journal first: without it the data mean nothing, without the data it would lie.
		await rm(journalPath(directory), { force: true });
		await rm(dataPath(directory), { force: true });
	}

	async write(bytes: Uint8Array, position: number): Promise<void> {
		if (this.#failure !== null) throw this.#failure;
		try {
			for (let done = 0; done < bytes.length; ) {
				const { bytesWritten } = await this.#file.write(
					bytes,
					done,
					bytes.length - done,
					position + done,
				);
				done += bytesWritten;
			}
		} catch (error) {
			throw explainWriteError(error, this.path);
		}
		this.received.add(position, position + bytes.length);
	}

	/** Makes what was written durable, and only then says so in the journal. */
	checkpoint(): Promise<void> {
		this.#saving = this.#saving.then(async () => {
			const total = this.received.total;
			if (total === this.#savedBytes) return;
			const ranges = this.received.toArray();
			try {
				await this.#file.datasync();
				await this.#journal.write(ranges);
			} catch (error) {
				throw explainWriteError(error, this.path);
			}
			this.#savedBytes = total;
		});
		return this.#saving;
	}

	async close(): Promise<void> {
		clearInterval(this.#timer);
		try {
			await this.checkpoint();
		} finally {
			await this.#journal.close();
			await this.#file.close();
		}
	}
}

export function dataPath(directory: string): string {
	return join(directory, "data");
}

export function journalPath(directory: string): string {
	return join(directory, "journal");
}
