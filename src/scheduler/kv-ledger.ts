import type { MemoryCosts } from "./memory-costs.ts";
import type { MemoryOperation } from "./memory-operation.ts";
import { type PrefixMatch, PrefixTree } from "./prefix-tree.ts";
import { noMatch, type ReusablePrefix } from "./reusable-prefix.ts";
import type { SavedMatch, SavedPrefixes } from "./saved-prefixes.ts";
import { chooseStream } from "./stream-choice.ts";

export interface KvLedgerOptions {
	layout: "unified" | "streams";
	/** Engine sequences: with streams one buffer each, unified any number over one pool. */
	slots: number;
	/** Cells of the unified pool. */
	kvCells: number;
	/** Cells of the unified pool that nobody uses and that stay filled all the same: attention passes over them. */
	maxIdleCells: number;
	/** Whether prefixes are kept and shared at all: not for memory that can't be cut. */
	sharesPrefixes: boolean;
	/** Whether evicted prefixes can be saved outside the engine. */
	savesPrefixes: boolean;
	/** The books of what was saved outlive a change of the layout. */
	saved: SavedPrefixes;
	costs: MemoryCosts;
}

type SlotState = "free" | "running" | "idle";

/**
 * The books of the KV cache: which slot holds which tokens, who shares them, what is kept after its sequence has ended
 * and what goes when room is needed. It decides and writes down; `takeOperations` says what the engine must do so that
 * its memory is as the books say.
 *
 * Unified: slots share cells, so the tree's runs are the cells. What a running sequence has generated is its own *tail*
 * until it ends; then it joins the tree. Streams: each slot has a buffer of its own, and sharing is copying.
 */
export class KvLedger {
	readonly #options: KvLedgerOptions;
	readonly #states: SlotState[];
	readonly #tree = new PrefixTree();
	/** Tokens that running slots hold beyond where they end in the tree. */
	readonly #tails: number[];
	readonly #operations: MemoryOperation[] = [];
	#tick = 0;
	#evictedTokens = 0;

	constructor(options: KvLedgerOptions) {
		this.#options = options;
		this.#states = new Array<SlotState>(options.slots).fill("free");
		this.#tails = new Array<number>(options.slots).fill(0);
	}

