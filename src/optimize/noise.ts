import { median } from "./figures.ts";

/**
 * How far two medians may lie apart by chance. Scores are compared by their logarithms, so noise is relative. The variance is
 * pooled over all groups of runs (each group the runs of one candidate, interleaved with the others of its stage), and
 * begins with a prior of 3 %, as if two degrees of freedom had been seen already: the first runs alone would say too little.
 */
export class Noise {
	readonly #foreignShares: number[] = [];
	#squares = priorFreedom * priorDeviation ** 2;
	#freedom = priorFreedom;

	learn(scores: readonly number[]): void {
		if (scores.length < 2) return;
		const logs = scores.map((score) => Math.log(Math.max(score, 1e-9)));
		const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
		for (const log of logs) this.#squares += (log - mean) ** 2;
		this.#freedom += logs.length - 1;
	}

	/**
	 * What other programs took of the machine during a run comes on top: they may have been there for one candidate and not for
	 * the next, which its own repeats, a moment later, need not show.
	 */
	hearForeignShare(share: number): void {
		this.#foreignShares.push(share);
	}

	/** Standard deviation of one run, relative. */
	get deviation(): number {
		const foreign = Math.max(0, median(this.#foreignShares) - harmlessShare);
		return Math.sqrt(this.#squares / this.#freedom + foreign ** 2);
	}

	/** Relative difference of two medians that is more than chance: two standard errors, and at least `leastGain`. */
	threshold(
		leftRuns: number,
		rightRuns: number,
		leastGain = defaultLeastGain,
	): number {
		if (leftRuns === 0 || rightRuns === 0) return Number.POSITIVE_INFINITY;
		return Math.max(
			leastGain,
			2 * this.deviation * Math.sqrt(1 / leftRuns + 1 / rightRuns),
		);
	}
}

const priorDeviation = 0.03;
/** Of all processors: what the measuring process and an idle machine's services take. */
const harmlessShare = 0.05;
const priorFreedom = 2;
/** Below this nobody notices. */
const defaultLeastGain = 0.02;

/** Half of the distance between the lowest and the highest of the scores, as a share of their median: for reports. */
export function relativeSpread(scores: readonly number[]): number {
	const middle = median(scores);
	if (scores.length < 2 || middle === 0) return 0;
	return (Math.max(...scores) - Math.min(...scores)) / (2 * middle);
}
