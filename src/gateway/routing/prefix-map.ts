import { createHash } from "node:crypto";

/** Prompts are compared in pieces of so many bytes: about 64 tokens of English. */
const pieceBytes = 256;
/** The longest prefix that is looked at: beyond it requests of one conversation differ anyway. */
const mostPieces = 64;

/**
 * Which replica has lately seen which beginnings of prompts. Bounded: what was not seen for longest goes first. Hashes
 * chain, so that a piece counts only behind the same beginning; prompts themselves are not kept.
 */
export class PrefixMap {
	readonly #maxEntries: number;
	/** Hash of a prefix -> replicas that saw it. Insertion order is order of use. */
	readonly #seen = new Map<string, Set<string>>();

	constructor(maxEntries = 100_000) {
		this.#maxEntries = maxEntries;
	}

	/** Replica -> bytes of the longest beginning that it has seen. */
	lookup(hashes: readonly string[]): Map<string, number> {
		const found = new Map<string, number>();
		for (const [index, hash] of hashes.entries()) {
			const replicas = this.#seen.get(hash);
			if (replicas === undefined) break;
			for (const replica of replicas)
				found.set(replica, (index + 1) * pieceBytes);
		}
		return found;
	}

	add(hashes: readonly string[], replica: string): void {
		for (const hash of hashes) {
			const replicas = this.#seen.get(hash) ?? new Set();
			replicas.add(replica);
			this.#seen.delete(hash);
			this.#seen.set(hash, replicas);
		}
		for (const hash of this.#seen.keys()) {
			if (this.#seen.size <= this.#maxEntries) break;
			this.#seen.delete(hash);
		}
	}

	/** A replica that has ended has nothing cached any more. */
	forget(replica: string): void {
		for (const [hash, replicas] of this.#seen) {
			replicas.delete(replica);
			if (replicas.size === 0) this.#seen.delete(hash);
		}
	}
}

/** Hashes of a prompt's beginnings, the shortest first; `salt` keeps tenants and models apart. */
export function prefixHashes(prompt: Buffer, salt: string): string[] {
	const hashes: string[] = [];
	let before = salt;
	const pieces = Math.min(mostPieces, Math.floor(prompt.length / pieceBytes));
	for (let piece = 0; piece < pieces; piece++) {
		const part = prompt.subarray(piece * pieceBytes, (piece + 1) * pieceBytes);
		before = createHash("sha1").update(before).update(part).digest("base64");
		hashes.push(before);
	}
	return hashes;
}
