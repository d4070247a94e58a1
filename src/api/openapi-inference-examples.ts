import type { OperationExample } from "./openapi-example.ts";

export const created = 1_767_225_600;
const responseId = "resp_0f3b";
export const question = "What is the capital of France?";
const answer = "The capital of France is Paris.";

const conversation = [{ role: "user", content: question }];

const usage = {
	prompt_tokens: 16,
	completion_tokens: 8,
	total_tokens: 24,
	prompt_tokens_details: { cached_tokens: 0 },
};

const frames = (...events: readonly object[]) =>
	events
		.map((event) => {
			const name = "type" in event ? `event: ${event.type}\n` : "";
			return `${name}data: ${JSON.stringify(event)}\n\n`;
		})
		.join("");

function chatExamples(model: string): Record<string, OperationExample> {
	const identity = { id: "chatcmpl-0f3b", created, model };
	const fingerprint = { system_fingerprint: "fp_1c2d3e" };
	const chunk = (delta: object, finish_reason: string | null) => ({
		...identity,
		object: "chat.completion.chunk",
		...fingerprint,
		choices: [{ index: 0, delta, logprobs: null, finish_reason }],
	});
	const rendered = {
		request_id: "req-0f3b",
		model,
		prompt: question,
		token_ids: [1024, 310, 275, 2335],
		sampling_params: { n: 1, temperature: 0, max_tokens: 32 },
		stream: false,
		priority: 0,
	};
	const request = { model, messages: conversation, max_completion_tokens: 32 };
	const textRequest = { model, prompt: question, max_tokens: 32 };
	return {
		createChatCompletion: {
			request,
			answer: {
				...identity,
				object: "chat.completion",
				...fingerprint,
				choices: [
					{
						index: 0,
						message: { role: "assistant", content: answer, refusal: null },
						logprobs: null,
						finish_reason: "stop",
						stop_reason: null,
					},
				],
				usage,
			},
			stream: `${frames(
				chunk({ role: "assistant", content: "" }, null),
				chunk({ content: answer }, null),
				chunk({}, "stop"),
			)}data: [DONE]\n\n`,
		},
		createCompletion: {
			request: textRequest,
			answer: {
				...identity,
				id: "cmpl-0f3b",
				object: "text_completion",
				...fingerprint,
				choices: [
					{
						text: ` ${answer}`,
						index: 0,
						logprobs: null,
						finish_reason: "stop",
						stop_reason: null,
					},
				],
				usage,
			},
			stream: `${frames({
				...identity,
				id: "cmpl-0f3b",
				object: "text_completion",
				...fingerprint,
				choices: [
					{
						text: ` ${answer}`,
						index: 0,
						logprobs: null,
						finish_reason: "stop",
					},
				],
			})}data: [DONE]\n\n`,
		},
		renderChatCompletion: { request, answer: rendered },
		renderCompletion: { request: textRequest, answer: [rendered] },
	};
}

function responseExamples(model: string): Record<string, OperationExample> {
	const response = {
		id: responseId,
		object: "response",
		created_at: created,
		completed_at: created + 1,
		status: "completed",
		background: false,
		error: null,
		incomplete_details: null,
		model,
		output: [
			{
				id: "msg_0f3b",
				type: "message",
				role: "assistant",
				status: "completed",
				content: [
					{ type: "output_text", text: answer, annotations: [], logprobs: [] },
				],
			},
		],
		usage: {
			input_tokens: 16,
			input_tokens_details: { cached_tokens: 0 },
			output_tokens: 8,
			output_tokens_details: { reasoning_tokens: 0 },
			total_tokens: 24,
		},
		instructions: null,
		max_output_tokens: 32,
		max_tool_calls: null,
		metadata: {},
		parallel_tool_calls: true,
		previous_response_id: null,
		prompt_cache_key: null,
		reasoning: { effort: null, summary: null },
		safety_identifier: null,
		service_tier: "default",
		store: true,
		temperature: 1,
		text: { format: { type: "text" }, verbosity: "medium" },
		tool_choice: "auto",
		tools: [],
		top_logprobs: 0,
		top_p: 1,
		truncation: "disabled",
		user: null,
	};
	const stream = frames({
		type: "response.completed",
		sequence_number: 9,
		response,
	});
	const parameters = { response_id: responseId };
	const cancelled = {
		...response,
		completed_at: null,
		status: "cancelled",
		background: true,
		output: [],
		usage: null,
	};
	return {
		createResponse: {
			request: { model, input: question, max_output_tokens: 32 },
			answer: response,
			stream,
		},
		countResponseInputTokens: {
			request: { model, input: question },
			answer: { object: "response.input_tokens", input_tokens: 16 },
		},
		retrieveResponse: { parameters, answer: response, stream },
		listResponseInputItems: {
			parameters,
			answer: {
				object: "list",
				data: [
					{
						id: "msg_1a2b",
						type: "message",
						role: "user",
						status: "completed",
						content: [{ type: "input_text", text: question }],
					},
				],
				first_id: "msg_1a2b",
				last_id: "msg_1a2b",
				has_more: false,
			},
		},
		deleteResponse: {
			parameters,
			answer: { id: responseId, object: "response", deleted: true },
		},
		cancelResponse: { parameters, answer: cancelled },
	};
}

function messageExamples(model: string): Record<string, OperationExample> {
	const message = {
		id: "msg_0f3b",
		type: "message",
		role: "assistant",
		model,
		content: [{ type: "text", text: answer }],
		stop_reason: "end_turn",
		stop_sequence: null,
		usage: {
			input_tokens: 16,
			cache_creation_input_tokens: 0,
			cache_read_input_tokens: 0,
			output_tokens: 8,
		},
	};
	return {
		createMessage: {
			request: { model, max_tokens: 32, messages: conversation },
			answer: message,
			stream: frames(
				{
					type: "content_block_delta",
					index: 0,
					delta: { type: "text_delta", text: answer },
				},
				{ type: "message_stop" },
			),
		},
		countMessageTokens: {
			request: { model, messages: conversation },
			answer: { input_tokens: 16 },
		},
	};
}

/** Of the four generating APIs and what belongs to them. */
export function inferenceExamples(
	model: string,
): Record<string, OperationExample> {
	return {
		...chatExamples(model),
		...responseExamples(model),
		...messageExamples(model),
	};
}
