import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { z } from "zod";
import { type ByteRange, ByteRanges } from "./byte-ranges.ts";

/**
 * What of a partial file is certainly on disk. One JSON value a line:
 *
 *     {"galley":1,"sizeBytes":4096,"validator":"\"etag\""}     what is being downloaded
 *     [[0,1024],[2048,3072]]                                  all that is there; the last whole line counts
 *
 * A line is written after the bytes it speaks of are durable, and only counts with the line break at its end: a kill at
 * any byte leaves a journal that claims too little, never too much.
 */
export interface JournalState {
	sizeBytes: number;
	/** The server's name for this state of the file (its ETag); null where a digest tells. */
	validator: string | null;
	received: ByteRanges;
}

const headerShape = z.object({
	galley: z.literal(1),
	sizeBytes: z.number().int().nonnegative(),
	validator: z.string().nullable(),
});
const offset = z.number().int().nonnegative();
const rangesShape = z.array(z.tuple([offset, offset]));

/** null when there is none, or none that can be read. */
export async function readJournal(path: string): Promise<JournalState | null> {
	try {
		return parseJournal(await readFile(path, "utf8"));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
		throw error;
	}
}

export function parseJournal(text: string): JournalState | null {
	const lines = text.split("\n");
	// What follows the last line break was being written when the process ended.
	lines.pop();
	const header = headerShape.safeParse(jsonOf(lines[0] ?? ""));
	if (!header.success) return null;
	const { sizeBytes, validator } = header.data;
	for (let index = lines.length - 1; index > 0; index--) {
		const ranges = rangesShape.safeParse(jsonOf(lines[index] ?? ""));
		const isSound =
			ranges.success &&
			ranges.data.every(([from, end]) => from < end && end <= sizeBytes);
		if (isSound)
			return { sizeBytes, validator, received: new ByteRanges(ranges.data) };
	}
	return { sizeBytes, validator, received: new ByteRanges() };
}

function jsonOf(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch (error) {
		// Torn by a crash of the machine; the line before counts.
		if (error instanceof SyntaxError) return null;
		throw error;
	}
}

export class DownloadJournal {
	readonly #file: FileHandle;

	private constructor(file: FileHandle) {
		this.#file = file;
	}

	/** Begins the journal anew with what is known to be there; a half-written last line of the old one is gone then. */
	static async begin(
		path: string,
		{ sizeBytes, validator, received }: JournalState,
	): Promise<DownloadJournal> {
		const draft = `${path}.new`;
		const file = await open(draft, "w");
		try {
			await file.write(
				`${JSON.stringify({ galley: 1, sizeBytes, validator })}\n${JSON.stringify(received.toArray())}\n`,
			);
			await file.datasync();
		} finally {
			await file.close();
		}
		await rename(draft, path);
		return new DownloadJournal(await open(path, "a"));
	}

	/** Only call this after the bytes of `ranges` are durable. */
	async write(ranges: readonly ByteRange[]): Promise<void> {
		await this.#file.write(`${JSON.stringify(ranges)}\n`);
	}

	close(): Promise<void> {
		return this.#file.close();
	}
}
