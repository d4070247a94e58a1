import {
	commonLength,
	createNode,
	depth,
	type PrefixNode,
	pathTo,
} from "./prefix-node.ts";

export interface PrefixMatch {
	/** Tokens that are cached. */
	length: number;
	/** The node that holds the last of them; null when nothing matches. */
	node: PrefixNode | null;
}

/** A part of a holder's tokens that others hold already. */
export interface Duplicate {
	from: number;
	end: number;
	holder: number;
}

interface HolderState {
	node: PrefixNode;
	isRunning: boolean;
}

/**
 * A radix tree over token sequences: what is cached, by prefix. An edge is a run of tokens, and a *holder* (an engine
 * sequence, or a saved state) ends at a node and holds everything from the root to there.
 *
 *     root -- [system prompt] -- [question A] -- [answer A]   <- holder 3
 *                      \
 *                       [question B]                          <- holders 0 (running), 5
 *
 * Each namespace (adapter and salt) has a root of its own. A node is *locked* while a running holder ends in it or below.
 */
export class PrefixTree {
	readonly #roots = new Map<string, PrefixNode>();
	readonly #holders = new Map<number, HolderState>();
	#cells = 0;
	#lockedCells = 0;

	/** Tokens on all edges: each is one cell where holders share cells. */
	get cells(): number {
		return this.#cells;
	}

	/** Of these, the ones that running holders need. */
	get lockedCells(): number {
		return this.#lockedCells;
	}

	get holderCount(): number {
		return this.#holders.size;
	}

	has(holder: number): boolean {
		return this.#holders.has(holder);
	}

