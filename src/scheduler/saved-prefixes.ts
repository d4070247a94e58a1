import type { MemoryCosts } from "./memory-costs.ts";
import { PrefixTree } from "./prefix-tree.ts";

export interface SavedMatch {
	id: number;
	/** How many tokens of the asked ones it has. */
	length: number;
	/** How many it has altogether: a state comes back as a whole. */
	tokens: number;
}

/** Fewer tokens are not worth moving a state for. */
const leastGain = 16;

/** The books of what was saved outside the engine: which state begins with which tokens, and what is worth the move. */
export class SavedPrefixes {
	readonly #costs: MemoryCosts;
	readonly #tree = new PrefixTree();
	readonly #lengths = new Map<number, number>();
	#nextId = 1;
	#tokens = 0;

	constructor(costs: MemoryCosts) {
		this.#costs = costs;
	}

	/** Tokens of all states. */
	get tokens(): number {
		return this.#tokens;
	}

	/** A state that a restart found. */
	add(id: number, namespace: string, tokens: Int32Array): void {
		this.#nextId = Math.max(this.#nextId, id + 1);
		this.#tree.add(id, namespace, { length: 0, node: null }, false);
		this.#tree.extend(id, tokens, 0, tokens.length);
		this.#lengths.set(id, tokens.length);
		this.#tokens += tokens.length;
	}

	/** The state to restore instead of computing what lies beyond the `cached` tokens; null when that is not cheaper. */
	findWorthRestoring(
		namespace: string,
		tokens: Int32Array,
		most: number,
		cached: number,
	): SavedMatch | null {
		const match = this.#find(namespace, tokens, most);
		if (match === null || match.length - cached < leastGain) return null;
		const isCheaper =
			this.#costs.restoreSeconds(match.tokens) <
			this.#costs.prefillSeconds(match.length - cached, cached);
		return isCheaper ? match : null;
	}

	/**
	 * Books a state that is about to go, if saving and restoring it is cheaper than computing what nobody has saved yet, and
	 * that is a good part of it. Gives its number; null when it isn't worth it.
	 */
	addWorthSaving(namespace: string, tokens: Int32Array): number | null {
		const { length } = tokens;
		const known = this.#find(namespace, tokens, length)?.length ?? 0;
		const gain = length - known;
		const moving =
			this.#costs.saveSeconds(length) + this.#costs.restoreSeconds(length);
		if (
			gain < leastGain ||
			4 * gain < length ||
			moving >= this.#costs.prefillSeconds(gain, known)
		)
			return null;
		return this.#addNext(namespace, tokens);
	}

	/** Books a state whatever it costs, unless all of it is saved already. */
	addUnknown(namespace: string, tokens: Int32Array): number | null {
		const known = this.#find(namespace, tokens, tokens.length)?.length ?? 0;
		return known === tokens.length ? null : this.#addNext(namespace, tokens);
	}

	touch(id: number, tick: number): void {
		this.#tree.touch(id, tick);
	}

	remove(id: number): void {
		if (!this.#tree.has(id)) return;
		this.#tree.remove(id);
		this.#tokens -= this.#lengths.get(id) as number;
		this.#lengths.delete(id);
	}

	checkIntegrity(): void {
		this.#tree.checkIntegrity();
	}

	#addNext(namespace: string, tokens: Int32Array): number {
		const id = this.#nextId;
		this.add(id, namespace, tokens);
		return id;
	}

	#find(
		namespace: string,
		tokens: Int32Array,
		most: number,
	): SavedMatch | null {
		const { length, node } = this.#tree.match(namespace, tokens, most);
		if (node === null) return null;
		const id = this.#tree.holderOf(node);
		return { id, length, tokens: this.#lengths.get(id) as number };
	}
}
