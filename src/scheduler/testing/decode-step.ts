import type { Sequence } from "../sequence.ts";
import type { PlanEntry, StepPlan } from "../step-plan.ts";

/** A step in which so many sequences of a length decode and nothing else happens. */
export function decodeStep(sequences: number, length: number): StepPlan {
	const entries = Array.from(
		{ length: sequences },
		(_, slot): PlanEntry => ({
			sequence: {} as Sequence,
			slot,
			from: length - 1,
			count: 1,
			padding: 0,
			samples: true,
			wantsAllLogits: false,
			draft: new Int32Array(),
			isPrefill: false,
		}),
	);
	return {
		operations: [],
		entries,
		tokenCount: sequences,
		adapter: "",
		started: [],
		dropped: [],
	};
}
