import { type Dispatcher, errors } from "undici";
import { EventStreamScanner } from "./event-stream.ts";
import type { RequestRecord } from "./request-record.ts";
import {
	type CompletionEndpoint,
	errorMessage,
	isRecord,
	readChunk,
	type TokenUsage,
} from "./stream-chunk.ts";

const longestErrorBody = 4096;

/** Follows one response. Ends exactly once, through `#finish`. */
export class StreamHandler implements Dispatcher.DispatchHandler {
	readonly #endpoint: CompletionEndpoint;
	readonly #stageStart: number;
	readonly #onOutput: (() => void) | undefined;
	readonly #onEnd: (record: RequestRecord) => void;
	readonly #resend: () => void;
	readonly #scanner: EventStreamScanner;
	#controller: Dispatcher.DispatchController | null = null;
	#status = 0;
	#retryAfterSeconds: number | null = null;
	#errorBody: Buffer[] | null = null;
	#hasEnded = false;
	#wasResent = false;

	#start = 0;
	/** Time of the bytes being read. */
	#now = 0;
	#isReading = false;
	#firstOutput: number | null = null;
	#lastOutput = 0;
	#lastChoice = 0;
	#outputChunks = 0;
	readonly #itl: number[] = [];
	#usage: TokenUsage | null = null;
	#finishReason: string | null = null;
	#isDone = false;

	constructor(
		endpoint: CompletionEndpoint,
		stageStart: number,
		onOutput: (() => void) | undefined,
		onEnd: (record: RequestRecord) => void,
		resend: () => void,
	) {
		this.#endpoint = endpoint;
		this.#stageStart = stageStart;
		this.#onOutput = onOutput;
		this.#onEnd = onEnd;
		this.#resend = resend;
		this.#scanner = new EventStreamScanner((data) => this.#takeEvent(data));
	}

	start(): void {
		this.#start = performance.now();
		this.#lastChoice = this.#start;
	}

	fail(kind: string, message: string): void {
		this.#finish(kind, message);
		this.#controller?.abort(new Error(message));
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		this.#controller = controller;
		// Ended while it still waited for a connection.
		if (this.#hasEnded) controller.abort(new Error("The request has ended."));
	}

	onResponseStart(
		_: Dispatcher.DispatchController,
		status: number,
		headers: Record<string, string | string[] | undefined>,
	): void {
		this.#status = status;
		this.#retryAfterSeconds = parseRetryAfter(headers["retry-after"]);
		const isEventStream = String(headers["content-type"] ?? "").includes(
			"text/event-stream",
		);
		if (status !== 200 || !isEventStream) this.#errorBody = [];
	}

	onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
		if (this.#errorBody !== null) {
			if (Buffer.concat(this.#errorBody).length < longestErrorBody)
				this.#errorBody.push(Buffer.from(chunk));
			return;
		}
		this.#look();
		this.#scanner.push(chunk);
	}

	/** One read of the socket brings several HTTP chunks, each in a call of its own: they have one time. */
	#look(): void {
		if (this.#isReading) return;
		this.#isReading = true;
		this.#now = performance.now();
		queueMicrotask(() => {
			this.#isReading = false;
		});
	}

	onResponseEnd(): void {
		if (this.#errorBody !== null) {
			const text = Buffer.concat(this.#errorBody)
				.toString("utf8")
				.slice(0, longestErrorBody);
			const body = parseJson(text);
			const message =
				isRecord(body) && body.error !== undefined
					? errorMessage(body.error)
					: text;
			this.#finish(
				this.#status === 200 ? "not_a_stream" : `http_${this.#status}`,
				message,
			);
			return;
		}
		this.#now = performance.now();
		this.#scanner.end();
		if (!this.#isDone && this.#finishReason === null) {
			this.#finish(
				"cut_stream",
				"The stream ended without a finish reason and without [DONE].",
			);
		} else if (this.#firstOutput === null) {
			this.#finish(
				"no_output",
				"The stream ended well, but nothing was generated.",
			);
		} else {
			this.#finish(null, null);
		}
	}

	onResponseError(_: Dispatcher.DispatchController, error: Error): void {
		if (
			!this.#hasEnded &&
			!this.#wasResent &&
			this.#status === 0 &&
			isStaleConnection(error)
		) {
			this.#wasResent = true;
			this.#resend();
			return;
		}
		this.#finish(
			this.#status === 200 ? "cut_stream" : "connection",
			error.message,
		);
	}

	#takeEvent(data: Buffer): void {
		const chunk = readChunk(data, this.#endpoint);
		if (chunk.kind === "output") {
			if (this.#firstOutput === null) this.#firstOutput = this.#now;
			// Tokens of one read arrived together: intervals of nothing between them would hide the one before them.
			else if (this.#now > this.#lastOutput)
				this.#itl.push(this.#now - this.#lastOutput);
			this.#lastOutput = this.#now;
			this.#outputChunks++;
			this.#onOutput?.();
		}
		if (chunk.kind === "output" || chunk.kind === "choice")
			this.#lastChoice = this.#now;
		this.#usage = chunk.usage ?? this.#usage;
		this.#finishReason = chunk.finishReason ?? this.#finishReason;
		if (chunk.kind === "done") this.#isDone = true;
		if (chunk.kind === "error") this.fail("stream_error", chunk.message ?? "");
	}

	#finish(error: string | null, message: string | null): void {
		if (this.#hasEnded) return;
		this.#hasEnded = true;
		const end = error === null ? this.#lastChoice : performance.now();
		this.#onEnd({
			startMs: this.#start - this.#stageStart,
			error,
			errorMessage: message,
			ttftMs:
				this.#firstOutput === null ? null : this.#firstOutput - this.#start,
			e2eMs: end - this.#start,
			itlMs: this.#itl,
			inputTokens: this.#usage?.promptTokens ?? null,
			cachedTokens: this.#usage?.cachedTokens ?? null,
			outputTokens: this.#usage?.completionTokens ?? this.#outputChunks,
			outputTokensFrom: this.#usage === null ? "chunks" : "usage",
			finishReason: this.#finishReason,
			wasResent: this.#wasResent,
			retryAfterSeconds: this.#retryAfterSeconds,
		});
	}
}

/**
 * Whether a kept connection was closed by the server just when it was to be used again. Servers do that after some time or
 * number of requests, and clients then send once more; nothing was answered, so nothing was measured.
 */
export function isStaleConnection(error: unknown): boolean {
	if (error instanceof errors.SocketError)
		return (error.socket?.bytesRead ?? 0) > 0;
	const code = isRecord(error) ? error.code : undefined;
	return code === "ECONNRESET" || code === "EPIPE";
}

export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text; // an answer that is not JSON is shown as it came
	}
}

/** The seconds of a `Retry-After` header; null without one. Its other form, a date, is not used by model servers. */
function parseRetryAfter(value: string | string[] | undefined): number | null {
	const seconds = Number(Array.isArray(value) ? value[0] : (value ?? "none"));
	return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
