import type { Engine } from "../engine/engine.ts";
import { LearnedMemoryCosts } from "../scheduler/memory-costs.ts";
import type { SchedulerLimits } from "../scheduler/scheduler-limits.ts";
import type { StepCost } from "../scheduler/step-cost.ts";

/** How the engine process schedules; what the operator may choose of it. */
export interface SchedulingOptions {
	/** Rows of logits that one step may ask for. */
	maxLogitRows: number;
	/** Milliseconds between two tokens of a stream, at most; null takes a default that fits the measured speed. */
	targetItlMs: number | null;
	/** Keep and share prefixes. */
	prefixCache: boolean;
	/** Cells of a unified pool that may stay filled though nobody uses them; null is an eighth of the pool. */
	maxIdleCells: number | null;
	/** Guess tokens by prompt lookup where it pays. */
	speculation: boolean;
	/** Host memory for prefixes that left the KV cache, in bytes; 0 keeps none. */
	hostCacheBytes: number;
	/** Where they survive a restart; null is nowhere. */
	prefixCacheDirectory: string | null;
	prefixCacheDiskBytes: number;
	/** Adapters that the engine holds at once; without it 8. */
	maxAdapters?: number;
	/** Reopen the cache in the other layout when the load asks for it and nothing runs. */
	adaptsKvLayout: boolean;
}

export const defaultMaxAdapters = 8;

/** A prefix shorter than this is not worth waiting for. */
const leastSharedTokens = 8;
/** Of a unified pool's cells, this part may stay filled though nobody uses them: attention passes over all that are. */
const idleShare = 8;

/** What moving cached tokens costs in this engine. */
export function memoryCosts(
	{ info }: Engine,
	stepCost: StepCost,
): LearnedMemoryCosts {
	return new LearnedMemoryCosts(stepCost, {
		bytesPerToken: info.kvBytes / info.kvCells,
		// A copy between streams moves the whole buffer.
		bytesPerCopy:
			info.kvLayout === "unified" ? 0 : info.kvBytes / info.maxSequences,
		attention: { tile: info.attentionTile, layout: info.kvLayout },
	});
}

/** What the scheduler may do with this engine. */
export function schedulerLimits(
	{ info, vocabulary }: Engine,
	options: SchedulingOptions,
	savesPrefixes: boolean,
	costs: LearnedMemoryCosts,
): SchedulerLimits {
	const { contextLength, maxSequences, kvLayout, kvCells } = info;
	const { targetItlMs, prefixCache, speculation } = options;
	return {
		contextLength,
		maxSequences,
		slots: info.sequenceSlots,
		kvLayout,
		kvCells,
		maxIdleCells: options.maxIdleCells ?? Math.ceil(kvCells / idleShare),
		maxBatchTokens: info.maxBatchTokens,
		maxLogitRows: options.maxLogitRows,
		endOfGenerationTokens: vocabulary.endOfGenerationTokens,
		sharesPrefixes: prefixCache && info.canShareMemory,
		savesPrefixes,
		leastSharedTokens,
		attentionTile: info.attentionTile,
		speculates: speculation && info.canShareMemory,
		targetStepSeconds: targetItlMs === null ? null : targetItlMs / 1000,
		maxAdapters: options.maxAdapters ?? defaultMaxAdapters,
		costs,
	};
}
