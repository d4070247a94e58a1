import { GalleyError } from "../../core/errors.ts";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type { OutputParser } from "../../core/output-format.ts";
import type { ApiContext } from "../api-context.ts";
import { chooseAdapters } from "./adapter-choice.ts";
import type { ChatBody } from "./chat-body.ts";
import { toChatMessages } from "./chat-messages.ts";
import { planOutput } from "./chat-output-plan.ts";
import { renderChatPrompt } from "./chat-prompt.ts";
import { fitPrompt } from "./fit-prompt.ts";
import {
	checkStreamFields,
	toGenerationSettings,
} from "./generation-settings.ts";
import { mergeExtensions, requireEqual } from "./merge-extensions.ts";
import { checkContextLength } from "./prompt-tokens.ts";
import { toReasoningVariables } from "./reasoning-fields.ts";
import { type RequestOrigin, toDeadlineMs } from "./request-origin.ts";
import { resolveModel } from "./resolve-model.ts";
import { toToolUse } from "./tool-fields.ts";
import { checkToolMessages } from "./tool-messages.ts";
import type { Truncation } from "./truncation.ts";

export interface ChatPlan {
	request: GenerationRequest;
	promptText: string;
	/** What was left out of the conversation; null when nothing was. */
	truncation: Truncation | null;
	/** For each choice: what takes its output apart; null where it is text and nothing else. */
	createParser(): OutputParser | null;
	/** The client speaks of functions, as before there were tools. */
	isLegacyCall: boolean;
}

/** From a checked body to what the service is asked for. */
export function planChat(
	context: ApiContext,
	rawBody: ChatBody,
	origin: RequestOrigin,
	/** Nothing will be generated, so no prompt is too long. */
	{ isOnlyCounted = false }: { isOnlyCounted?: boolean } = {},
): ChatPlan {
	const { service } = context;
	const model = resolveModel(service, rawBody.model);
	const body = mergeExtensions(rawBody);
	checkStreamFields(body);
	const maxTokens = toMaxTokens(body);
	const logprobs = toLogprobs(body);
	const settings = toGenerationSettings(body, maxTokens, context, origin);
	const toolUse = toToolUse(body);
	checkToolMessages(toChatMessages(body.messages));
	const extras = {
		tools: toolUse?.tools.map(({ tool }) => tool) ?? [],
		variables: toReasoningVariables(body, service.outputFormat),
	};
	const { prompt, promptTokens, truncation } = fitPrompt({
		service,
		messages: body.messages,
		render: (messages) => renderChatPrompt(context, messages, body, extras),
		truncates: body.truncation === "auto",
		isOnlyCounted,
		maxModelLength: model.maxModelLength,
		maxTokens,
	});
	if (promptTokens.length === 0) {
		const message =
			"The chat template made an empty prompt of these messages: add a message with text.";
		throw new GalleyError("invalid_request", message, { param: "messages" });
	}
	if (!isOnlyCounted)
		checkContextLength(
			model.maxModelLength,
			promptTokens.length,
			maxTokens,
			"messages",
		);
	const promptText = prompt.pieces.join("");
	const output = planOutput(service, body, toolUse, promptText, settings);
	const request: GenerationRequest = {
		id: origin.id,
		model: model.id,
		adapters: chooseAdapters(service, model, body.lora),
		promptTokens,
		...settings,
		constraint: output.constraint,
		renderSpecialTokens: output.renderSpecialTokens,
		logprobs,
		promptLogprobs: body.prompt_logprobs ?? null,
		deadlineMs: toDeadlineMs(body.deadline_ms, origin, performance.now()),
	};
	return {
		request,
		promptText,
		truncation,
		createParser: output.createParser,
		isLegacyCall: toolUse?.isLegacy ?? false,
	};
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
