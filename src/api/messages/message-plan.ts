import { GalleyError } from "../../core/errors.ts";
import type { ApiContext } from "../api-context.ts";
import { type ChatBody, chatBody } from "../generation/chat-body.ts";
import { type ChatPlan, planChat } from "../generation/chat-plan.ts";
import { foreignNames } from "../generation/field-policy.ts";
import type { RequestOrigin } from "../generation/request-origin.ts";
import { toValidationError } from "../validation-errors.ts";
import type { CountTokensBody, MessageBody } from "./message-body.ts";
import { inOwnWords } from "./own-words.ts";
import { toChatMessages } from "./to-chat-messages.ts";

export interface MessagePlan extends ChatPlan {
	/** The context ends before `max_tokens` does: running out of it is a reason of its own. */
	isContextBound: boolean;
}

/**
 * A message is a chat completion in other words: one translation, one plan. The translated body is checked as chat's own
 * bodies are, so what chat refuses is refused here too, under the name that it has here.
 */
export function planMessage(
	context: ApiContext,
	body: MessageBody | CountTokensBody,
	origin: RequestOrigin,
): MessagePlan {
	const fields = toChatFields(body);
	const isOnlyCounted = !("max_tokens" in body);
	const plan = planTranslated(context, fields, origin, isOnlyCounted);
	if (isOnlyCounted) return { ...plan, isContextBound: false };
	const { request } = plan;
	// Clients send a model's usual `max_tokens` whatever the prompt: it is a bound, not a reservation.
	const room =
		context.service.model.maxModelLength - request.promptTokens.length;
	const asked = body.max_tokens;
	const maxTokens = Math.min(asked, room);
	if (request.stop.minTokens > maxTokens) {
		const message = `'min_tokens' (${request.stop.minTokens}) may not be more than 'max_tokens' and what the context has left (${maxTokens}).`;
		throw new GalleyError("invalid_request", message, { param: "min_tokens" });
	}
	return {
		...plan,
		request: { ...request, stop: { ...request.stop, maxTokens } },
		isContextBound: asked > room,
	};
}

function planTranslated(
	context: ApiContext,
	fields: Record<string, unknown>,
	origin: RequestOrigin,
	isOnlyCounted: boolean,
): ChatPlan {
	try {
		const checked = chatBody.safeParse(fields);
		if (!checked.success)
			throw toValidationError(checked.error, fields, [], foreignNames);
		return planChat(context, checked.data as ChatBody, origin, {
			isOnlyCounted,
		});
	} catch (thrown) {
		throw thrown instanceof GalleyError ? inOwnWords(thrown) : thrown;
	}
}

/** The others have the same name and meaning in both. */
const translatedFields = new Set([
	"messages",
	"system",
	"tools",
	"tool_choice",
	"thinking",
	"output_config",
	"output_format",
	"max_tokens",
	"stop_sequences",
	"metadata",
	"stream",
	"cache_control",
	"context_management",
	"mcp_servers",
	"speed",
	"thread",
	"service_tier",
	"diagnostics",
	"container",
	"inference_geo",
	"user_profile_id",
	"workspace_id",
]);

function toChatFields(
	body: MessageBody | CountTokensBody,
): Record<string, unknown> {
	const fields: Record<string, unknown> = {};
	for (const [name, value] of Object.entries(body)) {
		if (!translatedFields.has(name) && value !== null && value !== undefined)
			fields[name] = value;
	}
	const messages = toChatMessages(body.system ?? null, body.messages);
	fields.messages = messages;
	addFinalTurn(fields, messages);
	addTools(fields, body);
	addThinking(fields, body);
	const format = body.output_config?.format ?? body.output_format;
	if (format !== null && format !== undefined) {
		const { name, schema } = format;
		fields.response_format = {
			type: "json_schema",
			json_schema: { name: name ?? "output", schema },
		};
	}
	if (typeof body.output_config?.effort === "string")
		fields.reasoning_effort = body.output_config.effort;
	if (!("max_tokens" in body)) return fields;
	if (body.stop_sequences) fields.stop = body.stop_sequences;
	if (body.metadata?.user_id) fields.user = body.metadata.user_id;
	return fields;
}

/** A conversation that ends with the assistant is to be gone on with, in the middle of that turn. */
function addFinalTurn(
	fields: Record<string, unknown>,
	messages: readonly ChatBody["messages"][number][],
): void {
	const last = messages.at(-1);
	if (last?.role !== "assistant") return;
	if ((last.tool_calls ?? []).length > 0) {
		const message =
			"The conversation ends with a tool_use: answer it with a user's message that has its tool_result.";
		throw new GalleyError("invalid_request", message, { param: "messages" });
	}
	fields.continue_final_message = true;
}

function addTools(
	fields: Record<string, unknown>,
	{ tools, tool_choice: choice }: MessageBody | CountTokensBody,
): void {
	const names = (tools ?? []).map(({ name }) => name);
	if (choice?.type === "tool" && !names.includes(choice.name)) {
		const message = `'tool_choice' names the tool '${choice.name}', which is not among 'tools'.`;
		throw new GalleyError("invalid_request", message, { param: "tool_choice" });
	}
	if (choice?.type === "any" && names.length === 0) {
		const message = "'tool_choice' is 'any', but there are no 'tools'.";
		throw new GalleyError("invalid_request", message, { param: "tool_choice" });
	}
	if (names.length === 0) return;
	fields.tools = (tools ?? []).map(
		({ name, description, input_schema: parameters, strict }) => ({
			type: "function",
			function: {
				name,
				...(typeof description === "string" ? { description } : {}),
				parameters,
				...(typeof strict === "boolean" ? { strict } : {}),
			},
		}),
	);
	if (choice === null || choice === undefined) return;
	fields.tool_choice =
		choice.type === "any"
			? "required"
			: choice.type === "tool"
				? { type: "function", function: { name: choice.name } }
				: choice.type;
	if (choice.type !== "none" && choice.disable_parallel_tool_use === true)
		fields.parallel_tool_calls = false;
}

/** Templates of models that can do both read `enable_thinking`; without the field the template decides. */
function addThinking(
	fields: Record<string, unknown>,
	{ thinking, chat_template_kwargs: variables }: MessageBody | CountTokensBody,
): void {
	if (thinking === null || thinking === undefined) return;
	fields.chat_template_kwargs = {
		enable_thinking: thinking.type !== "disabled",
		...variables,
	};
}
