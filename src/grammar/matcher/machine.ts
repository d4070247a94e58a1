import { GrammarError } from "../grammar-error.ts";
import type { AutomatonData } from "../regular/automaton-data.ts";
import { ByteClasses } from "../regular/byte-classes.ts";
import { Closure } from "./closure.ts";
import {
	Frame,
	type Level,
	State,
	type StateParts,
	type Thread,
} from "./frame.ts";
import { countWords } from "./list-words.ts";
import { addAllowed } from "./mask-builder.ts";
import type { Program } from "./program.ts";
import type { TokenTrie } from "./token-trie.ts";

/** From here on what has been learned is forgotten; a matcher carries its own state over. */
const maxStates = 8_000;
const maxFrames = 40_000;
/** More than this inside one step: the grammar is too ambiguous to follow. */
const maxStatesAtOnce = 60_000;
const maxThreads = 1_000;
/** Threads moved on by a byte inside one step; some 2 s of work. */
const maxThreadSteps = 3_000_000;

export interface Terminal {
	readonly automaton: AutomatonData;
	/** The number of its token sets in the trie. */
	readonly id: number;
	/** For each state: the only byte that leads on, -1: none does, -2: several do. */
	readonly onlyByte: Int16Array;
}

/**
 * A grammar on a vocabulary: a pushdown automaton over bytes that is made deterministic where texts lead it. States, stacks and
 * transitions are made once and shared by all texts that come by.
 */
export class Machine {
	readonly program: Program;
	readonly trie: TokenTrie;
	/** By position; null for positions that read nothing. */
	readonly terminals: readonly (Terminal | null)[];
	readonly classes: Uint8Array;
	readonly #classCount: number;
	readonly #maxCounter: number;
	/** For the automata of distinct words, how many words go on from each state. */
	readonly #wordCounts = new Map<AutomatonData, Float64Array>();
	#generation = 0;
	#states = new Map<number | string, State>();
	#root: Frame;
	#frameCount = 0;
	#threadSteps = 0;

