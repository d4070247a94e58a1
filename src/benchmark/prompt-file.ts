import { GalleyError } from "../core/errors.ts";
import { isRecord } from "./stream-chunk.ts";

/** One prompt of a file. */
export interface FilePrompt {
	/** What the request's body gets: a text, or chat messages as they are. */
	content: string | readonly unknown[];
	maxTokens: number | null;
}

/**
 * Reads prompts: a line that is a JSON object has `prompt` (text) or `messages` (chat) and may have `max_tokens`; any other line is a
 * prompt itself. Empty lines are skipped. Throws GalleyError naming the line.
 */
export function parsePromptFile(text: string): FilePrompt[] {
	const prompts: FilePrompt[] = [];
	for (const [index, raw] of text.split("\n").entries()) {
		const line = raw.trim();
		if (line === "") continue;
		prompts.push(
			line.startsWith("{")
				? parseLine(line, index + 1)
				: { content: line, maxTokens: null },
		);
	}
	if (prompts.length === 0)
		refuse(
			"The prompt file is empty: put one prompt a line, or JSON lines with prompt or messages.",
		);
	return prompts;
}

function parseLine(line: string, lineNumber: number): FilePrompt {
	let entry: unknown;
	try {
		entry = JSON.parse(line);
	} catch (error) {
		refuse(
			`Line ${lineNumber} of the prompt file starts like JSON but is none: ${String(error)}`,
		);
	}
	const {
		prompt,
		messages,
		max_tokens: maxTokens,
	} = isRecord(entry) ? entry : {};
	if (
		maxTokens !== undefined &&
		!(
			typeof maxTokens === "number" &&
			Number.isSafeInteger(maxTokens) &&
			maxTokens > 0
		)
	) {
		refuse(
			`max_tokens on line ${lineNumber} of the prompt file must be a whole number above 0.`,
		);
	}
	const limit = maxTokens ?? null;
	if (typeof prompt === "string") return { content: prompt, maxTokens: limit };
	if (Array.isArray(messages) && messages.length > 0)
		return { content: messages, maxTokens: limit };
	refuse(
		`Line ${lineNumber} of the prompt file needs a text "prompt" or a list of "messages".`,
	);
}

function refuse(message: string): never {
	throw new GalleyError("invalid_request", message, { param: "promptsFile" });
}
