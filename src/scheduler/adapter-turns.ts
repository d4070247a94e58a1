/** An adapter as one step finds it. */
export interface AdapterWork {
	/** Its name; the base model alone is one, too. */
	adapter: string;
	/** Sequences of it that could take part in the step; without any it has no work. */
	runnableSequences: number;
	/** Its share relative to others': scales the length of its turns. 1 where none is given. */
	weight?: number;
}

interface AdapterRecord {
	/** Turns it has had, the present one included, from where it came in. The length of a turn holds the weight. */
	turns: number;
	/** Had work in the last step. */
	isActive: boolean;
	/** Since when it waits, as a number that grows; orders equals. */
	waitsSince: number;
	weight: number;
	/** Service beyond the end of its last turn, taken off its next one. */
	debt: number;
}

/** Adapters without work that are remembered at most. */
const mostIdle = 256;

/**
 * A step computes sequences of one adapter; this decides of which. The one whose turn it is keeps it for a quantum times its
 * weight, so that adapters aren't switched each step. Then comes the one with the least service per weight; of
 * equals, the one that waits longest.
 *
 * A turn is paid in full when it begins, and forfeited when its adapter runs out of work: service per weight is then a
 * whole number of turns. An adapter that comes (again) begins with as many turns as the one that waits longest, or where
 * it was if that is more: idle time earns nothing, leaving and coming back gains nothing, and newcomers in any number
 * don't overtake who waits longest.
 *
 *     turns  n      B C     have not had theirs in this round; newcomers join here, behind them
 *            n + 1  A D     have had it, or have it now
 *
 * Bound: the turns of those with work never differ by more than one, and equals go by waiting time. So while an adapter has
 * work and waits, each other one gets at most one turn (or the rest of one): where n adapters have work meanwhile, itself
 * included, and weights are at most 1, it waits at most (n - 1) quanta. That is exact for service counted in steps.
 * Counted in seconds or tokens, a turn may overrun by part of its last step, which is taken off its adapter's next one.
 * A turn has at least one step, however small its weight.
 */
export class AdapterTurns {
	readonly #quantum: number;
	readonly #records = new Map<string, AdapterRecord>();
	#current: string | null = null;
	/** Service that the current turn may take, and what it took. */
	#length = 0;
	#served = 0;
	/** Where newcomers begin; never falls. */
	#entryTurns = 0;
	#waits = 0;

	/** `quantum`: service in one turn of an adapter of weight 1, in the unit that `serve` is told: steps, seconds or tokens. */
	constructor(quantum: number) {
		this.#quantum = quantum;
	}

	/** Adapters remembered: those with work, and those that left with a turn in which the others have not had theirs. */
	get size(): number {
		return this.#records.size;
	}

	/** Whose step this is; null when nobody has work. Each adapter stands in `work` at most once. */
	choose(work: readonly AdapterWork[]): string | null {
		const active = work.filter((entry) => entry.runnableSequences > 0);
		this.#dismiss(active);
		this.#raiseEntry();
		for (const entry of active) this.#welcome(entry);
		this.#forget();
		if (!this.#isTurnOver()) return this.#current;
		this.#endTurn();
		return this.#beginTurn();
	}

	/** The step was computed: what it took of the current turn. Not told of a step that was not. */
	serve(service: number): void {
		this.#served += service;
	}

	/** Those that had work and have none now. */
	#dismiss(active: readonly AdapterWork[]): void {
		const names = new Set(active.map(({ adapter }) => adapter));
		for (const [adapter, record] of this.#records)
			if (!names.has(adapter)) record.isActive = false;
	}

	#welcome({ adapter, weight = 1 }: AdapterWork): void {
		const known = this.#records.get(adapter);
		if (known?.isActive) {
			known.weight = weight;
			return;
		}
		// Last again in the map's order, which is the order of forgetting.
		this.#records.delete(adapter);
		this.#records.set(adapter, {
			turns: Math.max(this.#entryTurns, known?.turns ?? 0),
			isActive: true,
			waitsSince: this.#waits++,
			weight,
			debt: known?.debt ?? 0,
		});
	}

	#raiseEntry(): void {
		let longest: AdapterRecord | null = null;
		for (const [adapter, record] of this.#records) {
			if (!record.isActive || adapter === this.#current) continue;
			if (longest === null || record.waitsSince < longest.waitsSince)
				longest = record;
		}
		const current = this.#recordOfCurrent;
		// Nobody waits: whoever comes is even with the one whose turn it is.
		const turns = longest?.turns ?? (current?.isActive ? current.turns : 0);
		this.#entryTurns = Math.max(this.#entryTurns, turns);
	}

	/** Whoever would begin there anyway need not be remembered; nor need crowds that came and went within one round. */
	#forget(): void {
		const idle: string[] = [];
		for (const [adapter, { isActive, turns }] of this.#records) {
			if (isActive) continue;
			if (turns <= this.#entryTurns) this.#records.delete(adapter);
			else idle.push(adapter);
		}
		// A forgotten one that comes back may get its second turn before somebody else's first. Oldest go first.
		for (const adapter of idle.slice(0, -mostIdle))
			this.#records.delete(adapter);
	}

	get #recordOfCurrent(): AdapterRecord | null {
		if (this.#current === null) return null;
		return this.#records.get(this.#current) ?? null;
	}

	#isTurnOver(): boolean {
		if (this.#recordOfCurrent?.isActive !== true) return true;
		return this.#served > 0 && this.#served >= this.#length;
	}

	#endTurn(): void {
		const record = this.#recordOfCurrent;
		if (record !== null) {
			const whole = this.#quantum * record.weight;
			// Where single steps are longer than turns, debts would only grow.
			record.debt = Math.max(0, Math.min(this.#served - this.#length, whole));
			record.waitsSince = this.#waits++;
		}
		this.#current = null;
	}

	#beginTurn(): string | null {
		let next: [string, AdapterRecord] | null = null;
		for (const entry of this.#records)
			if (entry[1].isActive && (next === null || isBefore(entry[1], next[1])))
				next = entry;
		if (next === null) return null;
		const [adapter, record] = next;
		record.turns++;
		this.#current = adapter;
		this.#served = 0;
		this.#length = this.#quantum * record.weight - record.debt;
		return adapter;
	}
}

function isBefore(a: AdapterRecord, b: AdapterRecord): boolean {
	return a.turns === b.turns ? a.waitsSince < b.waitsSince : a.turns < b.turns;
}
