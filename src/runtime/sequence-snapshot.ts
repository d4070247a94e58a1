import type { Sequence } from "../scheduler/sequence.ts";
import type { SequenceSnapshot } from "./engine-protocol.ts";

/** What an operator may know of a sequence: numbers, never its text. */
export function snapshotSequence(
	sequence: Sequence,
	ageMs: number,
): SequenceSnapshot {
	const isWaiting = sequence.slot === null;
	return {
		number: sequence.spec.request,
		choice: sequence.spec.choice,
		state: isWaiting ? "waiting" : sequence.isDecoding ? "decode" : "prefill",
		waitsFor: isWaiting ? sequence.waitsFor : null,
		priority: sequence.spec.priority,
		promptTokens: sequence.promptLength,
		cachedTokens: sequence.cachedTokens,
		computedTokens: sequence.computedTokens,
		generatedTokens: sequence.generatedTokens,
		preemptions: sequence.preemptions,
		ageSeconds: ageMs / 1000,
	};
}
