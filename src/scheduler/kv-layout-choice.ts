import type { AwaitedPrefix } from "./admission.ts";
import type { StepPlan } from "./step-plan.ts";

/** About so many decode steps are remembered. */
const memorySteps = 200;
/** Steps seen before anything is changed. */
const leastSteps = 16;
/** Sequences that wait for one prefix, and its tokens, that make a crowd. */
const leastCrowd = 3;
const leastCrowdTokens = 256;
/** Shares of the attended cells that are distinct: below the first the unified layout, above the second streams. */
const sharedEnough = 0.4;
const tooLittleShared = 0.6;

/**
 * Which layout of the KV cache the load of the last minutes asks for.
 *
 * With streams each sequence attends to its own buffer. In the unified layout all of them pass over all cells in use, but
 * a prefix they share is one and the same memory, read once for all. So what counts is how many of the cells that a step
 * attends to are distinct:
 *
 *     8 sequences of 1,250 tokens, 1,200 of them shared   1,600 of 10,000   0.16   unified 0.89x of streams' step time
 *     8 of 1,500, 1,000 of them shared                    5,000 of 12,000   0.42   0.97x
 *     8 of 500, nothing shared                            4,000 of  4,000   1.00   1.27x
 *
 * (bench/results, kv-layout.) A service begins with streams, which are never much worse: in a unified pool attention passes
 * over what is kept of ended sequences, too, and a prompt computed beside unrelated ones over theirs. Below a share of 0.4 it
 * changes to unified, above 0.6 back; one sequence alone says nothing. A crowd that waits for one long prefix is seen before
 * it forks, when hardly anything has to be moved.
 */
export class KvLayoutChoice {
	#attended = 0;
	#distinct = 0;
	#steps = 0;

	/** `distinctCells`: of all running sequences, what they share counted once. */
	observe({ entries }: StepPlan, distinctCells: number): void {
		let attended = 0;
		let decoding = 0;
		for (const { isPrefill, from } of entries) {
			if (isPrefill) continue;
			attended += from + 1;
			decoding++;
		}
		if (decoding < 2) return;
		const keep = 1 - 1 / memorySteps;
		this.#attended = keep * this.#attended + attended;
		this.#distinct = keep * this.#distinct + Math.min(distinctCells, attended);
		this.#steps++;
	}

	/** Whether a crowd is about to fork one long prefix: then unified is worth it before they do. */
	foresees({
		sequences,
		sharedTokens,
		allTokens,
		ownTokens,
	}: AwaitedPrefix): boolean {
		return (
			sequences >= leastCrowd &&
			sharedTokens >= leastCrowdTokens &&
			sharedTokens + ownTokens < sharedEnough * allTokens
		);
	}

	preferred(current: "unified" | "streams"): "unified" | "streams" {
		if (this.#steps < leastSteps) return current;
		const share = this.#distinct / this.#attended;
		if (share < sharedEnough) return "unified";
		return share > tooLittleShared ? "streams" : current;
	}
}
