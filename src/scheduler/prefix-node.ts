/** A run of tokens in a prefix tree. */
export interface PrefixNode {
	/** The tree's name, on the root; null on all other nodes. */
	readonly namespace: string | null;
	parent: PrefixNode | null;
	/** Depth of the first token of the run: how many tokens lie before it. */
	start: number;
	tokens: Int32Array;
	readonly children: Map<number, PrefixNode>;
	/** Holders that end exactly here. */
	readonly holders: Set<number>;
	/** Running holders that end here or below. */
	locks: number;
	/** The tick of the last step that began with it. */
	lastUsed: number;
}

export function createNode(
	namespace: string | null,
	parent: PrefixNode | null,
	start: number,
	tokens: Int32Array,
): PrefixNode {
	return {
		namespace,
		parent,
		start,
		tokens,
		children: new Map(),
		holders: new Set(),
		locks: 0,
		lastUsed: 0,
	};
}

/** How many tokens lie from the root to the end of this node. */
export function depth(node: PrefixNode): number {
	return node.start + node.tokens.length;
}

export function* pathTo(node: PrefixNode): Generator<PrefixNode> {
	for (let each: PrefixNode | null = node; each?.parent; each = each.parent)
		yield each;
}

export function commonLength(
	run: Int32Array,
	tokens: Int32Array,
	from: number,
	end: number,
): number {
	const most = Math.min(run.length, end - from);
	let same = 0;
	while (same < most && run[same] === tokens[from + same]) same++;
	return same;
}
