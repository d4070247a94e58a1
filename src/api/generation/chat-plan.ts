import { GalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type { ApiContext } from "../api-context.ts";
import { chooseAdapters } from "./adapter-choice.ts";
import type { ChatBody } from "./chat-body.ts";
import { renderChatPrompt } from "./chat-prompt.ts";
import {
	checkStreamFields,
	toGenerationSettings,
} from "./generation-settings.ts";
import { mergeExtensions, requireEqual } from "./merge-extensions.ts";
import { checkContextLength, tokenizePrompt } from "./prompt-tokens.ts";
import { type RequestOrigin, toDeadlineMs } from "./request-origin.ts";
import { resolveModel } from "./resolve-model.ts";

export interface ChatPlan {
	request: GenerationRequest;
	promptText: string;
}

/** From a checked body to what the service is asked for. Tools and output formats will be further fields of the plan. */
export function planChat(
	context: ApiContext,
	rawBody: ChatBody,
	origin: RequestOrigin,
): ChatPlan {
	const { service } = context;
	const model = resolveModel(service, rawBody.model);
	const body = mergeExtensions(rawBody);
	checkStreamFields(body);
	const maxTokens = toMaxTokens(body);
	const logprobs = toLogprobs(body);
	const settings = toGenerationSettings(body, maxTokens, context, origin);
	const prompt = renderChatPrompt(context, body.messages, body);
	const promptTokens = tokenizePrompt(
		service,
		prompt.pieces,
		prompt,
		"messages",
	);
	if (promptTokens.length === 0) {
		const message =
			"The chat template made an empty prompt of these messages: add a message with text.";
		throw new GalleyError("invalid_request", message, { param: "messages" });
	}
	checkContextLength(
		model.maxModelLength,
		promptTokens.length,
		maxTokens,
		"messages",
	);
	const request: GenerationRequest = {
		id: origin.id,
		model: model.id,
		adapters: chooseAdapters(service, model, body.lora),
		promptTokens,
		...settings,
		logprobs,
		promptLogprobs: body.prompt_logprobs ?? null,
		deadlineMs: toDeadlineMs(body.deadline_ms, origin, performance.now()),
	};
	return { request, promptText: prompt.pieces.join("") };
}

function toMaxTokens(body: ChatBody): number | null {
	const { max_tokens: older, max_completion_tokens: newer } = body;
	if (typeof older === "number" && typeof newer === "number") {
		requireEqual("max_tokens", older, "max_completion_tokens", newer);
	}
	return newer ?? older ?? null;
}

function toLogprobs(body: ChatBody): number | null {
	if (body.logprobs === true) return body.top_logprobs ?? 0;
	if (typeof body.top_logprobs === "number" && body.top_logprobs > 0) {
		const message = "'top_logprobs' needs 'logprobs': true.";
		throw new GalleyError("invalid_request", message, {
			param: "top_logprobs",
		});
	}
	return null;
}
