import { openSync } from "node:fs";
import {
	copyFile,
	type FileHandle,
	open,
	stat,
	truncate,
} from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";

export interface LogFileOptions {
	path: string;
	/** Above it the file is moved aside, over the one before. */
	maxBytes?: number;
	/** Each whole line that is written from now on. */
	onLine(line: string): void;
}

const lookMs = 250;
const pieceBytes = 65_536;
/** A line without an end is cut here. */
const maxLine = 100_000;

/**
 * What a process writes, followed. The process itself appends to the file, so that its words are kept when nobody listens. Only
 * copying and truncating can bound a file that another process holds open; a line that falls between the two is lost.
 */
export class LogFile {
	readonly path: string;
	readonly #maxBytes: number;
	readonly #onLine: (line: string) => void;
	#timer: NodeJS.Timeout | null = null;
	#position: number | null = null;
	#decoder = new StringDecoder("utf8");
	#rest = "";
	#isLooking = false;

	constructor({ path, maxBytes = 2_000_000, onLine }: LogFileOptions) {
		this.path = path;
		this.#maxBytes = maxBytes;
		this.#onLine = onLine;
	}

	/** For the process's own outputs. */
	openForAppending(): number {
		return openSync(this.path, "a", 0o600);
	}

	/** Follows what comes from now on. */
	follow(): void {
		if (this.#timer !== null) return;
		this.#timer = setInterval(() => void this.look(), lookMs);
		this.#timer.unref();
		void this.look();
	}

	/** Hands over what there is still, and ends. */
	async close(): Promise<void> {
		if (this.#timer === null) return;
		clearInterval(this.#timer);
		this.#timer = null;
		await this.look();
	}

	async look(): Promise<void> {
		if (this.#isLooking) return;
		this.#isLooking = true;
		try {
			// Most looks find nothing new.
			if ((await stat(this.path)).size === this.#position) return;
			const file = await open(this.path, "r");
			try {
				await this.#read(file);
			} finally {
				await file.close();
			}
			if ((this.#position ?? 0) > this.#maxBytes) await this.#rotate();
		} catch (error) {
			// Nothing was written yet, or somebody took the file away: both are no reason to stop serving.
			if ((error as NodeJS.ErrnoException).code !== "ENOENT")
				this.#onLine(`The log ${this.path} can't be read: ${error}`);
		} finally {
			this.#isLooking = false;
		}
	}

	async #read(file: FileHandle): Promise<void> {
		const { size } = await file.stat();
		// The first look is where the past ends.
		this.#position ??= size;
		if (size < this.#position) this.#position = 0;
		while (this.#position < size) {
			const buffer = Buffer.alloc(Math.min(pieceBytes, size - this.#position));
			const { bytesRead } = await file.read({
				buffer,
				position: this.#position,
			});
			if (bytesRead === 0) return;
			this.#position += bytesRead;
			this.#push(this.#decoder.write(buffer.subarray(0, bytesRead)));
		}
	}

	#push(text: string): void {
		const lines = (this.#rest + text).split("\n");
		this.#rest = lines.pop() ?? "";
		for (const line of lines) if (line !== "") this.#onLine(line);
		if (this.#rest.length <= maxLine) return;
		this.#onLine(this.#rest);
		this.#rest = "";
	}

	async #rotate(): Promise<void> {
		await copyFile(this.path, olderLog(this.path));
		await truncate(this.path, 0);
		this.#position = 0;
	}
}

export function olderLog(path: string): string {
	return `${path}.1`;
}

/** The last lines of a log, the oldest first; none where there is no file. */
export async function lastLines(path: string, most: number): Promise<string[]> {
	const lines = await linesOf(path, most);
	if (lines.length >= most) return lines.slice(-most);
	return [...(await linesOf(olderLog(path), most)), ...lines].slice(-most);
}

/** Lines are seldom longer; what lies before is not read. */
const usualLine = 1000;

async function linesOf(path: string, most: number): Promise<string[]> {
	let file: FileHandle;
	try {
		file = await open(path, "r");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
	try {
		const { size } = await file.stat();
		const length = Math.min(size, most * usualLine);
		const buffer = Buffer.alloc(length);
		const position = size - length;
		const { bytesRead } = await file.read({ buffer, position });
		const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
		// The first one may have begun before.
		return lines.slice(position > 0 ? 1 : 0).filter((line) => line !== "");
	} finally {
		await file.close();
	}
}
