import type { ChatTool } from "../../core/chat-message.ts";
import { GalleyError } from "../../core/errors.ts";
import type { ApiContext } from "../api-context.ts";
import type { ChatBody, TemplateFields } from "./chat-body.ts";
import { toChatMessages } from "./chat-messages.ts";
import { cutBeforeEnd, markEnd } from "./continued-turn.ts";
import { guardMessages, guardTools, splitAtCuts } from "./control-text.ts";

export interface RenderedPrompt {
	/** To be tokenized one by one; together they are the text. */
	pieces: readonly string[];
	/** Whether the model's begin token goes before it: most templates write it themselves where the model wants one. */
	addSpecial: boolean;
}

export interface PromptExtras {
	tools?: readonly ChatTool[];
	/** For the template, below what `chat_template_kwargs` says. */
	variables?: Readonly<Record<string, unknown>>;
}

/** Messages as the model reads them. */
export function renderChatPrompt(
	{ service, options }: Pick<ApiContext, "service" | "options">,
	messages: readonly ChatBody["messages"][number][],
	fields: TemplateFields,
	{ tools = [], variables = {} }: PromptExtras = {},
): RenderedPrompt {
	const chatTemplate = fields.chat_template ?? undefined;
	if (chatTemplate !== undefined && !options.trustsRequestChatTemplate) {
		const message =
			"'chat_template' in requests is off on this server. Leave it out, render the prompt yourself and send it to " +
			"/v1/completions, or ask the operator to start it with --trust-request-chat-template.";
		throw new GalleyError("unsupported_parameter", message, {
			param: "chat_template",
		});
	}
	const continues = continuesFinalMessage(fields);
	const guarded = guardMessages(
		toChatMessages(messages),
		service.controlTokenTexts,
	);
	const whole = service.renderChat(continues ? markEnd(guarded) : guarded, {
		addGenerationPrompt: !continues && (fields.add_generation_prompt ?? true),
		chatTemplate,
		...(tools.length === 0
			? {}
			: { tools: guardTools(tools, service.controlTokenTexts) }),
		variables: { ...variables, ...fields.chat_template_kwargs },
	});
	const rendered = continues ? cutBeforeEnd(whole) : whole;
	return {
		pieces: splitAtCuts(rendered),
		addSpecial: fields.add_special_tokens ?? service.needsBos(rendered),
	};
}

function continuesFinalMessage(fields: TemplateFields): boolean {
	const { continue_final_message: continues, add_generation_prompt: begins } =
		fields;
	if (continues !== true) return false;
	if (begins !== true) return true;
	const message =
		"'continue_final_message' goes on with the last message and 'add_generation_prompt' begins a new one: send only one of them.";
	throw new GalleyError("invalid_request", message, {
		param: "continue_final_message",
	});
}
