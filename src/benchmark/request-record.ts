/** What was seen of one request. Times are milliseconds. */
export interface RequestRecord {
	/** When it was sent, from the start of the stage. */
	startMs: number;
	/** Null when it went well; else the kind: `http_429`, `connection`, `timeout`, `cut_stream`, `stream_error`, `no_output`, `not_a_stream`. */
	error: string | null;
	/** What the server said about it. */
	errorMessage: string | null;
	/** From sending to the first chunk that carried output; null when none came. */
	ttftMs: number | null;
	/** From sending to the last chunk with a choice (output or finish), or to the failure. */
	e2eMs: number;
	/** Every gap between two reads that carried output; tokens of one read arrived together. */
	itlMs: readonly number[];
	/** From the server's usage; null when it sent none. */
	inputTokens: number | null;
	cachedTokens: number | null;
	outputTokens: number;
	/** `chunks` when the server sent no usage: chunks with output were counted instead. */
	outputTokensFrom: "usage" | "chunks";
	finishReason: string | null;
	/** The server had closed the kept connection: it was sent once more. */
	wasResent: boolean;
	/** What a refusal told in `Retry-After`, in seconds; null when it told none. */
	retryAfterSeconds: number | null;
}

/** (e2e - TTFT) / (output tokens - 1): what a token after the first one took; null for less than two tokens. */
export function timePerOutputToken(record: RequestRecord): number | null {
	if (record.ttftMs === null || record.outputTokens < 2) return null;
	return (record.e2eMs - record.ttftMs) / (record.outputTokens - 1);
}
