import { GalleyError } from "../../core/errors.ts";
import {
	defaultSampling,
	type GenerationRequest,
	type SamplingParams,
	type StopConditions,
} from "../../core/generation-request.ts";
import type { ApiContext } from "../api-context.ts";
import type { GenerationFields } from "./generation-fields.ts";
import {
	type ConstrainedBody,
	toOutputConstraint,
} from "./output-constraint.ts";
import { type RequestOrigin, toTenant } from "./request-origin.ts";

/** What of a GenerationRequest does not depend on the prompt or the surface. */
export type GenerationSettings = Pick<
	GenerationRequest,
	| "choices"
	| "sampling"
	| "stop"
	| "priority"
	| "tenant"
	| "cacheSalt"
	| "constraint"
	| "renderSpecialTokens"
> &
	Pick<GenerationRequest, "trace">;

export function toGenerationSettings(
	fields: GenerationFields & ConstrainedBody,
	maxTokens: number | null,
	{ service, options }: Pick<ApiContext, "service" | "options">,
	origin: RequestOrigin,
): GenerationSettings {
	const { vocabularySize } = service.facts;
	const choices = fields.n ?? 1;
	if (choices > options.maxChoices) {
		const message = `'n' may be at most ${options.maxChoices} on this server, but is ${choices}.`;
		throw new GalleyError("invalid_request", message, { param: "n" });
	}
	return {
		choices,
		sampling: toSampling(fields, vocabularySize),
		stop: toStopConditions(fields, maxTokens, vocabularySize),
		priority: fields.priority ?? 0,
		tenant: toTenant(origin, fields),
		...(origin.trace == null ? {} : { trace: origin.trace }),
		cacheSalt: fields.cache_salt ?? "",
		constraint: toOutputConstraint(fields),
		renderSpecialTokens: fields.skip_special_tokens === false,
	};
}

function toSampling(
	fields: GenerationFields,
	vocabularySize: number,
): SamplingParams {
	const { dry } = defaultSampling;
	return {
		temperature: fields.temperature ?? defaultSampling.temperature,
		topK: Math.max(0, fields.top_k ?? defaultSampling.topK),
		topP: fields.top_p ?? defaultSampling.topP,
		minP: fields.min_p ?? defaultSampling.minP,
		typicalP: fields.typical_p ?? defaultSampling.typicalP,
		repetitionPenalty:
			fields.repetition_penalty ?? defaultSampling.repetitionPenalty,
		presencePenalty: fields.presence_penalty ?? defaultSampling.presencePenalty,
		frequencyPenalty:
			fields.frequency_penalty ?? defaultSampling.frequencyPenalty,
		penaltyLastTokens:
			fields.repeat_last_n ?? defaultSampling.penaltyLastTokens,
		dry: {
			multiplier: fields.dry_multiplier ?? dry.multiplier,
			base: fields.dry_base ?? dry.base,
			allowedLength: fields.dry_allowed_length ?? dry.allowedLength,
			lastTokens: fields.dry_penalty_last_n ?? dry.lastTokens,
			sequenceBreakers: fields.dry_sequence_breakers ?? dry.sequenceBreakers,
		},
		logitBias: toLogitBias(fields.logit_bias ?? {}, vocabularySize),
		// Seeds of 64 bits are folded: the samplers take 32.
		seed:
			fields.seed === undefined || fields.seed === null
				? null
				: Number(BigInt.asUintN(32, BigInt(fields.seed))),
	};
}

function toLogitBias(
	bias: Readonly<Record<string, number>>,
	vocabularySize: number,
): SamplingParams["logitBias"] {
	return Object.entries(bias).map(([key, value]) => {
		const token = Number(key);
		requireInVocabulary(token, vocabularySize, `logit_bias.${key}`);
		return [token, value] as const;
	});
}

function toStopConditions(
	fields: GenerationFields,
	maxTokens: number | null,
	vocabularySize: number,
): StopConditions {
	const minTokens = fields.min_tokens ?? 0;
	if (maxTokens !== null && minTokens > maxTokens) {
		const message = `'min_tokens' (${minTokens}) may not be more than 'max_tokens' (${maxTokens}).`;
		throw new GalleyError("invalid_request", message, { param: "min_tokens" });
	}
	const stopTokenIds = fields.stop_token_ids ?? [];
	for (const [index, token] of stopTokenIds.entries()) {
		requireInVocabulary(token, vocabularySize, "stop_token_ids", index);
	}
	const { stop } = fields;
	return {
		maxTokens,
		minTokens,
		stopStrings: typeof stop === "string" ? [stop] : (stop ?? []),
		stopTokenIds,
		includeStopString: fields.include_stop_str_in_output ?? false,
		ignoreEos: fields.ignore_eos ?? false,
	};
}

/** `index` says where in the list `field`, if it is one. Names are only put together for the error: lists are long. */
export function requireInVocabulary(
	token: number,
	vocabularySize: number,
	field: string,
	index?: number,
): void {
	if (token < vocabularySize) return;
	const param = index === undefined ? field : `${field}[${index}]`;
	const message = `'${param}': this model has no token ${token}; its ids go from 0 to ${vocabularySize - 1}.`;
	throw new GalleyError("invalid_request", message, { param });
}

/** Streams report usage and logprobs in their own ways; what only makes sense in or out of one is refused here. */
export function checkStreamFields(fields: GenerationFields): void {
	if (
		fields.stream !== true &&
		fields.stream_options !== undefined &&
		fields.stream_options !== null
	) {
		const message =
			"'stream_options' needs 'stream': true. Leave it out or stream.";
		throw new GalleyError("invalid_request", message, {
			param: "stream_options",
		});
	}
	if (fields.stream === true && typeof fields.prompt_logprobs === "number") {
		const message =
			"'prompt_logprobs' is not available in streams. Send 'stream': false.";
		throw new GalleyError("unsupported_parameter", message, {
			param: "prompt_logprobs",
		});
	}
}
