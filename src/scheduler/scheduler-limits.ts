import type { MemoryCosts } from "./memory-costs.ts";

export interface SchedulerLimits {
	/** Tokens one sequence may hold. */
	contextLength: number;
	/** Sequences that run at once. */
	maxSequences: number;
	/** Engine sequences: those that run and those that are kept for later. With streams as many as `maxSequences`. */
	slots: number;
	kvLayout: "unified" | "streams";
	/** Cells of the unified pool. */
	kvCells: number;
	/** Cells of it that may stay filled though nobody uses them. */
	maxIdleCells: number;
	/** Tokens one step may compute. */
	maxBatchTokens: number;
	/** Of those, how many may want logits: each costs a row of the vocabulary in memory. */
	maxLogitRows: number;
	endOfGenerationTokens: ReadonlySet<number>;
	/** Keep and share prefixes. */
	sharesPrefixes: boolean;
	/** Save evicted prefixes outside the engine. */
	savesPrefixes: boolean;
	/** A prefix shorter than this is not worth waiting for. */
	leastSharedTokens: number;
	/** Tokens at once from which the engine computes attention in tiles, which is faster for each; 0 is never. */
	attentionTile: number;
	/** Guess tokens by prompt lookup where it pays. */
	speculates: boolean;
	/** Seconds that a step should take at most while somebody decodes. */
	targetStepSeconds: number | null;
	/** A guess at how many tokens a sequence generates, until some have ended. */
	expectedTokens?: number;
	/** Different adapters that running sequences may use; without it any number. */
	maxAdapters?: number;
	costs: MemoryCosts;
}
