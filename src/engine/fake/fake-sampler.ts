import { randomInt } from "node:crypto";
import { GalleyError } from "../../core/errors.ts";
import type { SamplingParams } from "../../core/generation-request.ts";
import type { Sampler } from "../engine.ts";
import { assertToken } from "../engine-limits.ts";
import { createRandomNumbers } from "../sampling/random-numbers.ts";
import { type DrawingMemory, TokenDrawer } from "../sampling/token-drawer.ts";

export interface FakeSamplerHost {
	readonly vocabularySize: number;
	readonly contextLength: number;
	readonly drawingMemory: DrawingMemory;
	/** The entry's logits, to be written to by the caller as it likes. */
	copyLogits(batchIndex: number): Float32Array;
	/** The token with the highest logit. */
	favourite(batchIndex: number): number;
	tokenText(token: number): string;
	release(sampler: FakeSampler): void;
}

interface Candidate {
	token: number;
	logit: number;
	probability: number;
}

const banBias = -100;

/**
 * Draws as the llama engine does, and does DRY and typical sampling by itself: step by step in the order that
 * `llama/native-sampler-chain.ts` names, slow and plain, meant to be checked by eye.
 */
export class FakeSampler implements Sampler {
	readonly #host: FakeSamplerHost;
	readonly #sampling: SamplingParams;
	readonly #random: () => number;
	readonly #isPlainGreedy: boolean;
	/** Null when the parameters need the plain steps. */
	readonly #drawer: TokenDrawer | null;
	readonly #history: number[] = [];
	#promptTokens = 0;
	#isDisposed = false;

	constructor(host: FakeSamplerHost, sampling: SamplingParams) {
		for (const [token] of sampling.logitBias)
			assertToken(token, host.vocabularySize, "logit_bias");
		this.#host = host;
		this.#sampling = sampling;
		this.#random = createRandomNumbers(sampling.seed ?? randomInt(2 ** 32));
		this.#isPlainGreedy = sampling.temperature <= 0 && !changesLogits(sampling);
		const { drawingMemory, contextLength } = host;
		this.#drawer = TokenDrawer.canDraw(sampling)
			? new TokenDrawer(drawingMemory, sampling, {
					contextLength,
					bannedTokens: [],
				})
			: null;
	}

	accept(token: number): void {
		this.#assertAlive();
		if (this.#drawer !== null) {
			this.#drawer.accept(token);
			return;
		}
		this.#history.push(token);
		this.#promptTokens = this.#history.length;
	}

