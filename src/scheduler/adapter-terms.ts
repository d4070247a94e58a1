import type { Sequence } from "./sequence.ts";
import type { WaitingQueue } from "./waiting-queue.ts";

/**
 * Who begins next, when what waits wants different adapters. A step computes one adapter's sequences, so a running set of
 * many adapters decodes in crumbs; this keeps them few. An adapter has a *term*: so many sequences of it begin one after
 * the other, before others that stand in front of them.
 *
 *  1. The head is the first of the queue: priority, preempted ones, the tenant served least, age.
 *  2. A preempted head, or one of the term's adapter, begins.
 *  3. Else the first one of the term's adapter and the head's priority does, while the term lasts.
 *  4. Else the head begins, and with it the term of its adapter.
 *  5. Nobody begins whose adapters do not fit beside those of the running ones; then all wait until one has left.
 *
 * Bound: terms begin with the head, so while a sequence waits, each other adapter can get at most one term that takes
 * sequences younger than it: of one tenant and priority at most (adapters - 1) * (length - 1) of them overtake it. Tenants
 * come first when a term begins; within one, a tenant may get up to a term ahead of one whose requests want another adapter.
 */
export class AdapterTerms {
	readonly #queue: WaitingQueue;
	readonly #length: number;
	readonly #maxAdapters: number;
	/** Null before the first. */
	#adapter: string | null = null;
	#left = 0;

	/** `length`: sequences that begin in one term. `maxAdapters`: how many the engine may have to hold at once. */
	constructor(queue: WaitingQueue, length: number, maxAdapters: number) {
		this.#queue = queue;
		this.#length = length;
		this.#maxAdapters = maxAdapters;
	}

	/** Null when nobody may begin now. */
	next(
		passed: ReadonlySet<Sequence>,
		running: readonly Sequence[],
	): Sequence | null {
		const head = this.#queue.next(passed); // 1
		if (head === null) return null;
		const chosen = this.#favoured(head, passed) ?? head;
		return this.#fits(chosen, running) ? chosen : null; // 5
	}

	began({ spec, preemptions }: Sequence): void {
		if (spec.adapter !== this.#adapter) {
			if (preemptions > 0) return;
			this.#adapter = spec.adapter;
			this.#left = 0;
		}
		// Nobody else stood in front: a term of its own begins behind the last one.
		if (this.#left === 0) this.#left = this.#length;
		this.#left--;
	}

	#favoured(head: Sequence, passed: ReadonlySet<Sequence>): Sequence | null {
		const isHead = head.preemptions > 0 || head.spec.adapter === this.#adapter;
		if (isHead || this.#left === 0) return null; // 2, 4
		return this.#queue.next(
			passed,
			({ spec }) =>
				spec.adapter === this.#adapter && spec.priority === head.spec.priority,
		); // 3
	}

	#fits(candidate: Sequence, running: readonly Sequence[]): boolean {
		if (this.#maxAdapters === Number.POSITIVE_INFINITY) return true;
		const held = new Set(running.flatMap(({ adapterIds }) => adapterIds));
		const before = held.size;
		for (const id of candidate.adapterIds) held.add(id);
		return held.size === before || held.size <= this.#maxAdapters;
	}
}
