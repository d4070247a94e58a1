import { ForgettingFit } from "./forgetting-fit.ts";
import type { StepWork } from "./step-work.ts";

/**
 * Seconds that one unit of each feature costs on a machine nobody has measured; only their ratios matter once a step was
 * seen. Features: the step itself, a prefill token, a decode token, the step having both (its passes differ, and with a
 * stream of cells for each slot the engine splits it), an attended cell, a cell attended to in tiles, more than one
 * token (one alone is computed by other kernels: with the 135M shape on a CPU 1 takes 8 ms, 2 take 14 and 16 take 33).
 */
const priorSeconds = [10e-3, 1e-3, 1e-3, 1e-3, 1e-6, 3e-7, 3e-3] as const;
const featureCount = priorSeconds.length;

/** What was learned wears away over about this many steps of the same kind. */
const memorySteps = 100;
/** The prior weighs as much as this many observations. */
const priorObservations = 0.01;
/** Before so many steps, predictions are guesses. */
const learningSteps = 4;
/** A fit this uncertain (as a share of one observation's uncertainty) says nothing about whether a step was slow. */
const novelLeverage = 0.5;
/** So many steps in a row, all off to the same side, are a machine with a new pace, not a disturbance. */
const paceSteps = 8;
const paceEachRatio = 1.05;
const paceMedianRatio = 1.15;
/** Mean absolute deviations added to a prediction: most steps then stay within a target, and the rest not far above it. */
const marginDeviations = 1;
/** A step this many mean deviations off is an outlier. */
const outlierDeviations = 3;
const largestMargin = 0.5;
/** Least deviation that counts as an outlier, however quiet the machine was. */
const leastOutlier = 0.1;

/**
 * What a step costs, learned while serving: seconds = a linear function of the step's work with coefficients that are never
 * negative, so that more work is never predicted to be faster. Residuals count relative to the prediction: a decode
 * step of 5 ms teaches as much as a prefill step of 500 ms.
 *
 * A machine gets disturbed, and it changes. One slow step among others is an outlier: it teaches no more than a small
 * deviation would (Huber). Several in a row that agree are a new pace: everything learned is scaled by their median,
 * what prefill costs too when only decoding was seen.
 */
export class StepCost {
	readonly #fit = new ForgettingFit(featureCount, 1 / memorySteps);
	/** In units of `priorSeconds`. */
	readonly #coefficients = new Float64Array(featureCount).fill(1);
	readonly #features = new Float64Array(featureCount);
	/** How much slower than `priorSeconds` this machine is altogether. */
	#scale = 1;
	#steps = 0;
	#isSolved = true;
	/** Logarithms of the last steps' measured over predicted time. */
	#paces: number[] = [];
	readonly #decodeSpread = new Spread();
	readonly #prefillSpread = new Spread();

	/** Whether predictions rest on measured steps rather than on guesses. */
	get isLearned(): boolean {
		return this.#steps >= learningSteps;
	}

	/** Mean absolute deviation of measured from predicted time, as a share of it, of steps with prefill. */
	get prefillDeviation(): number {
		return this.#prefillSpread.mean;
	}

	/** What is added to the prediction of a step with prefill, as a share of it, so that few steps take longer. */
	get prefillMargin(): number {
		return Math.min(largestMargin, marginDeviations * this.prefillDeviation);
	}

	/** As `prefillDeviation`, of steps that only decode. */
	get decodeDeviation(): number {
		return this.#decodeSpread.mean;
	}

