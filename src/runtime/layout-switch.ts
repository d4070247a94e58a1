import type { Engine, KvLayout } from "../engine/engine.ts";
import type { AwaitedPrefix } from "../scheduler/admission.ts";
import { KvLayoutChoice } from "../scheduler/kv-layout-choice.ts";
import type { StepPlan } from "../scheduler/step-plan.ts";

/** A service is left idle for so long before its cache is reopened: bursts often come in a row. */
const settlingMs = 200;
/** Under a load that never pauses, steps in the wrong layout before everybody is moved; */
const patienceSteps = 24;
/** and not again before so long. */
const restMs = 30_000;

/**
 * Says when to reopen the KV cache in the layout that the load asks for: while nothing runs, or, when that never happens,
 * between two steps. Moving takes some tenths of a second, the wrong layout costs up to half of every step.
 */
export class LayoutSwitch {
	readonly #engine: Engine;
	readonly #now: () => number;
	readonly #choice = new KvLayoutChoice();
	#timer: NodeJS.Timeout | null = null;
	#stepsInWrongLayout = 0;
	#isCrowd = false;
	#changedAt = Number.NEGATIVE_INFINITY;

	/** `now`: monotonic milliseconds. */
	constructor(engine: Engine, now: () => number) {
		this.#engine = engine;
		this.#now = now;
	}

	/** Who waits for a prefix that somebody computes; tell it after every plan. */
	hearAwaiting(awaiting: AwaitedPrefix): void {
		this.#isCrowd = this.#choice.foresees(awaiting);
	}

	observe(plan: StepPlan, distinctCells: number): void {
		this.#choice.observe(plan, distinctCells);
		if (this.#preferred === null) this.#stepsInWrongLayout = 0;
		else this.#stepsInWrongLayout++;
	}

	/** The layout to change to although there is work; null when there is no reason to. */
	get overdue(): KvLayout | null {
		if (this.#now() - this.#changedAt < restMs) return null;
		if (this.#isCrowd && this.#engine.info.kvLayout === "streams")
			return "unified";
		const isPatient = this.#stepsInWrongLayout < patienceSteps;
		return isPatient ? null : this.#preferred;
	}

	/** The loop is idle: `change` is called if it stays so and another layout is better. */
	idle(change: (layout: KvLayout) => void): void {
		if (this.#preferred === null) return;
		this.busy();
		this.#timer = setTimeout(() => {
			this.#timer = null;
			if (this.#preferred !== null) change(this.#preferred);
		}, settlingMs);
	}

	/** Something has to be computed after all. */
	busy(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
	}

	changed(): void {
		this.#changedAt = this.#now();
		this.#stepsInWrongLayout = 0;
	}

	get #preferred(): KvLayout | null {
		const current = this.#engine.info.kvLayout;
		const preferred = this.#choice.preferred(current);
		return preferred === current ? null : preferred;
	}
}
