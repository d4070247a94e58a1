import type { ServiceMetrics } from "../../observability/service-metrics.ts";
import type { AnswerObserver } from "../../proxy/forward.ts";

/** What the metrics need of an answer that passes the door. */
type DoorMetrics = Pick<
	ServiceMetrics,
	| "requestReceived"
	| "firstToken"
	| "interToken"
	| "tokensGenerated"
	| "requestFinished"
	| "requestFailed"
>;

/** A JSON answer is read for its counts up to this size. */
const mostReadBytes = 4 * 1024 * 1024;

interface Seen {
	promptTokens: number;
	completionTokens: number;
	finishReason: "stop" | "length";
}

/**
 * Measures an answer at the door, where the engine itself is somebody else's: the first token and the gaps between tokens by the
 * events of a stream, the counts by what the answer says of its usage. An event with text counts as a token until the usage
 * says better. Knows the streams of OpenAI's chat, completions and responses, and of Anthropic's messages.
 */
export class DoorObserver implements AnswerObserver {
	readonly #metrics: DoorMetrics;
	readonly #arrivedAt: number;
	readonly #now: () => number;
	#begunAt: number;
	#firstAt: number | null = null;
	#lastAt = 0;
	#isStream = false;
	#rest = "";
	#status = 0;
	#seen: Seen = {
		promptTokens: 0,
		completionTokens: 0,
		finishReason: "stop",
	};
	#counted = 0;

	constructor(
		metrics: DoorMetrics,
		arrivedAt: number,
		now: () => number = () => performance.now(),
	) {
		this.#metrics = metrics;
		this.#arrivedAt = arrivedAt;
		this.#begunAt = arrivedAt;
		this.#now = now;
	}

	get promptTokens(): number {
		return this.#seen.promptTokens;
	}

	get completionTokens(): number {
		return Math.max(this.#counted, this.#seen.completionTokens);
	}

	/** It has left the queue. */
	begin(): void {
		this.#begunAt = this.#now();
	}

	head: AnswerObserver["head"] = (status, headers) => {
		this.#status = status;
		const type = headers["content-type"];
		this.#isStream = String(type).startsWith("text/event-stream");
	};

	data: AnswerObserver["data"] = (piece) => {
		if (this.#status !== 200) return;
		this.#rest += piece.toString("utf8");
		if (!this.#isStream) {
			if (this.#rest.length > mostReadBytes) this.#rest = "";
			return;
		}
		const lines = this.#rest.split("\n");
		this.#rest = lines.pop() ?? "";
		for (const line of lines)
			if (line.startsWith("data:")) this.#event(line.slice(5));
	};

	end: AnswerObserver["end"] = () => {
		if (this.#status === 200 && !this.#isStream) this.#read(this.#rest);
		this.#rest = "";
	};

	/** Exactly once, however it ended. */
	settle(ended: "answered" | "left" | "broken"): void {
		const { promptTokens, finishReason, completionTokens } = this.#seen;
		if (this.#status !== 0 && this.#status !== 200) return;
		this.#metrics.requestReceived(promptTokens);
		const missing = completionTokens - this.#counted;
		if (missing > 0) this.#metrics.tokensGenerated(missing);
		if (ended !== "answered") {
			this.#metrics.requestFailed(
				ended === "left" ? "client_closed" : "engine_crashed",
			);
			return;
		}
		const now = this.#now();
		const firstAt = this.#firstAt ?? now;
		const tokens = this.completionTokens;
		const seconds = (from: number, to: number) => Math.max(0, to - from) / 1000;
		this.#metrics.requestFinished({
			finishReason,
			endToEndSeconds: seconds(this.#arrivedAt, now),
			queueSeconds: seconds(this.#arrivedAt, this.#begunAt),
			prefillSeconds: seconds(this.#begunAt, firstAt),
			decodeSeconds: seconds(firstAt, now),
			timePerOutputTokenSeconds:
				this.#isStream && tokens > 1
					? seconds(firstAt, this.#lastAt) / (tokens - 1)
					: null,
			promptTokens,
			completionTokens: tokens,
		});
	}

	#event(text: string): void {
		const hasText = this.#read(text);
		if (!hasText) return;
		const now = this.#now();
		if (this.#firstAt === null) {
			this.#firstAt = now;
			this.#metrics.firstToken((now - this.#arrivedAt) / 1000);
		} else this.#metrics.interToken((now - this.#lastAt) / 1000);
		this.#lastAt = now;
		this.#counted++;
		this.#metrics.tokensGenerated(1);
	}

	/** Notes usage and the reason of the end; whether it brought text of the model. */
	#read(text: string): boolean {
		if (!text.includes("{")) return false;
		let value: Record<string, unknown>;
		try {
			value = JSON.parse(text) as Record<string, unknown>;
		} catch {
			// No answer of a known kind: it passes uncounted.
			return false;
		}
		const inner = objectOf(value.response) ?? objectOf(value.message);
		this.#noteUsage(objectOf(value.usage) ?? objectOf(inner?.usage));
		let hasText =
			value.type === "content_block_delta" ||
			String(value.type).endsWith(".delta");
		if (!Array.isArray(value.choices)) return hasText;
		for (const choice of value.choices as Record<string, unknown>[]) {
			if (choice.finish_reason === "length") this.#seen.finishReason = "length";
			const delta = objectOf(choice.delta) ?? {};
			hasText ||= [
				choice.text,
				delta.content,
				delta.reasoning_content,
				delta.reasoning,
				delta.tool_calls,
			].some((part) => part !== undefined && part !== null && part !== "");
		}
		return hasText;
	}

	/** OpenAI's names, and those of its Responses and of Anthropic. */
	#noteUsage(usage: Record<string, unknown> | null): void {
		if (usage === null) return;
		const seen = this.#seen;
		const prompt = usage.prompt_tokens ?? usage.input_tokens;
		const completion = usage.completion_tokens ?? usage.output_tokens;
		if (typeof prompt === "number") seen.promptTokens = prompt;
		if (typeof completion === "number") seen.completionTokens = completion;
	}
}

function objectOf(value: unknown): Record<string, unknown> | null {
	return typeof value === "object" && value !== null
		? (value as Record<string, unknown>)
		: null;
}