	constructor(program: Program, trie: TokenTrie) {
		this.program = program;
		this.trie = trie;
		this.terminals = describeTerminals(program, trie);
		const joint = ByteClasses.joint(
			new Set(this.terminals.flatMap((terminal) => terminal?.automaton ?? [])),
		);
		this.classes = joint.classes;
		this.#classCount = joint.classCount;
		// A token completes at most one item a byte, and may have begun one more at either end.
		this.#maxCounter = trie.maxTokenBytes + 2;
		for (const position of program.positions)
			if (position.kind === "distinct")
				this.#wordCounts.set(
					position.automaton,
					countWords(position.automaton),
				);
		this.#root = new Frame(trie.newId(), rootLevel, null);
	}

	start(): State {
		const closure = new Closure(this);
		closure.enter(this.program.start, this.#root);
		return this.#find(closure);
	}

	/** Begins a step: the same state, after what was learned may have been forgotten. */
	current(state: State): State {
		this.#threadSteps = 0;
		if (this.#states.size > maxStates || this.#frameCount > maxFrames) {
			this.#generation++;
			this.#states = new Map();
			this.#frameCount = 0;
			this.#root = new Frame(this.trie.newId(), rootLevel, null);
		}
		if (state.generation === this.#generation) return state;
		return this.#state(
			state.threads.map((thread) =>
				this.thread(
					thread.position,
					thread.automatonState,
					thread.min,
					thread.max,
					this.#adopt(thread.frame),
				),
			),
			state.canEnd,
		);
	}

	get hasLists(): boolean {
		return this.program.hasLists;
	}

	/** Null when the byte is not allowed. Words that should be distinct are taken to be. */
	step(state: State, byte: number): State | null {
		const next = this.read(state, byte);
		return next === null ? null : this.opened(next);
	}

	/** The same with gates: whether they may be passed is known to who knows the list. */
	read(state: State, byte: number): State | null {
		const column = this.classes[byte] as number;
		const known = state.next[column];
		if (known !== undefined) return known;
		const next = this.#step(state, byte);
		state.next[column] = next;
		return next;
	}

	opened(state: State): State | null {
		if (state.gates.length === 0) return state;
		if (state.opened === undefined)
			state.opened = this.without(state, [], true);
		return state.opened;
	}

	/** What remains of a state when some of its threads end, and its gates are passed or not; null when nothing does. */
	without(
		state: State,
		dropped: readonly Thread[],
		isOpen: boolean,
	): State | null {
		const closure = new Closure(this);
		for (const thread of state.threads)
			if (!dropped.includes(thread)) closure.threads.add(thread);
		closure.canEnd = state.canEnd;
		closure.edge = state.edge;
		if (isOpen) for (const gate of state.gates) closure.leave(gate);
		return closure.isEmpty ? null : this.#find(closure);
	}

	/** How many distinct words a thread inside one may still become. */
	wordCount({ position: number, automatonState }: Thread): number {
		const position = this.program.positions[number];
		if (position?.kind !== "distinct") return Number.POSITIVE_INFINITY;
		return this.#wordCounts.get(position.automaton)?.[automatonState] ?? 0;
	}

	/** A bitset over the vocabulary, without end tokens. Kept: not to be changed. */
	allowed(state: State): Uint32Array {
		const bounded = this.bounded(state);
		const { masks, maskWords } = this.trie;
		const known = masks.get(bounded.id);
		if (known !== undefined) return known;
		const mask = new Uint32Array(maskWords);
		addAllowed(this, bounded, mask);
		masks.set(bounded.id, mask, mask.byteLength + 100);
		return mask;
	}

	/** The byte that has to come next; null when there is none or a choice. */
	forcedByte(state: State): number | null {
		let forced: number | null = null;
		if (state.canEnd) return null;
		for (const { position, automatonState } of state.threads) {
			const byte = this.terminals[position]?.onlyByte[automatonState] ?? -2;
			if (byte < 0 || (forced !== null && forced !== byte)) return null;
			forced = byte;
		}
		return forced;
	}

	/** What may come once the automaton of a thread has ended. */
	followOf(thread: Thread): State {
		if (thread.follow === null) {
			const closure = new Closure(this);
			closure.leave(thread);
			thread.follow = this.#find(closure);
		}
		return thread.follow;
	}

	bounded(state: State): State {
		if (state.bounded !== null) return state.bounded;
		const threads = state.threads.map((thread) => {
			const most = this.#maxCounter;
			const frame =
				thread.frame.maxCounter <= most
					? thread.frame
					: this.#rebuild(thread.frame, most);
			const min = Math.min(thread.min, most);
			const max = cut(thread.max, most);
			return frame === thread.frame && min === thread.min && max === thread.max
				? thread
				: this.thread(thread.position, thread.automatonState, min, max, frame);
		});
		const bounded = threads.every(
			(thread, index) => thread === state.threads[index],
		)
			? state
			: this.#state(threads, state.canEnd);
		bounded.bounded = bounded;
		state.bounded = bounded;
		return bounded;
	}

	frame(level: Level, parent: Frame): Frame {
		const { position, isRound, min, max } = level;
		const key = isRound ? `${position} ${min} ${max}` : position;
		const known = parent.children.get(key);
		if (known !== undefined) return known;
		this.#frameCount++;
		const made = new Frame(this.trie.newId(), level, parent);
		parent.children.set(key, made);
		return made;
	}

	thread(
		position: number,
		automatonState: number,
		min: number,
		max: number,
		frame: Frame,
	): Thread {
		const place = position * 2 ** 24 + automatonState;
		const key = min === 0 && max === 0 ? place : `${place} ${min} ${max}`;
		const known = frame.threads.get(key);
		if (known !== undefined) return known;
		const made: Thread = {
			id: this.trie.newId(),
			position,
			automatonState,
			min,
			max,
			frame,
			follow: null,
		};
		frame.threads.set(key, made);
		return made;
	}

	#step(state: State, byte: number): State | null {
		this.#threadSteps += state.threads.length;
		if (this.#threadSteps > maxThreadSteps) throw tooAmbiguous();
		const closure = new Closure(this);
		for (const thread of state.threads) closure.read(thread, byte);
		return closure.isEmpty ? null : this.#find(closure);
	}

	#find(closure: Closure): State {
		return this.#stateOf(closure.parts);
	}

	#state(threads: readonly Thread[], canEnd: boolean): State {
		return this.#stateOf({ threads, canEnd, gates: [], edge: null });
	}

	#stateOf({ gates, edge, canEnd, ...parts }: StateParts): State {
		const threads = [...parts.threads];
		if (threads.length > maxThreads || this.#states.size > maxStatesAtOnce)
			throw tooAmbiguous();
		const [first] = threads;
		threads.sort((left, right) => left.id - right.id);
		const key =
			threads.length === 1 &&
			first !== undefined &&
			gates.length === 0 &&
			edge === null
				? first.id * 2 + (canEnd ? 1 : 0)
				: `${threads.map(({ id }) => id).join(" ")} ${canEnd} ${edge} ${gates.map(({ id }) => id).join(" ")}`;
		const known = this.#states.get(key);
		if (known !== undefined) return known;
		const made = new State(
			this.trie.newId(),
			this.#generation,
			{ threads, canEnd, gates, edge },
			this.hasLists ? threads.filter((thread) => this.#isInWord(thread)) : [],
			this.#classCount,
		);
		this.#states.set(key, made);
		return made;
	}

	#isInWord({ position: number, automatonState }: Thread): boolean {
		const position = this.program.positions[number];
		return (
			position?.kind === "distinct" &&
			position.automaton.start !== automatonState
		);
	}

	#adopt(frame: Frame): Frame {
		return this.#rebuild(frame, Number.POSITIVE_INFINITY);
	}

	/** The same stack in today's generation, with counters cut down to `most`. */
	#rebuild(frame: Frame, most: number): Frame {
		const levels: Frame[] = [];
		for (let level = frame; level.parent !== null; level = level.parent)
			levels.push(level);
		let rebuilt = this.#root;
		for (const { position, isRound, min, max } of levels.reverse())
			rebuilt = this.frame(
				{ position, isRound, min: Math.min(min, most), max: cut(max, most) },
				rebuilt,
			);
		return rebuilt;
	}
}