	/** Cells of the unified pool that hold something; with streams, positions that slots hold. */
	get usedCells(): number {
		if (this.#options.layout === "unified")
			return this.#tree.cells + this.#tailCells;
		return this.#positions(() => true);
	}

	/** Of these, what running sequences need. */
	get runningCells(): number {
		if (this.#options.layout === "unified") return this.distinctRunningCells;
		return this.#positions((state) => state === "running");
	}

	/** What running sequences hold, shared tokens counted once whatever the layout. */
	get distinctRunningCells(): number {
		return this.#tree.lockedCells + this.#tailCells;
	}

	/** Tokens kept for later. */
	get idleCells(): number {
		return this.usedCells - this.runningCells;
	}

	/** Cached tokens given up so far. */
	get evictedTokens(): number {
		return this.#evictedTokens;
	}

	/** Free cells and idle ones. */
	get availableCells(): number {
		return this.#options.kvCells - this.runningCells;
	}

	/** What the engine must do since the last call, in order. */
	takeOperations(): readonly MemoryOperation[] {
		return this.#operations.splice(0);
	}

	/** The longest prefix of at most `most` tokens that need not be computed. */
	find(namespace: string, tokens: Int32Array, most: number): ReusablePrefix {
		const nothing = { length: 0, match: noMatch, saved: null, cells: 0 };
		const { sharesPrefixes, layout, kvCells } = this.#options;
		if (!sharesPrefixes) return nothing;
		const match = this.#tree.match(namespace, tokens, most);
		const saved = this.#options.saved.findWorthRestoring(
			namespace,
			tokens,
			most,
			match.length,
		);
		// The whole state comes back before what is not wanted of it is cut off.
		if (saved !== null && (layout === "streams" || saved.tokens <= kvCells)) {
			const { length, tokens: cells } = saved;
			return { length, match: noMatch, saved, cells };
		}
		const cells = this.#tree.unlockedCells(match);
		return { length: match.length, match, saved: null, cells };
	}

	/** Gives a newcomer a slot and what it can reuse; null when all slots run. */
	open(
		namespace: string,
		tokens: Int32Array,
		prefix: ReusablePrefix,
	): { slot: number; cachedTokens: number } | null {
		this.#tick++;
		if (prefix.saved !== null)
			return this.#openRestored(namespace, tokens, prefix.length, prefix.saved);
		return this.#options.layout === "unified"
			? this.#openShared(namespace, prefix.match)
			: this.#openStream(namespace, tokens, prefix.match);
	}

	/** A running slot has computed tokens[from..end) more; `isPrompt` makes them shareable at once. */
	extend(
		slot: number,
		tokens: Int32Array,
		from: number,
		end: number,
		isPrompt: boolean,
	): void {
		const tail = this.#tails[slot] as number;
		if (isPrompt && tail === 0 && this.#options.sharesPrefixes)
			this.#join(slot, tokens, from, end);
		else this.#tails[slot] = tail + end - from;
	}

	/** Positions from `length` on turned out wrong (rejected drafts) or were not computed. */
	forget(slot: number, length: number): void {
		this.#operations.push({ type: "remove", slot, from: length });
	}

	/** The slot's sequence is gone; its first `length` tokens stay for the next one where that is useful. */
	close(slot: number, tokens: Int32Array, length: number): void {
		this.#tick++;
		if (!this.#options.sharesPrefixes) {
			this.#clear(slot);
			return;
		}
		const inTree = this.#tree.lengthOf(slot);
		this.#tails[slot] = 0;
		if (length > inTree) this.#join(slot, tokens, inTree, length);
		this.#tree.touch(slot, this.#tick);
		this.#tree.setRunning(slot, false);
		this.#states[slot] = "idle";
		if (length === 0 || this.#tree.isRedundant(slot)) this.#clear(slot);
		if (this.#options.layout === "unified")
			while (this.idleCells > this.#options.maxIdleCells && this.#evictLeaf());
	}

	/** Makes room for so many cells in the unified pool by giving up idle ones, the least recently used first. */
	makeRoom(cells: number): boolean {
		if (this.#options.layout === "streams") return true;
		while (this.#options.kvCells - this.usedCells < cells)
			if (!this.#evictLeaf()) return false;
		return true;
	}

	/** A restored prefix was not there. */
	failRestore(slot: number): void {
		this.#clear(slot);
	}
	/** Saves what idle slots hold and nobody has saved yet, before the memory goes; `atAnyCost` even what is cheap to compute. */
	saveIdle(atAnyCost: boolean): void {
		this.#states.forEach((state, slot) => {
			if (state === "idle") this.#save(slot, atAnyCost);
		});
	}

	checkIntegrity(): void {
		this.#tree.checkIntegrity();
		this.#options.saved.checkIntegrity();
		this.#states.forEach((state, slot) => {
			const isHolder = this.#tree.has(slot);
			const isRunning = isHolder && this.#tree.isRunning(slot);
			if (
				isHolder !== (state !== "free") ||
				isRunning !== (state === "running")
			)
				throw new Error(
					`Slot ${slot} is ${state}, but the tree has it otherwise.`,
				);
			if (state !== "running" && this.#tails[slot] !== 0)
				throw new Error(`Slot ${slot} is ${state} and has a tail.`);
		});
		const { layout, kvCells } = this.#options;
		if (layout === "unified" && this.usedCells > kvCells)
			throw new Error(`${this.usedCells} cells used of ${kvCells}.`);
	}

	get #tailCells(): number {
		return this.#tails.reduce((sum, tail) => sum + tail, 0);
	}

	#positions(counts: (state: SlotState) => boolean): number {
		let sum = 0;
		this.#states.forEach((state, slot) => {
			if (state !== "free" && counts(state))
				sum += this.#tree.lengthOf(slot) + (this.#tails[slot] as number);
		});
		return sum;
	}

	#openShared(
		namespace: string,
		match: PrefixMatch,
	): { slot: number; cachedTokens: number } | null {
		const source = match.node === null ? null : this.#tree.holderOf(match.node);
		const isWhole =
			source !== null &&
			!this.#tree.isRunning(source) &&
			this.#tree.lengthOf(source) === match.length;
		if (source !== null && isWhole) return this.#takeOver(source, match.length);
		const slot = this.#freeSlot(source);
		if (slot === null) {
			const isLastSlot = source !== null && !this.#tree.isRunning(source);
			return isLastSlot ? this.#takeOver(source, match.length) : null;
		}
		this.#tree.add(slot, namespace, match, true);
		this.#start(slot);
		if (source !== null)
			this.#operations.push({ type: "copy", source, slot, end: match.length });
		return { slot, cachedTokens: match.length };
	}

