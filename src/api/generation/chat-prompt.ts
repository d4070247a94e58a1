import { GalleyError } from "../../core/errors.ts";
import type { ApiContext } from "../api-context.ts";
import type { ChatBody, TemplateFields } from "./chat-body.ts";
import { toChatMessages } from "./chat-messages.ts";
import { guardMessages, splitAtCuts } from "./control-text.ts";

export interface RenderedPrompt {
	/** To be tokenized one by one; together they are the text. */
	pieces: readonly string[];
	/** Whether the model's begin token goes before it: most templates write it themselves where the model wants one. */
	addSpecial: boolean;
}

/** Messages as the model reads them. */
export function renderChatPrompt(
	{ service, options }: Pick<ApiContext, "service" | "options">,
	messages: ChatBody["messages"],
	fields: TemplateFields,
): RenderedPrompt {
	const chatTemplate = fields.chat_template ?? undefined;
	if (chatTemplate !== undefined && !options.allowRequestChatTemplate) {
		const message =
			"'chat_template' in requests is off on this server. Leave it out, render the prompt yourself and send it to " +
			"/v1/completions, or ask the operator to allow it.";
		throw new GalleyError("unsupported_parameter", message, {
			param: "chat_template",
		});
	}
	const guarded = guardMessages(
		toChatMessages(messages),
		service.controlTokenTexts,
	);
	const rendered = service.renderChat(guarded, {
		addGenerationPrompt: fields.add_generation_prompt ?? true,
		chatTemplate,
		variables: fields.chat_template_kwargs ?? undefined,
	});
	return {
		pieces: splitAtCuts(rendered),
		addSpecial: fields.add_special_tokens ?? service.needsBos(rendered),
	};
}
