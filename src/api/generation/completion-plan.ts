import { GalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type { LanguageService } from "../../core/language-service.ts";
import type { ApiContext } from "../api-context.ts";
import { chooseAdapters } from "./adapter-choice.ts";
import type { CompletionBody, WirePrompt } from "./completion-body.ts";
import { hasSuffix, toMiddle } from "./fill-in-middle.ts";
import {
	checkStreamFields,
	requireInVocabulary,
	toGenerationSettings,
} from "./generation-settings.ts";
import { mergeExtensions } from "./merge-extensions.ts";
import { checkContextLength, tokenizePrompt } from "./prompt-tokens.ts";
import { type RequestOrigin, toDeadlineMs } from "./request-origin.ts";
import { resolveModel } from "./resolve-model.ts";

export interface CompletionPlan {
	model: string;
	/** One for each prompt. */
	requests: readonly GenerationRequest[];
	/** The text of each prompt; null for token ids that are not echoed. */
	promptTexts: readonly (string | null)[];
	/** How many choices of each prompt are answered: the best ones of those generated. */
	choices: number;
	/** What the client asked for with `logprobs`. */
	logprobs: number | null;
	echo: boolean;
	/**
	 * `max_tokens: 0` with `echo` scores a prompt without continuing it. Engines generate at least one token, so one is
	 * asked for and left out of the answer.
	 */
	isScoringOnly: boolean;
	/** What the client asked for with `prompt_logprobs`. */
	promptLogprobs: number | null;
}

/** OpenAI's, vLLM's and NIM's default for this endpoint. */
const defaultMaxTokens = 16;

export function planCompletion(
	context: ApiContext,
	rawBody: CompletionBody,
	origin: RequestOrigin,
): CompletionPlan {
	const { service } = context;
	const model = resolveModel(service, rawBody.model);
	const body = mergeExtensions(rawBody);
	checkStreamFields(body);
	const echo = body.echo ?? false;
	const isScoringOnly = body.max_tokens === 0;
	if (isScoringOnly && !echo) {
		const message =
			"'max_tokens' must be at least 1, or 0 together with 'echo': true.";
		throw new GalleyError("invalid_request", message, { param: "max_tokens" });
	}
	const prompts = toPrompts(context, body);
	const longest = Math.max(...prompts.map(({ tokens }) => tokens.length));
	// The default never makes a prompt too long that fits.
	const fallback = Math.max(
		1,
		Math.min(defaultMaxTokens, model.maxModelLength - longest),
	);
	const maxTokens = isScoringOnly ? 1 : (body.max_tokens ?? fallback);
	const settings = toGenerationSettings(body, maxTokens, context, origin);
	const bestOf = toBestOf(body, context);
	const logprobs = body.logprobs ?? null;
	const promptLogprobs = body.prompt_logprobs ?? null;
	for (const { tokens } of prompts)
		checkContextLength(
			model.maxModelLength,
			tokens.length,
			maxTokens,
			"prompt",
		);
	const deadlineMs = toDeadlineMs(body.deadline_ms, origin, performance.now());
	const adapters = chooseAdapters(service, model, body.lora);
	const requests = prompts.map(({ tokens }, index) => ({
		id: prompts.length === 1 ? origin.id : `${origin.id}-${index}`,
		model: model.id,
		adapters,
		promptTokens: tokens,
		...settings,
		choices: bestOf,
		// Choices are compared by the probabilities of their tokens.
		logprobs: bestOf > settings.choices ? (logprobs ?? 0) : logprobs,
		deadlineMs,
		promptLogprobs: larger(promptLogprobs, echo ? logprobs : null),
	}));
	const promptTexts = prompts.map(({ text }) => text);
	return {
		model: model.id,
		requests,
		promptTexts,
		choices: settings.choices,
		logprobs,
		echo,
		isScoringOnly,
		promptLogprobs,
	};
}

/** Choices to generate for each prompt. They share one prefill. */
function toBestOf(body: CompletionBody, { options }: ApiContext): number {
	const choices = body.n ?? 1;
	const bestOf = body.best_of ?? choices;
	const fault = (message: string) =>
		new GalleyError("invalid_request", message, { param: "best_of" });
	if (bestOf < choices)
		throw fault(
			`'best_of' (${bestOf}) may not be less than 'n' (${choices}): the answer is chosen from what is generated.`,
		);
	if (bestOf > options.maxChoices)
		throw fault(
			`'best_of' may be at most ${options.maxChoices} on this server, but is ${bestOf}.`,
		);
	if (bestOf > choices && body.stream === true)
		throw fault(
			"'best_of' above 'n' is not available in streams: which choices are best is known at the end. Send 'stream': false.",
		);
	return bestOf;
}

/** The engine reports prompt tokens once, for `prompt_logprobs` and for `logprobs` with `echo`. */
function larger(left: number | null, right: number | null): number | null {
	return left === null || right === null
		? (left ?? right)
		: Math.max(left, right);
}

interface Prompt {
	text: string | null;
	tokens: Int32Array;
}

function toPrompts(context: ApiContext, body: CompletionBody): Prompt[] {
	const { service, options } = context;
	const middle = toMiddle(service, body);
	const entries = toList(body.prompt);
	if (entries.length > options.maxPrompts) {
		const message = `'prompt' may hold at most ${options.maxPrompts} prompts, but has ${entries.length}.`;
		throw new GalleyError("invalid_request", message, { param: "prompt" });
	}
	return entries.map((entry, index) => {
		const param = entries.length > 1 ? `prompt[${index}]` : "prompt";
		const prompt =
			typeof entry === "string"
				? fromText(service, entry, body)
				: fromIds(service, entry, body, param);
		if (middle !== null)
			return { ...prompt, tokens: middle.around(prompt.tokens) };
		if (prompt.tokens.length > 0) return prompt;
		const message = `'${param}' is empty, and this model has no begin token to start from: send some text.`;
		throw new GalleyError("invalid_request", message, { param });
	});
}

function fromText(
	service: LanguageService,
	text: string,
	body: CompletionBody,
): Prompt {
	// The begin token goes before the mark of the prefix.
	const addSpecial = !hasSuffix(body) && (body.add_special_tokens ?? true);
	return {
		text,
		tokens: tokenizePrompt(service, [text], { addSpecial }, "prompt"),
	};
}

function fromIds(
	service: LanguageService,
	ids: readonly number[],
	body: CompletionBody,
	param: string,
): Prompt {
	checkContextLength(service.model.maxModelLength, ids.length, null, "prompt");
	for (const [index, id] of ids.entries()) {
		requireInVocabulary(id, service.facts.vocabularySize, param, index);
	}
	const tokens = Int32Array.from(ids);
	const text =
		body.echo === true
			? service.detokenize(tokens, { renderSpecialTokens: true })
			: null;
	return { text, tokens };
}

function toList(prompt: WirePrompt): readonly (string | readonly number[])[] {
	if (typeof prompt === "string") return [prompt];
	return typeof prompt[0] === "number"
		? [prompt as readonly number[]]
		: (prompt as readonly string[]);
}
