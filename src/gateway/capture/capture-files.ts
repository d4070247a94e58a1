import {
	type FileHandle,
	mkdir,
	open,
	readdir,
	rm,
	stat,
} from "node:fs/promises";
import { join } from "node:path";

export interface CaptureFilesOptions {
	directory: string;
	/** A file that has so many bytes is closed, and the next one begun. */
	maxFileBytes: number;
	/** The oldest go. */
	maxFiles: number;
	onProblem(error: unknown): void;
}

/** What a slow disk may leave in memory; more is dropped and counted. */
const maxPendingBytes = 16 * 1024 * 1024;
const form = /^capture-(\d{6,})\.jsonl$/;

/** JSON lines in numbered files of bounded size and number, readable by this user alone. */
export class CaptureFiles {
	readonly #options: CaptureFilesOptions;
	#file: FileHandle | null = null;
	#number = 0;
	#bytes = 0;
	#pendingBytes = 0;
	#work: Promise<void> = Promise.resolve();
	/** Lines that were not written, as the disk could not follow. */
	dropped = 0;

	constructor(options: CaptureFilesOptions) {
		this.#options = options;
	}

	/** Never waits and never throws. */
	write(record: object): void {
		const line = Buffer.from(`${JSON.stringify(record)}\n`);
		if (this.#pendingBytes + line.length > maxPendingBytes) {
			this.dropped++;
			return;
		}
		this.#pendingBytes += line.length;
		this.#work = this.#work
			.then(() => this.#append(line))
			.catch((error: unknown) => {
				this.dropped++;
				this.#options.onProblem(error);
			})
			.then(() => {
				this.#pendingBytes -= line.length;
			});
	}

	/** Resolves when all is written. */
	async close(): Promise<void> {
		await this.#work;
		await this.#file?.close();
		this.#file = null;
	}

	async #append(line: Buffer): Promise<void> {
		const { maxFileBytes } = this.#options;
		if (this.#file === null || this.#bytes + line.length > maxFileBytes)
			await this.#next();
		await this.#file?.appendFile(line);
		this.#bytes += line.length;
	}

	/** Goes on in the last file of an earlier run while that has room. */
	async #next(): Promise<void> {
		const { directory, maxFileBytes, maxFiles } = this.#options;
		const isFirst = this.#file === null;
		await this.#file?.close();
		this.#file = null;
		await mkdir(directory, { recursive: true, mode: 0o700 });
		const numbers = (await readdir(directory))
			.flatMap((name) => form.exec(name)?.[1] ?? [])
			.map(Number)
			.sort((one, other) => one - other);
		const last = numbers.at(-1) ?? 0;
		const path = (number: number) =>
			join(directory, `capture-${String(number).padStart(6, "0")}.jsonl`);
		const size = last === 0 ? maxFileBytes : (await stat(path(last))).size;
		const goesOn = isFirst && size < maxFileBytes;
		this.#number = goesOn ? last : Math.max(last, this.#number) + 1;
		this.#bytes = goesOn ? size : 0;
		this.#file = await open(path(this.#number), "a", 0o600);
		const kept = goesOn ? numbers : [...numbers, this.#number];
		for (const number of kept.slice(0, Math.max(0, kept.length - maxFiles)))
			await rm(path(number), { force: true });
	}
}
