import {
	asCount,
	asList,
	asRecord,
	asText,
	type Candidate,
	type TokenLogprob,
	type Unknown,
	type Usage,
	type WireToolCall,
} from "./wire.ts";

type AnswerState = "waiting" | "streaming" | "finished" | "stopped" | "failed";

export interface Failure {
	message: string;
	/** The request field at fault, as the API names it. */
	field: string | null;
	/** 0 when there was no answer. */
	status: number;
	retryAfterSeconds: number | null;
}

interface Timing {
	/** From sending to the first text, thought or call; null when nothing came. */
	firstTokenMs: number | null;
	totalMs: number;
	/** Tokens after the first by the time they took; null where that says nothing. */
	tokensPerSecond: number | null;
}

/** One answer of a model, whole or on its way. */
export interface Answer {
	model: string;
	state: AnswerState;
	text: string;
	reasoning: string;
	calls: readonly WireToolCall[];
	logprobs: readonly TokenLogprob[];
	finishReason: string | null;
	usage: Usage | null;
	timing: Timing | null;
	failure: Failure | null;
}

export function isRunning({ state }: Pick<Answer, "state">): boolean {
	return state === "waiting" || state === "streaming";
}

/**
 * Puts an answer together from the chunks of a stream, chat or completion. It ends exactly once: `finish`, `fail` or
 * `stop`, whichever comes first; whatever comes later is not heard.
 */
export class AnswerReader {
	readonly #model: string;
	readonly #startedAt: number;
	#firstAt: number | null = null;
	#lastAt: number | null = null;
	#endedAt: number | null = null;
	#state: AnswerState = "waiting";
	#text = "";
	#reasoning = "";
	readonly #calls: WireToolCall[] = [];
	readonly #logprobs: TokenLogprob[] = [];
	#finishReason: string | null = null;
	#usage: Usage | null = null;
	#failure: Failure | null = null;

	constructor(model: string, startedAt: number) {
		this.#model = model;
		this.#startedAt = startedAt;
	}

	get hasEnded(): boolean {
		return this.#endedAt !== null;
	}

	/** One event's data. */
	read(data: string, now: number): void {
		if (this.hasEnded) return;
		if (data === "[DONE]") {
			this.#end("finished", now);
			return;
		}
		const chunk = toRecord(data);
		if (chunk === null) {
			this.fail(
				brokenStream("The server sent something that is no JSON."),
				now,
			);
			return;
		}
		const failure = asRecord(chunk.error);
		if (failure !== null) {
			this.fail(toFailure(failure), now);
			return;
		}
		const usage = asRecord(chunk.usage);
		if (usage !== null) this.#usage = toUsage(usage);
		const choice = asRecord(asList(chunk.choices)[0]);
		if (choice !== null) this.#readChoice(choice, now);
	}

