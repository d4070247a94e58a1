import type { TokenBatch } from "../engine/engine.ts";
import type { StepPlan } from "../scheduler/step-plan.ts";

/** Writes what a step computes into the engine's batch. */
export function fillBatch(
	{ tokens, positions, sequences, wantsLogits }: TokenBatch,
	plan: StepPlan,
): void {
	let index = 0;
	for (const entry of plan.entries) {
		const { sequence, slot, from, count, samples, draft, padding } = entry;
		const own = count - draft.length - padding;
		const last = sequence.tokens[from + own - 1] as number;
		for (let offset = 0; offset < count; offset++, index++) {
			const token =
				offset < own ? sequence.tokens[from + offset] : draft[offset - own];
			tokens[index] = token ?? last;
			positions[index] = from + offset;
			sequences[index] = slot;
			const isPadding = offset >= count - padding;
			const isSampled = samples && offset >= own - 1;
			wantsLogits[index] =
				!isPadding && (entry.wantsAllLogits || isSampled) ? 1 : 0;
		}
	}
}