	/** How many tokens a holder holds. */
	lengthOf(holder: number): number {
		return depth(this.#state(holder).node);
	}

	isRunning(holder: number): boolean {
		return this.#state(holder).isRunning;
	}

	lastUsed(holder: number): number {
		return this.#state(holder).node.lastUsed;
	}

	tokensOf(holder: number): Int32Array {
		const { node } = this.#state(holder);
		const tokens = new Int32Array(depth(node));
		for (const each of pathTo(node)) tokens.set(each.tokens, each.start);
		return tokens;
	}

	namespaceOf(holder: number): string {
		let { node } = this.#state(holder);
		while (node.parent !== null) node = node.parent;
		return node.namespace as string;
	}

	/** The longest cached prefix of the first `length` tokens. */
	match(namespace: string, tokens: Int32Array, length: number): PrefixMatch {
		const root = this.#roots.get(namespace);
		if (root === undefined) return { length: 0, node: null };
		let node = root;
		let matched = 0;
		while (matched < length) {
			const child = node.children.get(tokens[matched] as number);
			if (child === undefined) break;
			const same = commonLength(child.tokens, tokens, matched, length);
			matched += same;
			node = child;
			if (same < child.tokens.length) break;
		}
		return { length: matched, node: node === root ? null : node };
	}

	/** Cells of a match that no running holder needs now: what a newcomer that takes it would lock. */
	unlockedCells({ length, node }: PrefixMatch): number {
		let cells = 0;
		for (let each = node; each?.parent; each = each.parent)
			if (each.locks === 0) cells += Math.min(length, depth(each)) - each.start;
		return cells;
	}

	/** Somebody who holds the node; idle ones that end right here first, since they can be taken over. */
	holderOf(node: PrefixNode): number {
		for (const holder of node.holders)
			if (!this.#state(holder).isRunning) return holder;
		let each = node;
		while (each.holders.size === 0)
			each = each.children.values().next().value as PrefixNode;
		return each.holders.values().next().value as number;
	}

	/** Whether a holder's tokens include those of a node. */
	holds(holder: number, node: PrefixNode): boolean {
		for (const each of pathTo(this.#state(holder).node))
			if (each === node) return true;
		return false;
	}

	/** Whether somebody else holds everything that this holder holds. */
	isRedundant(holder: number): boolean {
		const { node } = this.#state(holder);
		return node.holders.size > 1 || node.children.size > 0;
	}

	/** Begins a holder at the first `length` tokens of a match. */
	add(
		holder: number,
		namespace: string,
		match: PrefixMatch,
		isRunning: boolean,
	): void {
		const root = this.#root(namespace);
		const node =
			match.node === null ? root : this.#cut(match.node, match.length);
		this.#holders.set(holder, { node, isRunning });
		node.holders.add(holder);
		if (isRunning) this.#lock(node, 1);
	}

	/**
	 * A holder goes on with tokens[from..end), `from` being where it ends now. Returns what of it others hold already, in order.
	 */
	extend(
		holder: number,
		tokens: Int32Array,
		from: number,
		end: number,
	): Duplicate[] {
		const state = this.#state(holder);
		if (depth(state.node) !== from)
			throw new Error(
				`Holder ${holder} ends at ${depth(state.node)}, not at ${from}.`,
			);
		const duplicates: Duplicate[] = [];
		let node = state.node;
		let position = from;
		while (position < end) {
			const child = node.children.get(tokens[position] as number);
			if (child === undefined) break;
			const same = commonLength(child.tokens, tokens, position, end);
			duplicates.push({
				from: position,
				end: position + same,
				holder: this.holderOf(child),
			});
			position += same;
			node = this.#cut(child, position);
		}
		if (position < end) {
			const isGrowing =
				node === state.node &&
				node.parent !== null &&
				node.children.size === 0 &&
				node.holders.size === 1;
			// A prompt computed in chunks is one run, not a chain of nodes.
			if (isGrowing) this.#grow(node, tokens.subarray(from, end));
			else node = this.#append(node, tokens.slice(position, end));
		}
		this.#move(holder, state, node);
		return duplicates;
	}

	/** A holder keeps only its first `length` tokens. Runs that nobody holds any more are gone. */
	truncate(holder: number, length: number): void {
		const state = this.#state(holder);
		let { node } = state;
		while (node.start >= length && node.parent !== null) node = node.parent;
		if (node !== state.node || depth(node) > length)
			this.#move(
				holder,
				state,
				node.parent === null ? node : this.#cut(node, length),
			);
	}

	setRunning(holder: number, isRunning: boolean): void {
		const state = this.#state(holder);
		if (state.isRunning === isRunning) return;
		state.isRunning = isRunning;
		this.#lock(state.node, isRunning ? 1 : -1);
	}

	/** Everything on the way to where this holder ends was used now. */
	touch(holder: number, tick: number): void {
		for (const node of pathTo(this.#state(holder).node)) node.lastUsed = tick;
	}

	remove(holder: number): void {
		const state = this.#state(holder);
		this.#holders.delete(holder);
		state.node.holders.delete(holder);
		if (state.isRunning) this.#lock(state.node, -1);
		this.#prune(state.node);
	}

	/** The leaf that was used longest ago among those that no running holder needs; null when there is none. */
	oldestIdleLeaf(): PrefixNode | null {
		let oldest: PrefixNode | null = null;
		for (const { node } of this.#holders.values()) {
			if (node.locks > 0 || node.children.size > 0 || node.parent === null)
				continue;
			if (oldest === null || node.lastUsed < oldest.lastUsed) oldest = node;
		}
		return oldest;
	}

	/** Throws when the books do not balance. */
	checkIntegrity(): void {
		let cells = 0;
		let lockedCells = 0;
		const visit = (node: PrefixNode): number => {
			let locks = 0;
			for (const holder of node.holders) {
				if (this.#state(holder).node !== node)
					throw new Error(`Holder ${holder} ends elsewhere.`);
				if (this.#state(holder).isRunning) locks++;
			}
			for (const [token, child] of node.children) {
				if (child.tokens[0] !== token || child.parent !== node)
					throw new Error("A node hangs in the wrong place.");
				if (child.start !== depth(node))
					throw new Error("A node begins in the wrong place.");
				locks += visit(child);
			}
			if (node.parent !== null && node.children.size + node.holders.size === 0)
				throw new Error("A run is kept that nobody holds.");
			if (locks !== node.locks)
				throw new Error(`${node.locks} locks are noted, ${locks} are there.`);
			cells += node.tokens.length;
			if (locks > 0) lockedCells += node.tokens.length;
			return locks;
		};
		for (const root of this.#roots.values()) visit(root);
		if (cells !== this.#cells || lockedCells !== this.#lockedCells)
			throw new Error(
				`${this.#cells} cells (${this.#lockedCells} locked) are noted, ${cells} (${lockedCells}) are there.`,
			);
	}

	#state(holder: number): HolderState {
		const state = this.#holders.get(holder);
		if (state === undefined)
			throw new Error(`There is no holder ${holder} in the tree.`);
		return state;
	}

	#root(namespace: string): PrefixNode {
		const known = this.#roots.get(namespace);
		if (known !== undefined) return known;
		const root = createNode(namespace, null, 0, new Int32Array());
		this.#roots.set(namespace, root);
		return root;
	}

	/** The node that ends at `length`: this one, or its upper part after a split. */
	#cut(node: PrefixNode, length: number): PrefixNode {
		if (depth(node) === length || node.parent === null) return node;
		const { parent, start, tokens } = node;
		const upper = createNode(
			null,
			parent,
			start,
			tokens.slice(0, length - start),
		);
		upper.locks = node.locks;
		upper.lastUsed = node.lastUsed;
		parent.children.set(upper.tokens[0] as number, upper);
		node.parent = upper;
		node.start = length;
		node.tokens = tokens.slice(length - start);
		upper.children.set(node.tokens[0] as number, node);
		return upper;
	}

	#append(parent: PrefixNode, tokens: Int32Array): PrefixNode {
		const node = createNode(null, parent, depth(parent), tokens);
		node.lastUsed = parent.lastUsed;
		parent.children.set(tokens[0] as number, node);
		this.#cells += tokens.length;
		return node;
	}

	#grow(node: PrefixNode, more: Int32Array): void {
		const tokens = new Int32Array(node.tokens.length + more.length);
		tokens.set(node.tokens);
		tokens.set(more, node.tokens.length);
		node.tokens = tokens;
		this.#cells += more.length;
		if (node.locks > 0) this.#lockedCells += more.length;
	}

	#move(holder: number, state: HolderState, node: PrefixNode): void {
		const before = state.node;
		if (before === node) return;
		before.holders.delete(holder);
		node.holders.add(holder);
		state.node = node;
		if (state.isRunning) {
			this.#lock(node, 1);
			this.#lock(before, -1);
		}
		if (node.lastUsed < before.lastUsed) node.lastUsed = before.lastUsed;
		this.#prune(before);
	}

	#lock(node: PrefixNode, change: 1 | -1): void {
		for (let each: PrefixNode | null = node; each; each = each.parent) {
			const wasLocked = each.locks > 0;
			each.locks += change;
			if (wasLocked !== each.locks > 0)
				this.#lockedCells += change * each.tokens.length;
		}
	}

	/** Removes runs that nobody holds, upwards. */
	#prune(node: PrefixNode): void {
		let each = node;
		while (each.children.size === 0 && each.holders.size === 0) {
			const { parent } = each;
			if (parent === null) {
				this.#roots.delete(each.namespace as string);
				return;
			}
			parent.children.delete(each.tokens[0] as number);
			this.#cells -= each.tokens.length;
			each = parent;
		}
	}
}