const tooAmbiguous = () =>
	new GrammarError(
		"too_large",
		"The grammar is too ambiguous: there are too many ways to read the text so far. Make its alternatives differ earlier.",
	);

/** Without bound stays without bound. */
const cut = (max: number, most: number) =>
	max === Number.POSITIVE_INFINITY ? max : Math.min(max, most);

const rootLevel: Level = { position: 0, isRound: false, min: 0, max: 0 };

function describeTerminals(
	program: Program,
	trie: TokenTrie,
): (Terminal | null)[] {
	const described = new Map<AutomatonData, Terminal>();
	return program.positions.map((position) => {
		if (
			position.kind !== "terminal" &&
			position.kind !== "counted" &&
			position.kind !== "distinct"
		)
			return null;
		const { automaton } = position;
		const known = described.get(automaton);
		if (known !== undefined) return known;
		const terminal = {
			automaton,
			id: trie.idOf(automaton),
			onlyByte: onlyBytes(automaton),
		};
		described.set(automaton, terminal);
		return terminal;
	});
}

function onlyBytes({
	classes,
	classCount,
	transitions,
	accepting,
}: AutomatonData): Int16Array {
	const sizes = new Uint16Array(classCount);
	const members = new Uint8Array(classCount);
	for (let byte = 0; byte < 256; byte++) {
		const column = classes[byte] as number;
		sizes[column] = (sizes[column] as number) + 1;
		members[column] = byte;
	}
	return Int16Array.from(accepting, (_, state) => {
		let only = -1;
		for (let column = 0; column < classCount; column++) {
			if (transitions[state * classCount + column] === 0) continue;
			if (only !== -1 || sizes[column] !== 1) return -2;
			only = members[column] as number;
		}
		return only;
	});
}
