import { accuracyKey, type Candidate, candidateKey } from "./candidate.ts";
import {
	accuracyViolations,
	type Constraints,
	speedViolations,
	type Violation,
	worstRatio,
} from "./constraints.ts";
import {
	type AccuracyFigures,
	combineRuns,
	median,
	type SpeedRun,
	scoreOf,
} from "./figures.ts";
import { Noise } from "./noise.ts";
import {
	alternativesOf,
	bitsOfVariant,
	type SearchSpace,
} from "./search-space.ts";

/** What to measure next. */
export type SearchStep =
	| { kind: "accuracy"; candidate: Candidate; stage: string }
	| { kind: "speed"; candidate: Candidate; stage: string }
	| { kind: "done" };

export interface Verdict {
	candidate: Candidate;
	runs: readonly SpeedRun[];
	accuracy: AccuracyFigures | null;
	/** Limits that it breaks; empty is feasible. */
	violations: readonly Violation[];
	/** Why it was not measured to the end; null when it was. */
	reason: string | null;
}

export interface Conclusion {
	/** Null when nothing that was measured keeps every limit. */
	winner: Verdict | null;
	/** Everything that was looked at, in order. */
	verdicts: readonly Verdict[];
	/** The relative standard deviation of a run. */
	noise: number;
}

/** One run can't lose a candidate that might still win: what is this far behind the best is let go. */
const leastPruneMargin = 0.1;
/** A finer precision that breaks the accuracy floor so clearly speaks for the coarser ones too. */
const hopelessRatio = 2;

/**
 * Coordinate descent with interleaved repeats; pure: results come in, the next measurement comes out, and the same results
 * give the same steps again, which is how a search is resumed.
 *
 *  1. A stage compares the best candidate so far with others that differ from it in one coordinate.
 *  2. Accuracy is measured once for each, and who breaks the limits can't win.
 *  3. Round 1 runs all of them once, in turn, the best one so far first. Who lies far behind is dropped.
 *  4. Further rounds run those that are left in turn again, so that a machine that gets slower does it to all alike.
 *  5. Another candidate wins only if its gain exceeds what chance explains; then the next stage begins.
 */
export class Search {
	readonly #space: SearchSpace;
	readonly #constraints: Constraints;
	readonly #repeats: number;
	readonly #noise = new Noise();
	readonly #accuracies = new Map<string, AccuracyFigures>();
	readonly #rejections = new Map<string, string>();
	readonly #verdictOrder = new Map<string, Candidate>();
	/** Of all stages. */
	readonly #runs = new Map<string, SpeedRun[]>();
	#stageIndex = 0;
	#isDone = false;
	#incumbent: Candidate;
	#alternatives: Candidate[];
	/** Of this stage, interleaved. */
	#stageRuns = new Map<string, SpeedRun[]>();

	constructor(options: {
		space: SearchSpace;
		constraints: Constraints;
		/** Rounds of a stage at most. */
		repeats?: number;
	}) {
		this.#space = options.space;
		this.#constraints = options.constraints;
		this.#repeats = options.repeats ?? 3;
		this.#incumbent = options.space.baseline;
		this.#alternatives = this.#openStage();
	}

	next(): SearchStep {
		while (!this.#isDone) {
			// A space without stages still has its baseline to measure.
			const name = this.#space.stages[this.#stageIndex]?.name ?? "baseline";
			const step = this.#nextInStage(name);
			if (step !== null) return step;
			this.#closeStage();
			this.#stageIndex++;
			this.#isDone = this.#stageIndex >= this.#space.stages.length;
			this.#alternatives = this.#openStage();
		}
		return { kind: "done" };
	}

	acceptAccuracy(candidate: Candidate, figures: AccuracyFigures): void {
		this.#accuracies.set(accuracyKey(candidate), figures);
	}

