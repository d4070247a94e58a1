import type { OutputConstraint } from "./output-constraint.ts";
import type { TraceContext } from "./trace-context.ts";

/** Everything the scheduler and the engine need to know of one request, whichever API it came through. */

export interface DrySampling {
	/** 0 turns DRY off. */
	multiplier: number;
	base: number;
	/** Repetitions up to this many tokens are not penalised. */
	allowedLength: number;
	/** How many of the last tokens are searched for repetitions; -1 is the whole context. */
	lastTokens: number;
	sequenceBreakers: readonly string[];
}

/** Neutral values switch a sampler off: see `defaultSampling`. */
export interface SamplingParams {
	/** 0 is greedy. */
	temperature: number;
	/** 0 keeps all tokens. */
	topK: number;
	/** 1 keeps all tokens. */
	topP: number;
	/** 0 keeps all tokens. */
	minP: number;
	/** 1 keeps all tokens. */
	typicalP: number;
	/** 1 is neutral; prompt tokens count too, as in vLLM. */
	repetitionPenalty: number;
	/** 0 is neutral. */
	presencePenalty: number;
	/** 0 is neutral. */
	frequencyPenalty: number;
	/** How many of the last tokens the three penalties look at; -1 is the whole context. */
	penaltyLastTokens: number;
	dry: DrySampling;
	/** Token id and what is added to its logit; -100 or less bans the token. */
	logitBias: readonly (readonly [token: number, bias: number])[];
	/** Unsigned 32 bits; null takes a random one. */
	seed: number | null;
}

export const defaultSampling: SamplingParams = Object.freeze({
	temperature: 1,
	topK: 0,
	topP: 1,
	minP: 0,
	typicalP: 1,
	repetitionPenalty: 1,
	presencePenalty: 0,
	frequencyPenalty: 0,
	penaltyLastTokens: -1,
	dry: Object.freeze({
		multiplier: 0,
		base: 1.75,
		allowedLength: 2,
		lastTokens: -1,
		sequenceBreakers: Object.freeze(["\n", ":", '"', "*"]),
	}),
	logitBias: Object.freeze([]),
	seed: null,
});

export interface StopConditions {
	/** Tokens to generate at most; null runs to the end of the context. */
	maxTokens: number | null;
	/** End-of-generation tokens and stop strings do not end a choice before this many tokens. */
	minTokens: number;
	stopStrings: readonly string[];
	stopTokenIds: readonly number[];
	/** Keep the stop string in the text. */
	includeStopString: boolean;
	/** Generate past end-of-generation tokens. */
	ignoreEos: boolean;
}

export interface GenerationRequest {
	/** As in `X-Request-Id`. */
	id: string;
	/** What it belongs to; left out where nothing is traced. */
	trace?: TraceContext;
	/** The base model's name or an adapter's. */
	model: string;
	/** Names of adapters and how strongly each works; each name once. Nothing is the base model alone. */
	adapters: readonly { name: string; scale: number }[];
	/** Token ids, at least one. */
	promptTokens: Int32Array;
	/** Choices to generate from the one prompt, at least 1. */
	choices: number;
	sampling: SamplingParams;
	stop: StopConditions;
	/** Alternatives to report for each generated token; 0 reports only the chosen one, null reports nothing. */
	logprobs: number | null;
	/** The same for prompt tokens. */
	promptLogprobs: number | null;
	/** Lower runs first, as in vLLM. */
	priority: number;
	/** Whose request it is: tenants get equal shares. Empty when nothing tells. */
	tenant: string;
	/** Prefixes are shared only between requests with the same salt. */
	cacheSalt: string;
	/** Milliseconds from arrival to the first token at most; null waits as long as it takes. */
	deadlineMs: number | null;
	/** What the output must look like; null leaves it free. */
	constraint: OutputConstraint | null;
	/** Show control tokens such as `<|im_end|>` as text: all, none, or those that `LanguageService.outputFormat` reads. */
	renderSpecialTokens: boolean | "markers";
}
