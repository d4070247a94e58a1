import type { ChatMessage, ChatTool } from "../core/chat-message.ts";
import type { TemplateTraits } from "./template-messages.ts";

const needle = "galley-probe-7f3a";
const otherNeedle = "galley-probe-9c1e";

const question: ChatMessage = { role: "user", content: needle };
const toolCall: readonly ChatMessage[] = [
	{ role: "user", content: "?" },
	{
		role: "assistant",
		content: "",
		toolCalls: [
			{
				// Nine letters and digits: some templates insist.
				id: "probe0001",
				type: "function",
				function: { name: needle, arguments: `{"place":"${otherNeedle}"}` },
			},
		],
	},
	{ role: "tool", content: "!", toolCallId: "probe0001" },
];
const tools: readonly ChatTool[] = [
	{
		type: "function",
		function: {
			name: needle,
			description: "?",
			parameters: {
				type: "object",
				properties: { place: { type: "string" } },
			},
		},
	},
];

/** Renders, or gives null where the template refuses or fails. */
export type ProbeTemplate = (
	messages: readonly ChatMessage[],
	tools: readonly ChatTool[] | null,
	traits: TemplateTraits,
) => string | null;

/**
 * Finds out what a template expects by rendering small conversations and looking for what was said in them: no list of
 * model families to keep up with.
 */
export function probeTraits(
	probe: ProbeTemplate,
	source: string,
): TemplateTraits {
	const usual: TemplateTraits = {
		content: "text",
		toolArguments: "mapping",
		emptyContent: "",
		absentTools: null,
		hasDeveloperRole: /["']developer["']/.test(source),
	};
	const candidates = (["text", "parts"] as const).flatMap((content) =>
		([null, []] as const).map((absentTools) => ({
			...usual,
			content,
			absentTools,
		})),
	);
	const shown = candidates.find((candidate) => {
		const text = probe([question], null, candidate) ?? "";
		// A template that prints parts as they are does not know them.
		return text.includes(needle) && !text.includes('"text"');
	});
	return shown ?? usual;
}

/** The same for tool calls; most conversations have none, so that this waits for the first that has. */
export function probeToolCallTraits(
	probe: ProbeTemplate,
	traits: TemplateTraits,
): TemplateTraits {
	const candidates = (["mapping", "text"] as const).flatMap((toolArguments) =>
		(["", null] as const).map((emptyContent) => ({
			...traits,
			toolArguments,
			emptyContent,
		})),
	);
	const shown = candidates.find((candidate) =>
		probe(toolCall, tools, candidate)?.includes(otherNeedle),
	);
	return shown ?? traits;
}
