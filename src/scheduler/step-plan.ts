import type { MemoryOperation } from "./memory-operation.ts";
import type { EndReason, Sequence } from "./sequence.ts";

/** One sequence's part of a step: compute its tokens from `from` (inclusive) on, `count` of them. */
export interface PlanEntry {
	sequence: Sequence;
	slot: number;
	from: number;
	/** Guessed tokens and padding included. */
	count: number;
	/** Tokens at the end that only fill up a tile of the engine's attention: computed and thrown away. */
	padding: number;
	/** The entry reaches the sequence's last token: sample the next one from its logits. */
	samples: boolean;
	/** All positions want logits, not only the last. */
	wantsAllLogits: boolean;
	/** Guessed tokens that follow the sequence's own last one; their logits are wanted too. */
	draft: Int32Array;
	isPrefill: boolean;
}

export interface StepPlan {
	/** What the engine must do to its memory before the step. */
	operations: readonly MemoryOperation[];
	entries: readonly PlanEntry[];
	tokenCount: number;
	/** The adapter that the step is computed with; empty is the base model. */
	adapter: string;
	/** Sequences that take part for the first time. */
	started: readonly Sequence[];
	/** Sequences that will not be heard of again: cancelled ones. */
	dropped: readonly Sequence[];
}

export interface EndedSequence {
	sequence: Sequence;
	reason: EndReason;
	/** The end-of-generation or stop token, which is not part of the text; null for length. */
	stopToken: number | null;
}
