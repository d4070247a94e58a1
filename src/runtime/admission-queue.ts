import { GalleyError } from "../core/errors.ts";

export interface QueueLimits {
	/** Requests that may wait for their first step. */
	maxQueuedRequests: number;
	/** Prompt tokens that may wait. */
	maxQueuedPromptTokens: number;
	maxSequences: number;
}

/** Counts what waits for its first step, and refuses what would be too much with a truthful time to come back. */
export class AdmissionQueue {
	readonly #limits: QueueLimits;
	readonly #waiting = new Map<number, number>();
	#waitingTokens = 0;
	/** Exponential average over finished requests. */
	#secondsPerRequest = 1;

	constructor(limits: QueueLimits) {
		this.#limits = limits;
	}

	get waitingRequests(): number {
		return this.#waiting.size;
	}

	enter(number: number, promptTokens: number): void {
		this.#waiting.set(number, promptTokens);
		this.#waitingTokens += promptTokens;
	}

	/** It runs, or it is gone. */
	leave(number: number): void {
		this.#waitingTokens -= this.#waiting.get(number) ?? 0;
		this.#waiting.delete(number);
	}

	finished(endToEndSeconds: number): void {
		this.#secondsPerRequest +=
			0.1 * (endToEndSeconds - this.#secondsPerRequest);
	}

	refusal(promptTokens: number): GalleyError | null {
		const { maxQueuedRequests, maxQueuedPromptTokens, maxSequences } =
			this.#limits;
		// An empty queue takes any prompt: the bound is on what piles up, not on how long one prompt may be.
		const isFull =
			this.#waiting.size >= maxQueuedRequests ||
			(this.#waiting.size > 0 &&
				this.#waitingTokens + promptTokens > maxQueuedPromptTokens);
		if (!isFull) return null;
		const retryAfterSeconds = Math.max(
			1,
			Math.ceil((this.#waiting.size / maxSequences) * this.#secondsPerRequest),
		);
		return new GalleyError(
			"queue_full",
			`${this.#waiting.size} requests with ${this.#waitingTokens} prompt tokens are waiting already; try again in ${retryAfterSeconds} s.`,
			{ retryAfterSeconds },
		);
	}
}
