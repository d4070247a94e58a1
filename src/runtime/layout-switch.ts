import type { Engine, KvLayout } from "../engine/engine.ts";
import { KvLayoutChoice } from "../scheduler/kv-layout-choice.ts";
import type { StepPlan } from "../scheduler/step-plan.ts";

/** A service is left idle for so long before its cache is reopened: bursts often come in a row. */
const settlingMs = 200;

/** Reopens the KV cache in the layout that the load asks for, while nothing runs. */
export class LayoutSwitch {
	readonly #engine: Engine;
	readonly #choice = new KvLayoutChoice();
	#timer: NodeJS.Timeout | null = null;

	constructor(engine: Engine) {
		this.#engine = engine;
	}

	observe(plan: StepPlan, distinctCells: number): void {
		this.#choice.observe(plan, distinctCells);
	}

	/** The loop is idle: `change` is called if it stays so and another layout is better. */
	idle(change: (layout: KvLayout) => void): void {
		const current = this.#engine.info.kvLayout;
		if (this.#choice.preferred(current) === current) return;
		this.busy();
		this.#timer = setTimeout(() => {
			this.#timer = null;
			change(this.#choice.preferred(current));
		}, settlingMs);
	}

	/** Something has to be computed after all. */
	busy(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
	}
}
