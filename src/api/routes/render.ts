import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { GenerationRequest } from "../../core/generation-request.ts";
import type { ApiContext } from "../api-context.ts";
import { type ChatBody, chatBody } from "../generation/chat-body.ts";
import { planChat } from "../generation/chat-plan.ts";
import {
	type CompletionBody,
	completionBody,
} from "../generation/completion-body.ts";
import { planCompletion } from "../generation/completion-plan.ts";
import { toOrigin } from "../generation/request-origin.ts";
import { describeRoute } from "../route-schema.ts";

const rendered = z.object({
	request_id: z.string(),
	model: z.string(),
	prompt: z.string(),
	token_ids: z.array(z.int()),
	sampling_params: z.looseObject({}),
	stream: z.boolean(),
	priority: z.int(),
});

export const renderChatSchema = describeRoute({
	id: "renderChatCompletion",
	summary: "Show what a chat completion request would ask the engine for",
	tag: "Tokens",
	body: chatBody,
	answer:
		"The prompt, its token ids and the sampling parameters. Nothing is generated.",
	content: rendered,
});

export const renderCompletionSchema = describeRoute({
	id: "renderCompletion",
	summary: "Show what a text completion request would ask the engine for",
	tag: "Tokens",
	body: completionBody,
	answer: "One entry for each prompt. Nothing is generated.",
	content: z.array(rendered),
});

export function renderChat(context: ApiContext) {
	return async (request: FastifyRequest<{ Body: ChatBody }>) => {
		const plan = planChat(context, request.body, toOrigin(request));
		request.record.model = plan.request.model;
		return toRendered(
			plan.request,
			plan.promptText,
			request.body.stream === true,
		);
	};
}

export function renderCompletion(context: ApiContext) {
	return async (request: FastifyRequest<{ Body: CompletionBody }>) => {
		const plan = planCompletion(context, request.body, toOrigin(request));
		request.record.model = plan.model;
		const isStream = request.body.stream === true;
		return plan.requests.map((one, index) => {
			const text = plan.promptTexts[index] ?? toText(context, one);
			return toRendered(one, text, isStream);
		});
	};
}

function toText({ service }: ApiContext, { promptTokens }: GenerationRequest) {
	return service.detokenize(promptTokens, { renderSpecialTokens: true });
}

/** With vLLM's names for the parameters. */
function toRendered(
	request: GenerationRequest,
	prompt: string,
	isStream: boolean,
): z.output<typeof rendered> {
	const { sampling, stop } = request;
	return {
		request_id: request.id,
		model: request.model,
		prompt,
		token_ids: Array.from(request.promptTokens),
		sampling_params: {
			n: request.choices,
			temperature: sampling.temperature,
			top_p: sampling.topP,
			top_k: sampling.topK,
			min_p: sampling.minP,
			typical_p: sampling.typicalP,
			repetition_penalty: sampling.repetitionPenalty,
			presence_penalty: sampling.presencePenalty,
			frequency_penalty: sampling.frequencyPenalty,
			logit_bias: Object.fromEntries(sampling.logitBias),
			seed: sampling.seed,
			stop: stop.stopStrings,
			stop_token_ids: stop.stopTokenIds,
			include_stop_str_in_output: stop.includeStopString,
			ignore_eos: stop.ignoreEos,
			max_tokens: stop.maxTokens,
			min_tokens: stop.minTokens,
			logprobs: request.logprobs,
			prompt_logprobs: request.promptLogprobs,
			skip_special_tokens: request.renderSpecialTokens !== true,
		},
		stream: isStream,
		priority: request.priority,
	};
}