	acceptSpeed(candidate: Candidate, run: SpeedRun): void {
		this.#noise.hearForeignShare(run.foreignShare ?? 0);
		const key = candidateKey(candidate);
		for (const runs of [this.#runs, this.#stageRuns])
			runs.set(key, [...(runs.get(key) ?? []), run]);
	}

	/** It can't be made, loaded or measured. */
	reject(candidate: Candidate, reason: string): void {
		this.#rejections.set(candidateKey(candidate), reason);
	}

	/** Speed runs that are left, about: for the time that is left. */
	get remainingRuns(): number {
		const rest = this.#space.stages.slice(this.#stageIndex + 1);
		const later = rest.reduce(
			(sum, { changes }) => sum + changes.length + 3,
			0,
		);
		const now = this.#contenders.reduce(
			(sum, candidate) =>
				sum + Math.max(0, 2 - this.#stageRunsOf(candidate).length),
			0,
		);
		return later + now;
	}

	/** With what was measured until now: also when time ran out in the middle of a stage. */
	conclude(): Conclusion {
		const verdicts = [...this.#verdictOrder.values()].map((candidate) =>
			this.#verdictOf(candidate),
		);
		const best = this.#pickOfStage();
		const chosen = this.#verdictOf(best);
		const winner = isFeasible(chosen) ? chosen : this.#bestFeasible(verdicts);
		return { winner, verdicts, noise: this.#noise.deviation };
	}

	/** That a candidate needs to win. */
	get #leastRuns(): number {
		return Math.min(2, this.#repeats);
	}

	get #contenders(): readonly Candidate[] {
		return [this.#incumbent, ...this.#alternatives];
	}

	#openStage(): Candidate[] {
		this.#stageRuns = new Map();
		const stage = this.#space.stages[this.#stageIndex];
		const alternatives =
			stage === undefined ? [] : alternativesOf(stage, this.#incumbent);
		for (const candidate of [this.#incumbent, ...alternatives])
			this.#verdictOrder.set(candidateKey(candidate), candidate);
		return alternatives;
	}

	#nextInStage(stage: string): SearchStep | null {
		for (const candidate of this.#contenders) {
			if (this.#isRejected(candidate)) continue;
			if (this.#accuracyOf(candidate) !== null) {
				// Before the others' accuracy, which takes a while: when time is short, there is something to tell at least.
				const isDue =
					this.#isIncumbent(candidate) &&
					this.#stageRunsOf(candidate).length === 0;
				if (isDue) return { kind: "speed", candidate, stage };
				continue;
			}
			if (this.#isHopeless(candidate)) {
				this.reject(
					candidate,
					"not measured: a finer precision breaks the accuracy limits by far",
				);
				continue;
			}
			return { kind: "accuracy", candidate, stage };
		}
		for (let round = 1; round <= this.#repeats; round++) {
			const left = this.#survivors(round);
			const [only] = left;
			// Nothing to compare with: one run tells how the incumbent does; another one must show it twice.
			const isSettled =
				left.length < 2 &&
				(only === undefined ||
					this.#isIncumbent(only) ||
					round > this.#leastRuns);
			if (round > 1 && isSettled) return null;
			const behind = left.find(
				(candidate) => this.#stageRunsOf(candidate).length < round,
			);
			if (behind !== undefined)
				return { kind: "speed", candidate: behind, stage };
		}
		return null;
	}

	#closeStage(): void {
		for (const runs of this.#stageRuns.values())
			this.#noise.learn(runs.map(scoreOf));
		this.#incumbent = this.#pickOfStage();
	}

	/** Who goes on to a round, from what the rounds before have shown. */
	#survivors(round: number): Candidate[] {
		const inaccurateMayRun =
			this.#space.stages[this.#stageIndex]?.measuresInaccurate ?? false;
		const starters = this.#contenders.filter(
			(candidate) =>
				!this.#isRejected(candidate) &&
				(this.#isIncumbent(candidate) ||
					inaccurateMayRun ||
					this.#isAccurate(candidate)),
		);
		if (round === 1) return starters;
		const entrants = starters.filter(
			(candidate) =>
				this.#isIncumbent(candidate) || this.#isAccurate(candidate),
		);
		const seen = entrants.map((candidate) => {
			const runs = this.#stageRunsOf(candidate).slice(0, round - 1);
			const violations =
				runs.length === 0 ? [] : this.#violationsOf(candidate, runs);
			return {
				candidate,
				score: median(runs.map(scoreOf)),
				ratio: worstRatio(violations),
				isComplete: runs.length === round - 1,
			};
		});
		const bestRatio = Math.min(...seen.map(({ ratio }) => ratio));
		const margin = Math.max(leastPruneMargin, 3 * this.#noise.deviation);
		const near = seen.filter(({ ratio }) => ratio <= bestRatio * (1 + margin));
		const bestScore = Math.max(...near.map(({ score }) => score));
		return near
			.filter(
				({ candidate, score, isComplete }) =>
					isComplete &&
					(this.#isIncumbent(candidate) || score >= bestScore * (1 - margin)),
			)
			.map(({ candidate }) => candidate);
	}

	/** The incumbent, unless another one is better beyond chance. */
	#pickOfStage(): Candidate {
		let best = this.#incumbent;
		for (const candidate of this.#alternatives)
			if (this.#isBetter(candidate, best)) best = candidate;
		return best;
	}

	#isBetter(candidate: Candidate, other: Candidate): boolean {
		if (this.#isRejected(candidate) || !this.#isAccurate(candidate))
			return false;
		const runs = this.#stageRunsOf(candidate);
		if (runs.length === 0) return false;
		if (this.#isRejected(other)) return true;
		const otherRuns = this.#stageRunsOf(other);
		if (otherRuns.length === 0) return false;
		const ratio = worstRatio(this.#violationsOf(candidate, runs));
		const otherRatio = worstRatio(this.#violationsOf(other, otherRuns));
		const threshold = this.#noise.threshold(runs.length, otherRuns.length);
		if (ratio > 1 || otherRatio > 1) {
			if (ratio === 1) return true;
			return otherRatio > 1 && ratio < otherRatio * (1 - threshold);
		}
		// One run may be luck, whatever the noise was until then.
		if (runs.length < this.#leastRuns) return false;
		// Who was dropped after one run was far behind; the incumbent never is.
		if (otherRuns.length < this.#leastRuns) return !this.#isIncumbent(other);
		const gain = median(runs.map(scoreOf)) / median(otherRuns.map(scoreOf)) - 1;
		return gain > threshold;
	}

	/** Where the incumbent breaks a limit: of the rest the one that is fastest even if its runs were lucky. */
	#bestFeasible(verdicts: readonly Verdict[]): Verdict | null {
		const assured = ({ runs }: Verdict) =>
			median(runs.map(scoreOf)) *
			(1 - Math.min(0.9, this.#noise.threshold(runs.length, runs.length)));
		const feasible = verdicts.filter(isFeasible);
		return feasible.reduce<Verdict | null>(
			(best, verdict) =>
				best === null || assured(verdict) > assured(best) ? verdict : best,
			null,
		);
	}

	#verdictOf(candidate: Candidate): Verdict {
		const runs = this.#runs.get(candidateKey(candidate)) ?? [];
		return {
			candidate,
			runs,
			accuracy: this.#accuracyOf(candidate),
			violations: this.#violationsOf(candidate, runs),
			reason: this.#rejections.get(candidateKey(candidate)) ?? null,
		};
	}

	#violationsOf(candidate: Candidate, runs: readonly SpeedRun[]): Violation[] {
		const accuracy = this.#accuracyOf(candidate);
		const speed = combineRuns(runs);
		return [
			...(accuracy === null
				? []
				: accuracyViolations(accuracy, this.#constraints)),
			...(speed === null ? [] : speedViolations(speed, this.#constraints)),
		];
	}

	#isAccurate(candidate: Candidate): boolean {
		const accuracy = this.#accuracyOf(candidate);
		return (
			accuracy !== null &&
			accuracyViolations(accuracy, this.#constraints).length === 0
		);
	}

	/** Of this stage's precisions, a finer one has failed by far. */
	#isHopeless(candidate: Candidate): boolean {
		if (this.#accuracyOf(candidate) !== null) return false;
		const bits = bitsOfVariant(candidate.variant);
		return this.#alternatives.some((other) => {
			const accuracy = this.#accuracyOf(other);
			return (
				accuracy !== null &&
				bitsOfVariant(other.variant) > bits &&
				worstRatio(accuracyViolations(accuracy, this.#constraints)) >
					hopelessRatio
			);
		});
	}

	#isIncumbent(candidate: Candidate): boolean {
		return candidateKey(candidate) === candidateKey(this.#incumbent);
	}

	#isRejected(candidate: Candidate): boolean {
		return this.#rejections.has(candidateKey(candidate));
	}

	#accuracyOf(candidate: Candidate): AccuracyFigures | null {
		return this.#accuracies.get(accuracyKey(candidate)) ?? null;
	}

	#stageRunsOf(candidate: Candidate): readonly SpeedRun[] {
		return this.#stageRuns.get(candidateKey(candidate)) ?? [];
	}
}

/** Measured, accurate, and within every limit. */
export function isFeasible(verdict: Verdict): boolean {
	return (
		verdict.runs.length > 0 &&
		verdict.accuracy !== null &&
		verdict.violations.length === 0 &&
		verdict.reason === null
	);
}
