import { RecentMap } from "./recent-map.ts";

/** Prompts are compared in pieces of so many bytes: about 64 tokens of English. */
const pieceBytes = 256;
/** The longest prefix that is looked at: beyond it requests of one conversation differ anyway. */
const mostPieces = 64;

/**
 * Which replica has lately seen which beginnings of prompts. Bounded: what was not seen lately is forgotten. Hashes
 * chain, so that a piece counts only behind the same beginning; prompts themselves are not kept. Two prompts with one hash send a
 * request to a replica that has to compute more than was thought, and do no other harm.
 */
export class PrefixMap {
	/** Hash of a prefix -> replicas that saw it. */
	readonly #seen: RecentMap<number, Set<string>>;

	constructor(maxEntries = 100_000) {
		this.#seen = new RecentMap(maxEntries);
	}

	/** Replica -> bytes of the longest beginning that it has seen. */
	lookup(hashes: readonly number[]): Map<string, number> {
		const found = new Map<string, number>();
		for (const [index, hash] of hashes.entries()) {
			const replicas = this.#seen.get(hash);
			if (replicas === undefined) break;
			for (const replica of replicas)
				found.set(replica, (index + 1) * pieceBytes);
		}
		return found;
	}

	add(hashes: readonly number[], replica: string): void {
		for (const hash of hashes) {
			const replicas = this.#seen.get(hash);
			if (replicas === undefined) this.#seen.set(hash, new Set([replica]));
			else replicas.add(replica);
		}
	}

	/** A replica that has ended has nothing cached any more. */
	forget(replica: string): void {
		for (const replicas of this.#seen.values()) replicas.delete(replica);
	}
}

/** Hashes of a prompt's beginnings, the shortest first; `salt` keeps tenants and models apart. */
export function prefixHashes(
	prompt: Buffer,
	salt: string,
	maxPieces = mostPieces,
): number[] {
	const hashes: number[] = [];
	// Two sums that are mixed differently: 53 bits of them are kept, as many as a number holds.
	let one = 0x9e3779b9;
	let two = 0x85ebca6b;
	const add = (value: number) => {
		one = Math.imul(one ^ value, 0x2c1b3c6d);
		one ^= one >>> 15;
		two = Math.imul(two ^ value, 0x297a2d39);
		two ^= two >>> 13;
	};
	for (let at = 0; at < salt.length; at++) add(salt.charCodeAt(at));
	const pieces = Math.min(maxPieces, Math.floor(prompt.length / pieceBytes));
	for (let piece = 0; piece < pieces; piece++) {
		const end = (piece + 1) * pieceBytes;
		for (let at = piece * pieceBytes; at < end; at += 4)
			add(prompt.readInt32LE(at));
		hashes.push((one >>> 0) * 2 ** 21 + (two >>> 11));
	}
	return hashes;
}
