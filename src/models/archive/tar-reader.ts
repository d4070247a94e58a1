import { GalleyError } from "../../core/errors.ts";
import {
	blockBytes,
	decodeTarHeader,
	paddingOf,
	parsePaxRecords,
} from "./tar-header.ts";

export interface TarEntry {
	name: string;
	sizeBytes: number;
	/** Has to be read before the next entry is asked for; what is left is skipped. */
	content: AsyncIterable<Uint8Array>;
}

const maxPaxBytes = 64 * 1024;

/**
 * The files of an archive in their order. Throws GalleyError `model_unusable` when it is cut off or damaged, or holds
 * what could reach outside of a folder: absolute names, `..`, links, devices.
 */
export async function* readTar(
	source: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarEntry> {
	const bytes = new ByteQueue(source);
	let pax = new Map<string, string>();
	for (;;) {
		const header = decodeTarHeader(await bytes.take(blockBytes));
		// A second block of zeros follows; nothing behind it counts.
		if (header === null) return;
		if (header.type === "pax" || header.type === "global-pax") {
			if (header.sizeBytes > maxPaxBytes) throw refused("has a huge header");
			const records = parsePaxRecords(await bytes.take(header.sizeBytes));
			await bytes.take(paddingOf(header.sizeBytes).length);
			if (header.type === "pax") pax = records;
			continue;
		}
		const name = pax.get("path") ?? header.name;
		const sizeBytes = toSize(pax.get("size"), header.sizeBytes);
		pax = new Map();
		requireInside(name);
		if (header.type === "other")
			throw refused(`holds "${name}", which is neither a file nor a folder`);
		if (header.type === "folder") continue;
		const pieces = bytes.pieces(sizeBytes);
		// Without `return`, so that a reader who stops early leaves the rest to be skipped here.
		const content = {
			[Symbol.asyncIterator]: () => ({ next: () => pieces.next() }),
		};
		yield { name, sizeBytes, content };
		for await (const _rest of content);
		await bytes.take(paddingOf(sizeBytes).length);
	}
}

/** Refuses names that leave the folder they are unpacked into, on any operating system. */
export function requireInside(name: string): void {
	// A folder's name may end in a slash.
	const parts = name.replace(/\/$/, "").split("/");
	const isInside =
		!/[\0\\:]/.test(name) &&
		parts.every((part) => part !== "" && part !== "." && part !== "..");
	if (!isInside)
		throw refused(
			`holds the name ${JSON.stringify(name)}, which is not allowed`,
		);
}

function toSize(written: string | undefined, ofHeader: number): number {
	if (written === undefined) return ofHeader;
	const size = Number(written);
	if (!/^\d+$/.test(written) || !Number.isSafeInteger(size))
		throw refused("has a size that is no number");
	return size;
}

function refused(what: string): GalleyError {
	return new GalleyError(
		"model_unusable",
		`The archive ${what}; make it anew with galley export.`,
	);
}

/** A stream's bytes, taken in the lengths that the reader wants. */
class ByteQueue {
	readonly #chunks: AsyncIterator<Uint8Array>;
	#rest: Uint8Array = new Uint8Array(0);

	constructor(source: AsyncIterable<Uint8Array>) {
		this.#chunks = source[Symbol.asyncIterator]();
	}

	async take(count: number): Promise<Buffer> {
		const whole = Buffer.alloc(count);
		let filled = 0;
		for await (const piece of this.pieces(count)) {
			whole.set(piece, filled);
			filled += piece.length;
		}
		return whole;
	}

	async *pieces(count: number): AsyncGenerator<Uint8Array> {
		let left = count;
		while (left > 0) {
			if (this.#rest.length === 0) await this.#next(left);
			const piece = this.#rest.subarray(0, left);
			this.#rest = this.#rest.subarray(piece.length);
			left -= piece.length;
			yield piece;
		}
	}

	async #next(left: number): Promise<void> {
		const { done, value } = await this.#chunks.next();
		if (done === true) {
			throw new GalleyError(
				"model_unusable",
				`The archive is cut off: at least ${left} bytes are missing at its end. Copy it again.`,
			);
		}
		this.#rest = value;
	}
}
