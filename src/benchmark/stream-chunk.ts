/** What one server-sent event of a completion stream says, as far as a measurement needs it. */
export interface StreamChunk {
	/**
	 * `output`: carries generated text (or reasoning, or a tool call). `choice`: a choice without text: the role at the start, the
	 * finish at the end. `usage`: only counts. `done`: the closing `[DONE]`. `error`: the server reports a failure.
	 */
	kind: "output" | "choice" | "usage" | "done" | "error" | "other";
	finishReason: string | null;
	usage: TokenUsage | null;
	/** Of an error. */
	message: string | null;
}

export interface TokenUsage {
	promptTokens: number;
	completionTokens: number;
	cachedTokens: number | null;
}

export type CompletionEndpoint = "chat" | "completions";

const outputChunk: StreamChunk = Object.freeze({
	kind: "output",
	finishReason: null,
	usage: null,
	message: null,
});
const doneChunk: StreamChunk = Object.freeze({
	kind: "done",
	finishReason: null,
	usage: null,
	message: null,
});

const done = Buffer.from("[DONE]");
const outputKeys = {
	chat: Buffer.from('"content":'),
	completions: Buffer.from('"text":'),
};
const usageKey = Buffer.from('"usage":');
const finishKey = Buffer.from('"finish_reason":');
const space = 0x20;
const quote = 0x22;
const brace = 0x7b;

/**
 * Reads a chunk. Nearly all chunks carry a piece of text and nothing else that matters: those are recognised by their bytes (inside a
 * JSON string a quote is escaped, so a bare `"content":` is a key) and never parsed.
 */
export function readChunk(
	data: Buffer,
	endpoint: CompletionEndpoint,
): StreamChunk {
	const text = valueStart(data, outputKeys[endpoint]);
	if (
		text >= 0 &&
		data[text] === quote &&
		data[text + 1] !== quote &&
		data[valueStart(data, finishKey)] !== quote &&
		data[valueStart(data, usageKey)] !== brace
	) {
		return outputChunk;
	}
	if (data.equals(done)) return doneChunk;
	return parseChunk(data);
}

/** Where the value of the first such key starts; -1 without it. */
function valueStart(data: Buffer, key: Buffer): number {
	const found = data.indexOf(key);
	if (found < 0) return -1;
	let at = found + key.length;
	while (data[at] === space) at++;
	return at;
}

function parseChunk(data: Buffer): StreamChunk {
	let body: unknown;
	try {
		body = JSON.parse(data.toString("utf8"));
	} catch (error) {
		return {
			kind: "error",
			finishReason: null,
			usage: null,
			message: `Not JSON: ${String(error)}`,
		};
	}
	if (!isRecord(body))
		return { kind: "other", finishReason: null, usage: null, message: null };
	const usage = readUsage(body.usage);
	if (body.error !== undefined && body.error !== null) {
		return {
			kind: "error",
			finishReason: null,
			usage,
			message: errorMessage(body.error),
		};
	}
	const choices = Array.isArray(body.choices)
		? body.choices.filter(isRecord)
		: [];
	const reasons = choices
		.map((choice) => choice.finish_reason)
		.filter((reason) => typeof reason === "string");
	const finishReason = reasons[0] ?? null;
	if (choices.some(hasOutput))
		return { kind: "output", finishReason, usage, message: null };
	if (choices.length > 0)
		return { kind: "choice", finishReason, usage, message: null };
	return {
		kind: usage === null ? "other" : "usage",
		finishReason,
		usage,
		message: null,
	};
}

function hasOutput(choice: Record<string, unknown>): boolean {
	const delta = isRecord(choice.delta) ? choice.delta : choice;
	const toolCalls = delta.tool_calls;
	return (
		["content", "text", "reasoning_content", "reasoning", "refusal"].some(
			(key) => {
				const value = delta[key];
				return typeof value === "string" && value.length > 0;
			},
		) ||
		(Array.isArray(toolCalls) && toolCalls.length > 0)
	);
}

function readUsage(value: unknown): TokenUsage | null {
	if (!isRecord(value)) return null;
	const {
		prompt_tokens: promptTokens,
		completion_tokens: completionTokens,
		prompt_tokens_details: details,
	} = value;
	if (typeof promptTokens !== "number" || typeof completionTokens !== "number")
		return null;
	const cachedTokens = isRecord(details) ? details.cached_tokens : null;
	return {
		promptTokens,
		completionTokens,
		cachedTokens: typeof cachedTokens === "number" ? cachedTokens : null,
	};
}

/** The message of OpenAI's error object, or of the other forms in use. */
export function errorMessage(error: unknown): string {
	if (typeof error === "string") return error;
	if (isRecord(error) && typeof error.message === "string")
		return error.message;
	return JSON.stringify(error) ?? String(error);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
