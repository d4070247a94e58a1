import type { GalleyError } from "../core/errors.ts";
import type { GenerationRequest } from "../core/generation-request.ts";
import type {
	FinishReason,
	StreamEvent,
	TokenLogprob,
} from "../core/stream-event.ts";
import type { ChoiceText } from "../text/choice-text.ts";

export interface RequestTimes {
	/** Monotonic milliseconds. */
	arrivedAt: number;
	queueSeconds: number;
	startedAt: number | null;
	firstTokenAt: number | null;
}

interface LiveChoice {
	text: ChoiceText;
	generatedTokens: number;
	lastTokenAt: number;
	hasEnded: boolean;
}

/**
 * One request between its submission and its terminal event, in the HTTP process. It turns tokens into the events of
 * stream-event.ts and sees to it that exactly one terminal event is said.
 */
export class LiveRequest {
	readonly number: number;
	readonly request: GenerationRequest;
	readonly times: RequestTimes;
	readonly choices: readonly LiveChoice[];
	cachedTokens = 0;
	completionTokens = 0;
	#onEvent: (event: StreamEvent) => void;
	#promptLogprobs: (TokenLogprob | null)[] = [];
	/** Events that came before the start event could be said: the prompt's log-probabilities were not complete. */
	#held: StreamEvent[] | null = [];
	#isOver = false;
	#wasCut = false;

	constructor(
		number: number,
		request: GenerationRequest,
		createText: () => ChoiceText,
		onEvent: (event: StreamEvent) => void,
		now: number,
	) {
		this.number = number;
		this.request = request;
		this.times = {
			arrivedAt: now,
			queueSeconds: 0,
			startedAt: null,
			firstTokenAt: null,
		};
		this.choices = Array.from({ length: request.choices }, () => ({
			text: createText(),
			generatedTokens: 0,
			lastTokenAt: 0,
			hasEnded: false,
		}));
		this.#onEvent = onEvent;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	get hasStarted(): boolean {
		return this.times.startedAt !== null;
	}

	/** `length` as soon as one choice was cut. */
	get finishReason(): FinishReason {
		return this.#wasCut ? "length" : "stop";
	}

	/** Choice 0 starts first, always; what the others find in the cache is mostly what it computed. */
	started(cachedTokens: number, queueSeconds: number, now: number): void {
		if (this.hasStarted) return;
		this.cachedTokens = cachedTokens;
		this.times.queueSeconds = queueSeconds;
		this.times.startedAt = now;
		if (this.request.promptLogprobs === null) this.#sayStart(null);
	}

	addPromptLogprobs(entries: readonly (TokenLogprob | null)[]): void {
		this.#promptLogprobs.push(...entries);
		if (this.#promptLogprobs.length === this.request.promptTokens.length)
			this.#sayStart(this.#promptLogprobs);
	}

	/**
	 * One more token of a choice. True when it completed a stop string: the choice has ended and its sequence must be cancelled.
	 * What the same step brought behind it is not heard any more.
	 */
	token(
		choiceIndex: number,
		token: number,
		logprob: TokenLogprob | null,
		now: number,
	): boolean {
		const choice = this.choices[choiceIndex];
		if (choice === undefined || choice.hasEnded || this.#isOver) return false;
		choice.generatedTokens++;
		choice.lastTokenAt = now;
		this.completionTokens++;
		this.times.firstTokenAt ??= now;
		const mayStop = choice.generatedTokens >= this.request.stop.minTokens;
		const text = choice.text.push(token, mayStop);
		const tokens = [token];
		this.#say({
			type: "delta",
			choice: choiceIndex,
			text,
			tokens,
			logprobs: logprob === null ? null : [logprob],
		});
		const stopString = choice.text.stopString;
		if (stopString === null) return false;
		this.#endChoice(choiceIndex, "stop", stopString);
		return true;
	}

	/** The engine ended a choice. */
	ended(
		choiceIndex: number,
		reason: FinishReason,
		stopToken: number | null,
	): void {
		const choice = this.choices[choiceIndex];
		if (choice === undefined || choice.hasEnded || this.#isOver) return;
		// The end-of-generation token was generated too, though it is no text: usage counts it, as vLLM does.
		if (stopToken !== null) this.completionTokens++;
		const rest = choice.text.flush();
		if (rest !== "")
			this.#say({
				type: "delta",
				choice: choiceIndex,
				text: rest,
				tokens: [],
				logprobs: null,
			});
		const isOwnStop =
			stopToken !== null && this.request.stop.stopTokenIds.includes(stopToken);
		this.#endChoice(choiceIndex, reason, isOwnStop ? stopToken : null);
	}

	fail(error: GalleyError): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#held = null;
		this.#onEvent({ type: "error", error });
	}

	#endChoice(
		choiceIndex: number,
		finishReason: FinishReason,
		stopReason: string | number | null,
	): void {
		(this.choices[choiceIndex] as LiveChoice).hasEnded = true;
		this.#wasCut ||= finishReason === "length";
		this.#say({
			type: "choice-end",
			choice: choiceIndex,
			finishReason,
			stopReason,
		});
		if (this.choices.some((choice) => !choice.hasEnded)) return;
		const { completionTokens, cachedTokens } = this;
		const usage = {
			promptTokens: this.request.promptTokens.length,
			cachedTokens,
			completionTokens,
		};
		this.#isOver = true;
		this.#say({ type: "finish", usage });
	}

	#say(event: StreamEvent): void {
		if (this.#held === null) this.#onEvent(event);
		else this.#held.push(event);
	}

	#sayStart(promptLogprobs: readonly (TokenLogprob | null)[] | null): void {
		const held = this.#held ?? [];
		this.#held = null;
		const promptTokens = this.request.promptTokens.length;
		this.#onEvent({
			type: "start",
			promptTokens,
			cachedTokens: this.cachedTokens,
			promptLogprobs,
		});
		for (const event of held) this.#onEvent(event);
	}
}
