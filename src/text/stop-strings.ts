interface StopNode {
	/** UTF-16 unit -> node. */
	readonly next: Map<number, StopNode>;
	/** Units from the root: the length of the longest stop-string beginning that the text ends with. */
	readonly depth: number;
	/** The node of the longest proper suffix; the root points to itself. */
	suffix: StopNode;
	/** Length of the longest stop string that the text ends with here; 0 for none. */
	matchLength: number;
}

/**
 * Looks for stop strings in text that arrives in pieces, and holds back what could still become one. It is an
 * Aho-Corasick automaton: one look per UTF-16 unit, however many stop strings there are, and the depth of its state is
 * how much must be held.
 *
 *     stop "</s>"      text in:   "Hi <"   "b> <"   "/s"    ">x"
 *                      text out:  "Hi "    "<b> "   ""      ""      stopString = "</s>"
 *
 * The match that is complete first wins: the one that ends earliest in the text. Of several that end at the same place
 * the longest wins. So the outcome does not depend on how the text was cut into pieces. Empty stop strings never match.
 */
export class StopStrings {
	readonly #root: StopNode;
	readonly #includeStopString: boolean;
	#state: StopNode;
	#held = "";
	#stopString: string | null = null;

	constructor(stopStrings: readonly string[], includeStopString: boolean) {
		this.#root = createAutomaton(stopStrings);
		this.#state = this.#root;
		this.#includeStopString = includeStopString;
	}

	/** The stop string that was found; the text has ended then. */
	get stopString(): string | null {
		return this.#stopString;
	}

	/**
	 * Takes more text and gives the text that is certain. With `mayStop` false, stop strings that end in this piece are text
	 * like any other; what could become one that ends later is held all the same.
	 */
	push(text: string, mayStop: boolean): string {
		if (this.#stopString !== null) return "";
		let state = this.#state;
		for (let index = 0; index < text.length; index++) {
			state = this.#step(state, text.charCodeAt(index));
			if (state.matchLength === 0) continue;
			if (mayStop) return this.#stop(text.slice(0, index + 1), state);
			// Passed over: nothing that begins with a finished stop string needs to be held for its own sake.
			while (state.next.size === 0) state = state.suffix;
		}
		this.#state = state;
		const whole = this.#held + text;
		const certain = whole.length - state.depth;
		this.#held = whole.slice(certain);
		return state.depth === 0 ? whole : whole.slice(0, certain);
	}

	/** The stream has ended without a stop string: what was held is text. */
	flush(): string {
		const held = this.#held;
		this.#held = "";
		this.#state = this.#root;
		return held;
	}

	#step(from: StopNode, unit: number): StopNode {
		let state = from;
		for (;;) {
			const next = state.next.get(unit);
			if (next !== undefined) return next;
			if (state === this.#root) return state;
			state = state.suffix;
		}
	}

	#stop(text: string, { matchLength }: StopNode): string {
		const whole = this.#held + text;
		const start = whole.length - matchLength;
		this.#held = "";
		this.#stopString = whole.slice(start);
		return this.#includeStopString ? whole : whole.slice(0, start);
	}
}

function createAutomaton(stopStrings: readonly string[]): StopNode {
	const root = createRoot();
	for (const stopString of stopStrings) {
		if (stopString !== "") insert(root, stopString);
	}
	linkSuffixes(root);
	return root;
}

function createRoot(): StopNode {
	const root = { next: new Map(), depth: 0, matchLength: 0 };
	return Object.assign(root, { suffix: root as StopNode });
}

function insert(root: StopNode, stopString: string): void {
	let node = root;
	for (let index = 0; index < stopString.length; index++) {
		const unit = stopString.charCodeAt(index);
		const known = node.next.get(unit);
		const child = known ?? {
			next: new Map<number, StopNode>(),
			depth: node.depth + 1,
			suffix: root,
			matchLength: 0,
		};
		if (known === undefined) node.next.set(unit, child);
		node = child;
	}
	node.matchLength = node.depth;
}

/** Breadth first, so that a node's suffix, which is shorter, is complete before the node. */
function linkSuffixes(root: StopNode): void {
	const queue = [...root.next.values()];
	for (const node of queue) {
		for (const [unit, child] of node.next) {
			let suffix = node.suffix;
			while (suffix !== root && !suffix.next.has(unit)) suffix = suffix.suffix;
			child.suffix = suffix.next.get(unit) ?? root;
			// A whole stop string at the node is longer than any at its suffix.
			child.matchLength ||= child.suffix.matchLength;
			queue.push(child);
		}
	}
}
