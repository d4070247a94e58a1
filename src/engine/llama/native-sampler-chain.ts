import { randomInt } from "node:crypto";
import type { SamplingParams } from "../../core/generation-request.ts";
import type { NativeBindings } from "./bindings.ts";
import type { Pointer } from "./structs.ts";
import type { LlamaVocabulary } from "./vocabulary.ts";

export interface NativeModel {
	native: NativeBindings;
	vocabulary: LlamaVocabulary;
	/** What -1 as a number of last tokens means. */
	contextLength: number;
}

/** `LLAMA_DEFAULT_SEED` asks the library for a random seed. */
const randomSeed = 0xffff_ffff;
const banBias = -100;

/**
 * A chain of libllama's own samplers, in the order of llama.cpp's own programs; neutral ones are left out:
 *
 *     logit bias -> repetition -> presence, frequency -> DRY -> top-k -> typical -> top-p -> min-p -> temperature -> draw
 */
export class NativeSamplerChain implements Disposable {
	readonly #native: NativeBindings;
	/** Members whose history includes the prompt. The chain owns them. */
	readonly #promptReaders: readonly Pointer[];
	#chain: Pointer | null;

	constructor(model: NativeModel, sampling: SamplingParams) {
		this.#native = model.native;
		const { members, promptReaders } = createMembers(model, sampling);
		this.#promptReaders = promptReaders;
		this.#chain = this.#native.llama_sampler_chain_init({ no_perf: true });
		for (const member of members)
			this.#native.llama_sampler_chain_add(this.#chain, member);
	}

	/** Tells the penalties of a token of the prompt. */
	accept(token: number): void {
		for (const reader of this.#promptReaders)
			this.#native.llama_sampler_accept(reader, token);
	}

	/** Draws from an entry's logits and tells the penalties of the token. The entry must have logits. */
	draw(context: Pointer, batchIndex: number): number {
		if (this.#chain === null) throw new Error("The sampler chain is disposed.");
		return this.#native.llama_sampler_sample(this.#chain, context, batchIndex);
	}

	[Symbol.dispose](): void {
		if (this.#chain !== null) this.#native.llama_sampler_free(this.#chain);
		this.#chain = null;
	}
}

function createMembers(
	model: NativeModel,
	sampling: SamplingParams,
): { members: Pointer[]; promptReaders: Pointer[] } {
	const { native, vocabulary, contextLength } = model;
	const {
		repetitionPenalty,
		presencePenalty,
		frequencyPenalty,
		temperature,
		dry,
	} = sampling;
	const members: Pointer[] = [];
	const promptReaders: Pointer[] = [];
	const toLastTokens = (count: number): number =>
		count < 0 ? contextLength : Math.min(count, contextLength);

	const biases = toBiases(vocabulary, sampling.logitBias);
	if (biases !== null)
		members.push(
			native.llama_sampler_init_logit_bias(
				vocabulary.size,
				biases.length / 2,
				biases,
			),
		);

	const lastTokens = toLastTokens(sampling.penaltyLastTokens);
	const addPenalties = (
		repetition: number,
		frequency: number,
		presence: number,
	): Pointer => {
		const member = native.llama_sampler_init_penalties(
			vocabulary.size,
			lastTokens,
			repetition,
			frequency,
			presence,
		);
		members.push(member);
		return member;
	};
	if (repetitionPenalty !== 1 && lastTokens > 0)
		promptReaders.push(addPenalties(repetitionPenalty, 0, 0));
	// OpenAI's two penalties count what was generated, so they are a member of their own that doesn't hear the prompt.
	const countsGenerated = presencePenalty !== 0 || frequencyPenalty !== 0;
	if (countsGenerated && lastTokens > 0)
		addPenalties(1, frequencyPenalty, presencePenalty);

	const dryLastTokens = toLastTokens(dry.lastTokens);
	if (dry.multiplier !== 0 && dryLastTokens > 0) {
		const breakers = [...dry.sequenceBreakers];
		const member = native.llama_sampler_init_dry(
			vocabulary.address,
			dry.multiplier,
			dry.base,
			dry.allowedLength,
			dryLastTokens,
			breakers,
			breakers.length,
		);
		members.push(member);
		promptReaders.push(member);
	}

	if (temperature <= 0)
		return {
			members: [...members, native.llama_sampler_init_greedy()],
			promptReaders,
		};
	if (sampling.topK > 0)
		members.push(native.llama_sampler_init_top_k(sampling.topK));
	if (sampling.typicalP < 1)
		members.push(native.llama_sampler_init_typical(sampling.typicalP, 1));
	if (sampling.topP < 1)
		members.push(native.llama_sampler_init_top_p(sampling.topP, 1));
	if (sampling.minP > 0)
		members.push(native.llama_sampler_init_min_p(sampling.minP, 1));
	if (temperature !== 1)
		members.push(native.llama_sampler_init_temp(temperature));
	return {
		members: [
			...members,
			native.llama_sampler_init_dist(toSeed(sampling.seed)),
		],
		promptReaders,
	};
}

/** `struct llama_logit_bias { int32 token; float bias }` one after the other, or null when there are none. */
function toBiases(
	vocabulary: LlamaVocabulary,
	logitBias: SamplingParams["logitBias"],
): Float32Array | null {
	const pairs = [
		...vocabulary.suppressedTokens.map(
			(token) => [token, Number.NEGATIVE_INFINITY] as const,
		),
		...logitBias.map(
			([token, bias]) =>
				[token, bias <= banBias ? Number.NEGATIVE_INFINITY : bias] as const,
		),
	];
	if (pairs.length === 0) return null;
	const biases = new Float32Array(2 * pairs.length);
	const tokens = new Int32Array(biases.buffer);
	for (const [index, [token, bias]] of pairs.entries()) {
		tokens[2 * index] = token;
		biases[2 * index + 1] = bias;
	}
	return biases;
}

function toSeed(seed: number | null): number {
	if (seed === null) return randomInt(randomSeed);
	// The one value that would not be deterministic shares its neighbour's random numbers.
	return seed === randomSeed ? randomSeed - 1 : seed;
}