	sample(batchIndex: number): number {
		this.#assertAlive();
		if (this.#isPlainGreedy) return this.#host.favourite(batchIndex);
		const logits = this.#host.copyLogits(batchIndex);
		if (this.#drawer !== null) return this.#drawer.draw(logits);
		const token = this.#draw(logits);
		this.#history.push(token);
		return token;
	}

	[Symbol.dispose](): void {
		if (this.#isDisposed) return;
		this.#isDisposed = true;
		this.#host.release(this);
	}

	#draw(logits: Float32Array): number {
		this.#applyBias(logits);
		this.#applyPenalties(logits);
		this.#applyDry(logits);
		const { temperature, topK, typicalP, topP, minP } = this.#sampling;
		if (temperature <= 0) return indexOfHighest(logits);

		let candidates: Candidate[] = Array.from(logits, (logit, token) => ({
			token,
			logit,
			probability: 0,
		}));
		candidates.sort((a, b) => b.logit - a.logit);
		if (topK > 0) candidates = candidates.slice(0, topK);
		if (typicalP < 1) candidates = keepTypical(candidates, typicalP);
		if (topP < 1) candidates = keepUntil(withProbabilities(candidates), topP);
		if (minP > 0) {
			const lowest = (candidates[0]?.logit ?? 0) + Math.log(minP);
			candidates = candidates.filter(({ logit }) => logit >= lowest);
		}
		for (const candidate of candidates) candidate.logit /= temperature;
		let rest = this.#random();
		for (const { token, probability } of withProbabilities(candidates)) {
			rest -= probability;
			if (rest < 0) return token;
		}
		return candidates.at(-1)?.token ?? 0;
	}

	#applyBias(logits: Float32Array): void {
		for (const [token, bias] of this.#sampling.logitBias) {
			logits[token] =
				bias <= banBias
					? Number.NEGATIVE_INFINITY
					: (logits[token] ?? 0) + bias;
		}
	}

	#applyPenalties(logits: Float32Array): void {
		const { repetitionPenalty, presencePenalty, frequencyPenalty } =
			this.#sampling;
		const first = Math.max(
			0,
			this.#history.length - this.#lastTokens(this.#sampling.penaltyLastTokens),
		);
		for (const token of new Set(this.#history.slice(first))) {
			const logit = logits[token] ?? 0;
			logits[token] =
				logit <= 0 ? logit * repetitionPenalty : logit / repetitionPenalty;
		}
		for (const token of this.#history.slice(
			Math.max(first, this.#promptTokens),
		)) {
			logits[token] = (logits[token] ?? 0) - frequencyPenalty;
		}
		for (const token of new Set(
			this.#history.slice(Math.max(first, this.#promptTokens)),
		)) {
			logits[token] = (logits[token] ?? 0) - presencePenalty;
		}
	}

	/** A token that would go on with a repetition of `length` tokens loses multiplier * base ^ (length - allowedLength). */
	#applyDry(logits: Float32Array): void {
		const { multiplier, base, allowedLength, lastTokens, sequenceBreakers } =
			this.#sampling.dry;
		if (multiplier === 0) return;
		const tokens = this.#history.slice(
			Math.max(0, this.#history.length - this.#lastTokens(lastTokens)),
		);
		const isBreaker = tokens.map((token) => {
			const text = this.#host.tokenText(token);
			return sequenceBreakers.some((breaker) => text.includes(breaker));
		});
		const longest = new Map<number, number>();
		for (let end = 0; end < tokens.length - 1; end++) {
			let length = 0;
			while (
				length <= end &&
				!isBreaker[end - length] &&
				tokens[end - length] === tokens[tokens.length - 1 - length]
			)
				length++;
			const next = tokens[end + 1] ?? 0;
			if (length >= allowedLength && !isBreaker[end + 1])
				longest.set(next, Math.max(length, longest.get(next) ?? 0));
		}
		for (const [token, length] of longest) {
			logits[token] =
				(logits[token] ?? 0) - multiplier * base ** (length - allowedLength);
		}
	}

	#lastTokens(count: number): number {
		return count < 0 ? this.#host.contextLength : count;
	}

	#assertAlive(): void {
		if (this.#isDisposed)
			throw new GalleyError(
				"engine_error",
				"The sampler is disposed; create another.",
			);
	}
}

function changesLogits(sampling: SamplingParams): boolean {
	const {
		logitBias,
		repetitionPenalty,
		presencePenalty,
		frequencyPenalty,
		dry,
	} = sampling;
	const isNeutral =
		repetitionPenalty === 1 &&
		presencePenalty === 0 &&
		frequencyPenalty === 0 &&
		dry.multiplier === 0;
	return !isNeutral || logitBias.length > 0;
}

function indexOfHighest(logits: Float32Array): number {
	let best = 0;
	for (let token = 1; token < logits.length; token++) {
		if ((logits[token] ?? 0) > (logits[best] ?? 0)) best = token;
	}
	return best;
}

/** Softmax; candidates stand by falling logit. */
function withProbabilities(candidates: Candidate[]): Candidate[] {
	const highest = candidates[0]?.logit ?? 0;
	let sum = 0;
	for (const candidate of candidates) {
		candidate.probability = Math.exp(candidate.logit - highest);
		sum += candidate.probability;
	}
	for (const candidate of candidates) candidate.probability /= sum;
	return candidates;
}

/** The first candidates whose probabilities reach `share` together. */
function keepUntil(candidates: Candidate[], share: number): Candidate[] {
	let sum = 0;
	const last = candidates.findIndex(({ probability }) => {
		sum += probability;
		return sum >= share;
	});
	return last < 0 ? candidates : candidates.slice(0, last + 1);
}

/** Locally typical sampling: nearest to the expected surprise first. */
function keepTypical(candidates: Candidate[], share: number): Candidate[] {
	withProbabilities(candidates);
	const surprise = ({ probability }: Candidate): number =>
		probability > 0 ? -Math.log(probability) : 1e9;
	const entropy = candidates.reduce(
		(sum, candidate) => sum + candidate.probability * surprise(candidate),
		0,
	);
	const distance = (candidate: Candidate): number =>
		Math.abs(surprise(candidate) - entropy);
	const kept = keepUntil(
		[...candidates].sort((a, b) => distance(a) - distance(b)),
		share,
	);
	return kept.sort((a, b) => b.logit - a.logit);
}
