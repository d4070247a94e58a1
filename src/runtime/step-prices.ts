import { ForgettingFit } from "../scheduler/forgetting-fit.ts";

/** What steps cost, in seconds: `step + prefillToken x prompt tokens + decodeSequence x decoding sequences`. */
export interface StepPrice {
	step: number;
	prefillToken: number;
	decodeSequence: number;
}

/** Features are scaled to about 1, so that one prior and one ridge suit all three. */
const prefillScale = 64;
const decodeScale = 4;
/** About fifty steps of a kind replace what was known of that kind. */
const forgetting = 0.02;
const ridge = 1e-3;
const priorSeconds = 0.01;
/** Fewer steps than this say nothing: the first ones of a process are slow. */
const minSteps = 8;

/**
 * The price of steps, learned from the steps. Coarser than the scheduler's own model, which also knows where cells lie:
 * a forecast over many steps needs means, and prices that hold for loads not seen lately.
 */
export class StepPrices {
	readonly #fit = new ForgettingFit(3, forgetting);
	readonly #features = new Float64Array(3);
	readonly #coefficients = new Float64Array(3);
	#isSolved = false;
	#steps = 0;
	/** Sums over steps that prefilled, newer ones weighing more. */
	#chunkTokens = 0;
	#chunkSquares = 0;
	#decodes = 1;
	#decodedTokens = 1;

	get isKnown(): boolean {
		return this.#steps >= minSteps;
	}

	/** Prompt tokens that a step takes when there are plenty: the mean over tokens, so that rests of prompts hardly count. */
	get prefillTokensPerStep(): number {
		return this.#chunkTokens === 0
			? prefillScale
			: this.#chunkSquares / this.#chunkTokens;
	}

	/** 1, or more where guesses of prompt lookup come true. */
	get tokensPerDecode(): number {
		return this.#decodedTokens / this.#decodes;
	}

	add(step: {
		seconds: number;
		prefillTokens: number;
		decodeTokens: number;
		acceptedTokens: number;
	}): void {
		const { seconds, prefillTokens, decodeTokens } = step;
		if (!(seconds > 0)) return;
		this.#steps++;
		this.#isSolved = false;
		this.#features.set([
			1,
			prefillTokens / prefillScale,
			decodeTokens / decodeScale,
		]);
		// A forecast adds steps up: relative errors of short and long steps count alike.
		this.#fit.add(this.#features, seconds, 1 / seconds ** 2, 1);
		if (prefillTokens > 0) {
			this.#chunkTokens = 0.95 * this.#chunkTokens + prefillTokens;
			this.#chunkSquares = 0.95 * this.#chunkSquares + prefillTokens ** 2;
		}
		if (decodeTokens > 0) {
			this.#decodes = 0.98 * this.#decodes + decodeTokens;
			this.#decodedTokens =
				0.98 * this.#decodedTokens + decodeTokens + step.acceptedTokens;
		}
	}

	price(): StepPrice {
		if (!this.#isSolved) {
			this.#fit.solve(priorSeconds, ridge, this.#coefficients);
			this.#isSolved = true;
		}
		const [step = 0, prefill = 0, decode = 0] = this.#coefficients;
		return {
			step,
			prefillToken: prefill / prefillScale,
			decodeSequence: decode / decodeScale,
		};
	}
}
