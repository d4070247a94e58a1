import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { ApiContext } from "../api-context.ts";
import { templateFields } from "../generation/chat-body.ts";
import { messagesField } from "../generation/chat-messages.ts";
import { renderChatPrompt } from "../generation/chat-prompt.ts";
import { policyFields } from "../generation/field-policy.ts";
import { askerFields } from "../generation/generation-fields.ts";
import { tokenizeParts } from "../generation/prompt-tokens.ts";
import { resolveModel } from "../generation/resolve-model.ts";
import { escapedBytes, tokenText } from "../generation/token-text.ts";
import { toolFields, toToolUse } from "../generation/tool-fields.ts";
import { describeRoute } from "../route-schema.ts";

const body = z
	.strictObject({
		model: z.string().nullish(),
		prompt: z.string().nullish().describe("A text; or send 'messages'."),
		messages: messagesField
			.nullish()
			.describe("A conversation; or send 'prompt'."),
		...templateFields,
		add_special_tokens: z
			.boolean()
			.nullish()
			.describe("Default: true for a prompt, false for messages."),
		return_token_strs: z
			.boolean()
			.nullish()
			.describe("Also answer with each token's text."),
		...askerFields,
		tools: toolFields.tools,
		...policyFields(["mm_processor_kwargs"]),
	})
	.meta({ title: "TokenizeRequest" });

export const tokenizeSchema = describeRoute({
	id: "tokenize",
	summary: "Turn a text or a conversation into token ids",
	tag: "Tokens",
	body,
	answer: "The token ids.",
	content: z.object({
		count: z.int(),
		max_model_len: z.int(),
		tokens: z.array(z.int()),
		token_strs: z.array(z.string()).nullable(),
	}),
});

export type TokenizeBody = z.output<typeof body>;

export function tokenize(context: ApiContext) {
	const { service } = context;
	return async ({
		body: fields,
		record,
	}: FastifyRequest<{ Body: TokenizeBody }>) => {
		const model = resolveModel(service, fields.model);
		record.model = model.id;
		const tokens = toTokens(context, fields);
		const strings =
			fields.return_token_strs === true
				? Array.from(tokens, (token) => toText(context, token))
				: null;
		return {
			count: tokens.length,
			max_model_len: model.maxModelLength,
			tokens: Array.from(tokens),
			token_strs: strings,
		};
	};
}

function toTokens(context: ApiContext, fields: TokenizeBody): Int32Array {
	const { prompt, messages } = fields;
	if (
		typeof prompt === "string" &&
		(messages === undefined || messages === null)
	) {
		return tokenizeParts(
			context.service,
			[prompt],
			fields.add_special_tokens ?? true,
		);
	}
	if (
		messages !== undefined &&
		messages !== null &&
		(prompt === undefined || prompt === null)
	) {
		const toolUse = toToolUse({ tools: fields.tools });
		const tools = toolUse?.tools.map(({ tool }) => tool) ?? [];
		const { pieces, addSpecial } = renderChatPrompt(context, messages, fields, {
			tools,
		});
		return tokenizeParts(context.service, pieces, addSpecial);
	}
	throw new GalleyError(
		"invalid_request",
		"Send either 'prompt' or 'messages'.",
		{ param: "prompt" },
	);
}

function toText({ service }: ApiContext, token: number): string {
	const bytes = service.tokenBytes(token);
	return tokenText(bytes) ?? escapedBytes(bytes);
}
