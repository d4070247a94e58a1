export type Level = Pick<Frame, "position" | "isRound" | "min" | "max">;

/**
 * One level of a stack: where to go on when the rule or the round of a loop above it has ended. Stacks share their lower levels, and
 * equal stacks are the same object.
 */
export class Frame {
	readonly id: number;
	/** The position to go on at; for the round of a loop the loop itself. */
	readonly position: number;
	readonly isRound: boolean;
	/** Rounds of the loop that must and may still follow; 0 and 0 for rules. */
	readonly min: number;
	readonly max: number;
	readonly parent: Frame | null;
	readonly depth: number;
	/** The largest counter on this level and below, as far as there are bounds. */
	readonly maxCounter: number;
	readonly children = new Map<number | string, Frame>();
	readonly threads = new Map<number | string, Thread>();

	constructor(
		id: number,
		{ position, isRound, min, max }: Level,
		parent: Frame | null,
	) {
		this.id = id;
		this.position = position;
		this.isRound = isRound;
		this.min = min;
		this.max = max;
		this.parent = parent;
		this.depth = parent === null ? 0 : parent.depth + 1;
		this.maxCounter = Math.max(
			min,
			max === Number.POSITIVE_INFINITY ? 0 : max,
			parent?.maxCounter ?? 0,
		);
	}
}

/** One way to read the text so far: a state of an automaton on top of a stack. */
export interface Thread {
	readonly id: number;
	readonly position: number;
	/** Of the automaton at that position. */
	readonly automatonState: number;
	/** Items that must and may still be completed; 0 and 0 where the position does not count. */
	readonly min: number;
	readonly max: number;
	readonly frame: Frame;
	/** What may follow when the automaton has ended; made when first asked for. */
	follow: State | null;
}

/** Whether the last byte begins or ends a list of distinct words. */
export type ListEdge = "start" | "end" | null;

/** What a state consists of. */
export interface StateParts {
	readonly threads: readonly Thread[];
	/** Whether the text may end here. */
	readonly canEnd: boolean;
	/** Threads whose distinct word is complete: they go on only if it is not in the list yet. */
	readonly gates: readonly Thread[];
	readonly edge: ListEdge;
}

/** All ways to read the text so far. */
export class State implements StateParts {
	readonly id: number;
	readonly generation: number;
	readonly threads: readonly Thread[];
	/** Whether the text may end here. */
	readonly canEnd: boolean;
	readonly gates: readonly Thread[];
	readonly edge: ListEdge;
	/** Those of the threads that are inside a distinct word. */
	readonly wordThreads: readonly Thread[];
	/** The same with all gates passed; made when first asked for. */
	opened: State | null | undefined = undefined;
	/** By byte class; undefined: not asked for yet; null: no way on. */
	readonly next: (State | null | undefined)[];
	/** The same with all counters cut down to what one token can reach: its mask is the same. */
	bounded: State | null = null;

	constructor(
		id: number,
		generation: number,
		{ threads, canEnd, gates, edge }: StateParts,
		wordThreads: readonly Thread[],
		classCount: number,
	) {
		this.id = id;
		this.generation = generation;
		this.threads = threads;
		this.canEnd = canEnd;
		this.gates = gates;
		this.edge = edge;
		this.wordThreads = wordThreads;
		this.next = new Array<State | null | undefined>(classCount).fill(undefined);
	}
}