	/** Takes a measured step; one that did nothing, or whose figures make no sense, is passed over. */
	observe(work: StepWork, seconds: number): void {
		if (!isSound(work) || !(seconds >= 1e-9 && seconds <= 1e6)) return;
		const features = this.#describe(work);
		const guess = features.reduce((sum, feature) => sum + feature, 0);
		if (this.#steps === 0) this.#restart(seconds / guess);
		const predicted = Math.max(this.predict(work), 1e-9 * seconds);
		const deviation = seconds / predicted - 1;
		const weight = this.#weigh(features, Math.max(seconds, predicted));
		const leverage = this.#fit.leverage(features, weight, this.#ridge);
		const isNovel = leverage > novelLeverage || !this.isLearned;
		const spread =
			work.prefillTokens > 0 ? this.#prefillSpread : this.#decodeSpread;
		const limit = Math.max(leastOutlier, outlierDeviations * spread.mean);
		const trust = isNovel ? 1 : Math.min(1, limit / Math.abs(deviation));
		this.#fit.add(features, seconds, weight, trust);
		if (leverage <= novelLeverage)
			spread.add(Math.min(limit, Math.abs(deviation)));
		this.#followScale(Math.log(seconds / guess));
		if (!isNovel) this.#followPace(Math.log(seconds / predicted));
		this.#steps++;
		this.#isSolved = false;
	}

	/** Expected seconds of a step. */
	predict(work: StepWork): number {
		this.#solve();
		const features = this.#describe(work);
		let seconds = 0;
		for (let i = 0; i < featureCount; i++)
			seconds += (features[i] ?? 0) * (this.#coefficients[i] ?? 0);
		return seconds;
	}

	/**
	 * The most tokens from `least` to `most` for which `workOf(tokens)` is expected to stay within `seconds`, with a margin for
	 * how far steps with prefill were off lately; 0 when not even `least` does. `workOf` must grow with its tokens.
	 */
	tokensWithin(
		seconds: number,
		least: number,
		most: number,
		workOf: (tokens: number) => StepWork,
	): number {
		const fits = (tokens: number) =>
			this.predict(workOf(tokens)) * (1 + this.prefillMargin) <= seconds;
		if (least > most || !fits(least)) return 0;
		// Costs only grow with tokens: halve the interval [fits, doesn't fit).
		let fitting = least;
		let tooMany = Math.floor(most) + 1;
		while (tooMany - fitting > 1) {
			const middle = Math.floor((fitting + tooMany) / 2);
			if (fits(middle)) fitting = middle;
			else tooMany = middle;
		}
		return fitting;
	}

	/** Written into one array that is used again and again. */
	#describe(work: StepWork): Float64Array {
		const { prefillTokens, decodeTokens } = work;
		const isMixed = prefillTokens > 0 && decodeTokens > 0;
		this.#features[0] = priorSeconds[0];
		this.#features[1] = priorSeconds[1] * prefillTokens;
		this.#features[2] = priorSeconds[2] * decodeTokens;
		this.#features[3] = isMixed ? priorSeconds[3] : 0;
		this.#features[4] = priorSeconds[4] * work.attendedCells;
		this.#features[5] = priorSeconds[5] * work.tiledCells;
		this.#features[6] = prefillTokens + decodeTokens > 1 ? priorSeconds[6] : 0;
		return this.#features;
	}

	/** The ridge in the fit's units: one observation weighs about 1 / scale². */
	get #ridge(): number {
		return priorObservations / this.#scale ** 2;
	}

	/** Makes residuals relative, and keeps one freakish observation from outweighing all others by orders of magnitude. */
	#weigh(features: Float64Array, seconds: number): number {
		const length = features.reduce((sum, feature) => sum + feature ** 2, 0);
		return Math.min(1 / seconds ** 2, 1e4 / (length * this.#scale ** 2));
	}

	#restart(scale: number): void {
		this.#scale = scale;
		this.#coefficients.fill(scale);
	}

	/** A geometric mean, since the first step of a process may take many times its usual time. */
	#followScale(logRatio: number): void {
		const share = Math.max(1 / (this.#steps + 1), 1 / memorySteps);
		const log = Math.log(this.#scale);
		this.#scale = Math.exp(log + share * (logRatio - log));
	}

	#followPace(logRatio: number): void {
		this.#paces.push(logRatio);
		if (this.#paces.length > paceSteps) this.#paces.shift();
		if (this.#paces.length < paceSteps) return;
		const side = Math.sign(logRatio);
		const sizes = this.#paces.map((pace) => side * pace).sort((a, b) => a - b);
		if ((sizes[0] ?? 0) < Math.log(paceEachRatio)) return;
		const median = sizes[paceSteps / 2] ?? 0;
		if (median < Math.log(paceMedianRatio)) return;
		const factor = Math.exp(side * median);
		this.#fit.rescale(factor);
		this.#scale *= factor;
		this.#paces = [];
	}

	#solve(): void {
		if (this.#isSolved) return;
		this.#fit.solve(this.#scale, this.#ridge, this.#coefficients);
		this.#isSolved = true;
	}
}

/** Running mean of absolute relative deviations; wide until steps were seen. */
class Spread {
	#mean = 0.25;
	#count = 0;

	get mean(): number {
		return this.#mean;
	}

	add(deviation: number): void {
		this.#count++;
		const share = Math.max(1 / (this.#count + 1), 1 / 32);
		this.#mean += share * (deviation - this.#mean);
	}
}

function isSound(work: StepWork): boolean {
	const { prefillTokens, decodeTokens, attendedCells, tiledCells } = work;
	const figures = [prefillTokens, decodeTokens, attendedCells, tiledCells];
	return (
		figures.every((figure) => figure >= 0 && figure <= 1e12) &&
		prefillTokens + decodeTokens > 0
	);
}
