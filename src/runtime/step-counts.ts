import type { Scheduler } from "../scheduler/scheduler.ts";
import type { StepPlan } from "../scheduler/step-plan.ts";
import type { StepStatistics } from "./engine-protocol.ts";

/** Turns running totals into what happened since the last report. */
export class StepCounts {
	savedTokens = 0;
	restoredTokens = 0;
	#preemptions = 0;
	#evictedTokens = 0;

	/** The running totals begin at 0 again: the scheduler is a new one. */
	restart(): void {
		this.#preemptions = 0;
		this.#evictedTokens = 0;
	}

	/** `sampledTokens`: of all sequences in this step. */
	take(
		plan: StepPlan,
		sampledTokens: number,
		seconds: number,
		{ preemptionCount, ledger }: Scheduler,
	): Omit<StepStatistics, "constraintSeconds" | "constrainedTokens"> {
		let prefillTokens = 0;
		let decodeTokens = 0;
		let draftedTokens = 0;
		let sampling = 0;
		for (const { isPrefill, count, draft, samples, padding } of plan.entries) {
			if (isPrefill) prefillTokens += count - padding;
			else decodeTokens++;
			draftedTokens += draft.length;
			if (samples) sampling++;
		}
		const statistics = {
			seconds,
			prefillTokens,
			decodeTokens,
			draftedTokens,
			// Every sampling entry gives one token; what came beyond that was guessed right.
			acceptedTokens: Math.max(0, sampledTokens - sampling),
			preemptions: preemptionCount - this.#preemptions,
			evictedTokens: ledger.evictedTokens - this.#evictedTokens,
			savedTokens: this.savedTokens,
			restoredTokens: this.restoredTokens,
		};
		this.#preemptions = preemptionCount;
		this.#evictedTokens = ledger.evictedTokens;
		this.savedTokens = 0;
		this.restoredTokens = 0;
		return statistics;
	}
}