	#openStream(
		namespace: string,
		tokens: Int32Array,
		match: PrefixMatch,
	): { slot: number; cachedTokens: number } | null {
		const { costs } = this.#options;
		const isHolding = (slot: number) =>
			match.node !== null &&
			this.#tree.has(slot) &&
			this.#tree.holds(slot, match.node);
		const slot = this.#stream(
			(id) => isHolding(id) && this.#tree.lengthOf(id) === match.length,
		);
		if (slot === null) return null;
		if (this.#states[slot] === "idle" && isHolding(slot))
			return this.#takeOver(slot, match.length);
		if (this.#states[slot] === "idle") this.#evictSlot(slot);
		const isWorth =
			match.node !== null &&
			costs.copySeconds(match.length) < costs.prefillSeconds(match.length, 0);
		const shared = isWorth
			? this.#tree.match(namespace, tokens, match.length)
			: noMatch;
		if (shared.node !== null)
			this.#operations.push({
				type: "copy",
				source: this.#tree.holderOf(shared.node),
				slot,
				end: shared.length,
			});
		this.#tree.add(slot, namespace, shared, true);
		this.#start(slot);
		return { slot, cachedTokens: shared.length };
	}

	#openRestored(
		namespace: string,
		tokens: Int32Array,
		length: number,
		saved: SavedMatch,
	): { slot: number; cachedTokens: number } | null {
		const slot =
			this.#options.layout === "unified"
				? this.#freeSlot(null)
				: this.#stream(() => false);
		if (slot === null) return null;
		if (this.#states[slot] === "idle") this.#evictSlot(slot);
		// The whole state comes back before what is not wanted of it is cut off.
		if (!this.makeRoom(saved.tokens)) return null;
		this.#options.saved.touch(saved.id, this.#tick);
		this.#operations.push({
			type: "restore",
			slot,
			id: saved.id,
			end: length,
		});
		this.#tree.add(slot, namespace, noMatch, true);
		this.#start(slot);
		this.#join(slot, tokens, 0, length);
		return { slot, cachedTokens: length };
	}

	/** `isWhole`: whether an idle slot holds just what the newcomer can use. */
	#stream(isWhole: (slot: number) => boolean): number | null {
		return chooseStream(
			this.#states.map((state, slot) => ({
				isRunning: state === "running",
				canTakeOver: state === "idle" && isWhole(slot),
				lastUsed: state === "idle" ? this.#tree.lastUsed(slot) : -1,
			})),
		);
	}

	#takeOver(
		slot: number,
		length: number,
	): { slot: number; cachedTokens: number } {
		if (this.#tree.lengthOf(slot) > length) {
			this.#evictedTokens += this.#tree.lengthOf(slot) - length;
			this.#save(slot);
			this.#tree.truncate(slot, length);
			this.#operations.push({ type: "remove", slot, from: length });
		}
		this.#tree.setRunning(slot, true);
		this.#start(slot);
		return { slot, cachedTokens: length };
	}

	#start(slot: number): void {
		this.#states[slot] = "running";
		this.#tree.touch(slot, this.#tick);
	}

	/** A unified slot costs nothing, so any free one; without one, an idle slot is given up for it, but not `kept`. */
	#freeSlot(kept: number | null): number | null {
		const free = this.#states.indexOf("free");
		if (free !== -1) return free;
		let oldest: number | null = null;
		this.#states.forEach((state, slot) => {
			if (state !== "idle" || slot === kept) return;
			if (
				oldest === null ||
				this.#tree.lastUsed(slot) < this.#tree.lastUsed(oldest)
			)
				oldest = slot;
		});
		if (oldest !== null) this.#evictSlot(oldest);
		return oldest;
	}

	/** A slot's tokens join the tree; in the unified layout it takes the cells of those who have them already. */
	#join(slot: number, tokens: Int32Array, from: number, end: number): void {
		const duplicates = this.#tree.extend(slot, tokens, from, end);
		if (this.#options.layout === "streams") return;
		for (const { from, end, holder } of duplicates)
			this.#operations.push({
				type: "relink",
				source: holder,
				slot,
				from,
				end,
			});
	}

	#evictSlot(slot: number): void {
		this.#evictedTokens += this.#tree.lengthOf(slot);
		this.#save(slot);
		this.#clear(slot);
	}

	/** Gives up the idle leaf that was used longest ago; its holders keep what lies above it if nobody else does. */
	#evictLeaf(): boolean {
		const leaf = this.#tree.oldestIdleLeaf();
		if (leaf === null) return false;
		const { start } = leaf;
		this.#evictedTokens += leaf.tokens.length;
		const [first] = leaf.holders;
		if (first !== undefined) this.#save(first);
		for (const slot of [...leaf.holders]) {
			this.#tree.truncate(slot, start);
			if (start === 0 || this.#tree.isRedundant(slot)) this.#clear(slot);
			else this.#operations.push({ type: "remove", slot, from: start });
		}
		return true;
	}

	#save(slot: number, atAnyCost = false): void {
		if (!this.#options.savesPrefixes) return;
		const tokens = this.#tree.tokensOf(slot);
		const namespace = this.#tree.namespaceOf(slot);
		const { saved } = this.#options;
		const id = atAnyCost
			? saved.addUnknown(namespace, tokens)
			: saved.addWorthSaving(namespace, tokens);
		if (id !== null)
			this.#operations.push({ type: "save", slot, id, namespace, tokens });
	}

	#clear(slot: number): void {
		this.#tree.remove(slot);
		this.#tails[slot] = 0;
		this.#states[slot] = "free";
		this.#operations.push({ type: "remove", slot, from: 0 });
	}
}