	/** The stream is over. Without its mark it was cut off. */
	close(now: number): void {
		if (this.hasEnded) return;
		// Some servers leave the mark out; a reason to finish says as much.
		if (this.#finishReason !== null) this.#end("finished", now);
		else
			this.fail(
				brokenStream("The connection broke off before the answer was whole."),
				now,
			);
	}

	fail(failure: Failure, now: number): void {
		if (this.hasEnded) return;
		this.#failure = failure;
		this.#end("failed", now);
	}

	stop(now: number): void {
		if (!this.hasEnded) this.#end("stopped", now);
	}

	snapshot(now: number): Answer {
		return {
			model: this.#model,
			state: this.#state,
			text: this.#text,
			reasoning: this.#reasoning,
			calls: this.#calls.map((call) => ({
				...call,
				function: { ...call.function },
			})),
			logprobs: this.#logprobs.slice(),
			finishReason: this.#finishReason,
			usage: this.#usage,
			timing: this.#timing(now),
			failure: this.#failure,
		};
	}

	#end(state: AnswerState, now: number): void {
		this.#state = state;
		this.#endedAt = now;
	}

	#readChoice(choice: Unknown, now: number): void {
		const delta = asRecord(choice.delta) ?? choice;
		const text = asText(delta.content) ?? asText(delta.text) ?? "";
		const reasoning =
			asText(delta.reasoning_content) ?? asText(delta.reasoning) ?? "";
		const calls = asList(delta.tool_calls);
		this.#text += text;
		this.#reasoning += reasoning;
		for (const call of calls) this.#readCall(asRecord(call) ?? {});
		this.#logprobs.push(...toTokenLogprobs(choice.logprobs));
		this.#finishReason = asText(choice.finish_reason) ?? this.#finishReason;
		if (text === "" && reasoning === "" && calls.length === 0) return;
		this.#firstAt ??= now;
		this.#lastAt = now;
		this.#state = "streaming";
	}

	#readCall(call: Unknown): void {
		const called = asRecord(call.function) ?? {};
		const index =
			typeof call.index === "number" ? call.index : this.#calls.length;
		const known = this.#calls[index];
		if (known === undefined) {
			this.#calls[index] = {
				id: asText(call.id) ?? `call_${index}`,
				type: "function",
				function: {
					name: asText(called.name) ?? "",
					arguments: asText(called.arguments) ?? "",
				},
			};
			return;
		}
		known.function.name += asText(called.name) ?? "";
		known.function.arguments += asText(called.arguments) ?? "";
	}

	#timing(now: number): Timing {
		const first = this.#firstAt;
		const last = this.#lastAt;
		const tokens = this.#usage?.completionTokens ?? this.#logprobs.length;
		const seconds = first === null || last === null ? 0 : (last - first) / 1000;
		return {
			firstTokenMs: first === null ? null : first - this.#startedAt,
			totalMs: (this.#endedAt ?? now) - this.#startedAt,
			// What came in one gulp says how fast the network is, not the model.
			tokensPerSecond:
				tokens > 1 && seconds > 0.02 ? (tokens - 1) / seconds : null,
		};
	}
}

function toRecord(data: string): Unknown | null {
	try {
		return asRecord(JSON.parse(data));
	} catch {
		// No JSON: the caller says so.
		return null;
	}
}

function toFailure(error: Unknown): Failure {
	return {
		message: asText(error.message) ?? "The model failed.",
		field: asText(error.param),
		status: 200,
		retryAfterSeconds: null,
	};
}

function brokenStream(message: string): Failure {
	return { message, field: null, status: 0, retryAfterSeconds: null };
}

export function toUsage(usage: Unknown): Usage {
	const reasoning = asRecord(usage.completion_tokens_details)?.reasoning_tokens;
	return {
		promptTokens: asCount(usage.prompt_tokens),
		completionTokens: asCount(usage.completion_tokens),
		cachedTokens: asCount(asRecord(usage.prompt_tokens_details)?.cached_tokens),
		reasoningTokens: typeof reasoning === "number" ? reasoning : null,
	};
}

/** Logprobs in either form: a list of tokens as in chats, or lists side by side as in completions. */
export function toTokenLogprobs(value: unknown): TokenLogprob[] {
	const logprobs = asRecord(value);
	if (logprobs === null) return [];
	if (Array.isArray(logprobs.content))
		return logprobs.content.flatMap((entry) => {
			const own = toCandidate(entry);
			if (own === null) return [];
			const top = asList(asRecord(entry)?.top_logprobs).flatMap(
				(candidate) => toCandidate(candidate) ?? [],
			);
			return [{ ...own, top: top.length === 0 ? null : top, isKnown: true }];
		});
	const own = asList(logprobs.token_logprobs);
	const tops = asList(logprobs.top_logprobs);
	return asList(logprobs.tokens).map((token, index) => {
		const logprob = own[index];
		const top = asRecord(tops[index]);
		return {
			token: String(token),
			logprob: typeof logprob === "number" ? logprob : 0,
			isKnown: typeof logprob === "number",
			top:
				top === null
					? null
					: Object.entries(top)
							.map(([text, value]) => ({ token: text, logprob: Number(value) }))
							.sort((left, right) => right.logprob - left.logprob),
		};
	});
}

function toCandidate(value: unknown): Candidate | null {
	const entry = asRecord(value);
	const token = asText(entry?.token);
	const logprob = entry?.logprob;
	return token === null || typeof logprob !== "number"
		? null
		: { token, logprob };
}
