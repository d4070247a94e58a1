import { randomInt } from "node:crypto";
import { GalleyError } from "../../core/errors.ts";
import type { SamplingParams } from "../../core/generation-request.ts";
import type { Candidates } from "./candidates.ts";
import { findBest } from "./logit-scans.ts";
import { Penalties } from "./penalties.ts";
import { createRandomNumbers } from "./random-numbers.ts";

/** A bias of this or less bans a token. */
const banBias = -100;

/** Working memory of one engine, shared by all its samplers: they work one after the other. */
export interface DrawingMemory {
	candidates: Candidates;
	/** Logits that may be written to. */
	scratch: Float32Array;
}

/**
 * Draws tokens from logits, in the order of llama.cpp's own programs: biases, penalties, top-k, top-p, min-p, temperature.
 * Knows all of SamplingParams but DRY and typical: see `canDraw`.
 */
export class TokenDrawer {
	readonly #memory: DrawingMemory;
	readonly #sampling: SamplingParams;
	readonly #penalties: Penalties;
	readonly #bannedTokens: readonly number[];
	readonly #random: () => number;

	/** `bannedTokens` are those that the model's file wants never generated. */
	constructor(
		memory: DrawingMemory,
		sampling: SamplingParams,
		model: { contextLength: number; bannedTokens: readonly number[] },
	) {
		const { penaltyLastTokens, seed } = sampling;
		this.#memory = memory;
		this.#sampling = sampling;
		this.#penalties = new Penalties(
			sampling,
			penaltyLastTokens < 0 ? model.contextLength : penaltyLastTokens,
		);
		this.#bannedTokens = model.bannedTokens;
		this.#random = createRandomNumbers(seed ?? randomInt(2 ** 32));
	}

	static canDraw({ dry, typicalP }: SamplingParams): boolean {
		return dry.multiplier === 0 && typicalP >= 1;
	}

	/** Tells the penalties of a token of the prompt. */
	accept(token: number): void {
		this.#penalties.acceptPrompt(token);
	}

	/** Draws a token and tells the penalties of it. Leaves the logits as they are. */
	draw(logits: Float32Array): number {
		const token = this.#draw(this.#adjust(logits));
		this.#penalties.acceptGenerated(token);
		return token;
	}

	#adjust(logits: Float32Array): Float32Array {
		const { logitBias } = this.#sampling;
		if (
			logitBias.length === 0 &&
			this.#bannedTokens.length === 0 &&
			this.#penalties.isNeutral
		)
			return logits;
		const { scratch } = this.#memory;
		scratch.set(logits);
		for (const [token, bias] of logitBias) {
			(scratch[token] as number) +=
				bias <= banBias ? Number.NEGATIVE_INFINITY : bias;
		}
		for (const token of this.#bannedTokens)
			scratch[token] = Number.NEGATIVE_INFINITY;
		this.#penalties.apply(scratch);
		return scratch;
	}

	#draw(logits: Float32Array): number {
		const { temperature, topK, topP, minP } = this.#sampling;
		const { candidates } = this.#memory;
		if (temperature <= 0 || topK === 1) return assertDrawn(findBest(logits));
		const isCut = topK > 0 && topK < logits.length;
		if (!isCut && topP >= 1 && minP <= 0) {
			return assertDrawn(
				candidates.drawFromAll(logits, temperature, this.#random),
			);
		}
		if (isCut) {
			candidates.takeHighest(logits, topK);
			if (topP < 1) candidates.keepNucleus(topP);
			if (minP > 0) candidates.keepLikely(minP);
		} else if (topP < 1) {
			candidates.takeNucleus(logits, topP);
			if (minP > 0) candidates.keepLikely(minP);
		} else {
			candidates.takeLikely(logits, minP);
		}
		return assertDrawn(
			candidates.count === 0 ? -1 : candidates.draw(temperature, this.#random),
		);
	}
}

function assertDrawn(token: number): number {
	if (token >= 0) return token;
	throw new GalleyError(
		"engine_error",
		"No token can be drawn: every token is banned, or the model computed no numbers.",
	);
}
