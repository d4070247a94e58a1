import { GalleyError } from "../../core/errors.ts";
import type { ApiContext } from "../api-context.ts";
import { type ChatBody, chatBody } from "../generation/chat-body.ts";
import { type ChatPlan, planChat } from "../generation/chat-plan.ts";
import { foreignNames } from "../generation/field-policy.ts";
import type { RequestOrigin } from "../generation/request-origin.ts";
import { toValidationError } from "../validation-errors.ts";
import { inOwnWords } from "./own-words.ts";
import type { InputTokensBody, ResponseBody } from "./response-body.ts";
import type { InputItem } from "./response-object.ts";
import { toMessages } from "./to-messages.ts";

/**
 * A response is a chat completion in other words: one translation, one plan. The translated body is checked as chat's own
 * bodies are, so what chat refuses is refused here too, under the name that it has here.
 */
export function planResponse(
	context: ApiContext,
	body: ResponseBody | InputTokensBody,
	/** Of the whole conversation, the request's own last. */
	items: readonly InputItem[],
	origin: RequestOrigin,
	{ isOnlyCounted = false }: { isOnlyCounted?: boolean } = {},
): ChatPlan {
	const messages = toMessages(body.instructions ?? null, items);
	const fields = { messages, ...toChatFields(body) };
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

/** These have the same name and meaning in both, or belong to the response alone. */
const translatedFields = new Set([
	"input",
	"instructions",
	"previous_response_id",
	"conversation",
	"tools",
	"tool_choice",
	"text",
	"reasoning",
	"max_output_tokens",
	"max_tool_calls",
	"include",
	"top_logprobs",
	"background",
	"prompt",
	"context_management",
	"moderation",
	"prompt_cache_options",
	"personality",
	"stream",
	"stream_options",
]);

/** The body of the chat completion that this is, but for its messages. */
export function toChatFields(
	body: ResponseBody | InputTokensBody,
): Record<string, unknown> {
	const fields: Record<string, unknown> = {};
	for (const [name, value] of Object.entries(body)) {
		if (!translatedFields.has(name) && value !== null) fields[name] = value;
	}
	const tools = declaredTools(body);
	if (tools.length > 0) {
		fields.tools = tools.map(toChatTool);
		fields.tool_choice = toChatToolChoice(body.tool_choice);
	} else if (body.tool_choice === "required") {
		throw needsTools("'tool_choice' is 'required', but there are no 'tools'.");
	}
	// Without tools there is nothing to call, in parallel or not.
	if (tools.length === 0) delete fields.parallel_tool_calls;
	const format = toResponseFormat(body.text?.format ?? null);
	if (format !== null) fields.response_format = format;
	if (typeof body.text?.verbosity === "string")
		fields.verbosity = body.text.verbosity;
	if (typeof body.reasoning?.effort === "string")
		fields.reasoning_effort = body.reasoning.effort;
	if ("max_output_tokens" in body && typeof body.max_output_tokens === "number")
		fields.max_completion_tokens = body.max_output_tokens;
	const { include = null, top_logprobs = null } = body as LogprobFields;
	if (wantsLogprobs({ include, top_logprobs })) {
		fields.logprobs = true;
		fields.top_logprobs = top_logprobs ?? 0;
	}
	return dropUndefined(fields);
}

type LogprobFields = Pick<ResponseBody, "include" | "top_logprobs">;

/** Alternatives come with the log-probabilities whose alternatives they are. */
export function wantsLogprobs(body: LogprobFields): boolean {
	return (
		(body.top_logprobs ?? 0) > 0 ||
		(body.include?.includes("message.output_text.logprobs") ?? false)
	);
}

type Tool = Extract<
	NonNullable<ResponseBody["tools"]>[number],
	{ type: "function" }
> & {
	name: string;
	description?: string | null;
	parameters?: Record<string, unknown> | null;
	strict?: boolean | null;
};

/** All of them, so that their places are those of the request; the choice says which of them may be called. */
function declaredTools(body: ResponseBody | InputTokensBody): Tool[] {
	const tools = (body.tools ?? []) as Tool[];
	const choice = body.tool_choice;
	if (typeof choice !== "object" || choice === null) return tools;
	const names =
		choice.type === "function"
			? [choice.name]
			: choice.tools.map(({ name }) => name);
	const missing = names.find((name) => !tools.some((one) => one.name === name));
	if (missing !== undefined)
		throw needsTools(
			`'tool_choice' names the function '${missing.slice(0, 100)}', which is not among 'tools'.`,
		);
	return tools;
}

function needsTools(message: string): GalleyError {
	return new GalleyError("invalid_request", message, { param: "tool_choice" });
}

function toChatTool({ name, description, parameters, strict }: Tool) {
	return {
		type: "function",
		function: dropUndefined({
			name,
			description: description ?? undefined,
			parameters: parameters ?? undefined,
			strict: strict ?? undefined,
		}),
	};
}

function toChatToolChoice(choice: ResponseBody["tool_choice"]): unknown {
	if (typeof choice !== "object" || choice === null) return choice ?? undefined;
	const toReference = ({ name }: { name: string }) => ({
		type: "function",
		function: { name },
	});
	if (choice.type === "function") return toReference(choice);
	const { mode, tools } = choice;
	return {
		type: "allowed_tools",
		allowed_tools: { mode, tools: tools.map(toReference) },
	};
}

function toResponseFormat(
	format: NonNullable<ResponseBody["text"]>["format"] | null,
): unknown {
	if (format === null || format === undefined || format.type === "text")
		return null;
	if (format.type === "json_object") return { type: "json_object" };
	const { name, description, schema, strict } = format;
	return {
		type: "json_schema",
		json_schema: dropUndefined({
			name,
			description: description ?? undefined,
			schema,
			strict: strict ?? undefined,
		}),
	};
}

function dropUndefined(
	fields: Record<string, unknown>,
): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(fields).filter(([, value]) => value !== undefined),
	);
}
