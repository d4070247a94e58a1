import type { Frame, ListEdge, StateParts, Thread } from "./frame.ts";
import type { Machine } from "./machine.ts";
import { endPosition } from "./program.ts";

/** Deeper nesting is not offered to the model: a bracket too many is not allowed rather than followed. */
const maxDepth = 4_000;

interface Visit {
	readonly position: number;
	readonly frame: Frame;
	/** The lowest level of the stack since the last byte: frames above it are of rounds that have read nothing. */
	readonly floor: number;
}

/** Collects the threads of a state: reads a byte with each thread of the last one and follows all that reads nothing. */
export class Closure {
	readonly threads = new Set<Thread>();
	canEnd = false;
	edge: ListEdge = null;
	/** Only while a byte is read: what follows them is decided by who knows the list. */
	readonly gates = new Set<Thread>();
	readonly #machine: Machine;
	readonly #open: Visit[] = [];
	/** The lowest floor with which each position on each stack was visited. */
	readonly #floors = new Map<number, number>();

	constructor(machine: Machine) {
		this.#machine = machine;
	}

	get isEmpty(): boolean {
		return this.threads.size === 0 && this.gates.size === 0 && !this.canEnd;
	}

	get parts(): StateParts {
		return {
			...{ canEnd: this.canEnd, edge: this.edge },
			threads: [...this.threads],
			gates: [...this.gates],
		};
	}

	enter(position: number, frame: Frame): void {
		this.#visit(position, frame, frame.depth);
		for (
			let next = this.#open.pop();
			next !== undefined;
			next = this.#open.pop()
		)
			this.#follow(next);
	}

	/** What comes when the automaton of a thread has ended. */
	leave(thread: Thread): void {
		const position = this.#machine.program.positions[thread.position];
		if (
			position?.kind === "terminal" ||
			position?.kind === "counted" ||
			position?.kind === "distinct"
		)
			this.enter(position.next, thread.frame);
	}

	read(thread: Thread, byte: number): void {
		const machine = this.#machine;
		const terminal = machine.terminals[thread.position];
		if (terminal === null || terminal === undefined) return;
		const { automaton, onlyByte } = terminal;
		const { classes, classCount, transitions, accepting, start } = automaton;
		const { frame, position, min, max } = thread;
		const column = classes[byte] as number;
		const state = transitions[
			thread.automatonState * classCount + column
		] as number;
		if (state === 0) return;
		const kind = machine.program.positions[position]?.kind;
		if (kind !== "counted") {
			if (onlyByte[state] !== -1)
				this.threads.add(machine.thread(position, state, 0, 0, frame));
			if (accepting[state] !== 1) return;
			if (kind === "distinct")
				this.gates.add(machine.thread(position, gateState, 0, 0, frame));
			else this.leave(thread);
			return;
		}
		if (accepting[state] !== 1) {
			this.threads.add(machine.thread(position, state, min, max, frame));
			return;
		}
		const minLeft = Math.max(0, min - 1);
		if (max > 1)
			this.threads.add(
				machine.thread(position, start, minLeft, max - 1, frame),
			);
		if (minLeft === 0) this.leave(thread);
	}

	#visit(position: number, frame: Frame, floor: number): void {
		const key = frame.id * this.#machine.program.positions.length + position;
		const known = this.#floors.get(key);
		if (known !== undefined && known <= floor) return;
		this.#floors.set(key, floor);
		this.#open.push({ position, frame, floor });
	}

	#follow({ position: number, frame, floor }: Visit): void {
		const machine = this.#machine;
		const position = machine.program.positions[number];
		switch (position?.kind) {
			case "terminal":
			case "distinct": {
				const { start, accepting } = position.automaton;
				const isEnd = machine.terminals[number]?.onlyByte[start] === -1;
				if (!isEnd)
					this.threads.add(machine.thread(number, start, 0, 0, frame));
				if (accepting[start] === 1) this.#visit(position.next, frame, floor);
				return;
			}
			case "counted": {
				const { automaton, min, max } = position;
				this.threads.add(
					machine.thread(number, automaton.start, min, max, frame),
				);
				if (min === 0) this.#visit(position.next, frame, floor);
				return;
			}
			case "list-edge":
				this.edge = position.isStart ? "start" : "end";
				this.#visit(position.next, frame, floor);
				return;
			case "fork":
				for (const target of position.targets)
					this.#visit(target, frame, floor);
				return;
			case "call": {
				const entry = machine.program.entries.get(position.rule);
				if (entry === undefined || frame.depth >= maxDepth) return;
				// A call at the end of a rule needs no level of its own: the stack stays flat in lists that recur at their end.
				const inner =
					position.next === endPosition
						? frame
						: machine.frame(returnTo(position.next), frame);
				this.#visit(entry, inner, floor);
				return;
			}
			case "loop":
				this.#round(number, position.min, position.max, frame, floor);
				return;
			case "end":
				this.#end(frame, floor);
		}
	}

	#end(frame: Frame, floor: number): void {
		const { parent, position, isRound, min, max } = frame;
		if (parent === null) {
			this.canEnd = true;
			return;
		}
		if (!isRound) {
			this.#visit(position, parent, Math.min(floor, parent.depth));
			return;
		}
		// A round that has read nothing adds nothing.
		if (frame.depth > floor) return;
		this.#round(position, min, max, parent, Math.min(floor, parent.depth));
	}

	/** Before a round of a loop: leave, or go round once more. */
	#round(
		number: number,
		min: number,
		max: number,
		frame: Frame,
		floor: number,
	): void {
		const loop = this.#machine.program.positions[number];
		if (loop?.kind !== "loop") return;
		if (min === 0) this.#visit(loop.next, frame, floor);
		if (max === 0 || frame.depth >= maxDepth) return;
		const left = { min: Math.max(0, min - 1), max: max - 1 };
		const round = this.#machine.frame(
			{ position: number, isRound: true, ...left },
			frame,
		);
		this.#visit(loop.body, round, floor);
	}
}

/** Stands where the state of an automaton would: no automaton has as many. */
const gateState = 2 ** 24 - 1;

const returnTo = (position: number) => ({
	position,
	isRound: false,
	min: 0,
	max: 0,
});
