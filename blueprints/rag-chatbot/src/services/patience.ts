import { setTimeout as delay } from "node:timers/promises";
import { isAway, type ServiceError } from "./endpoint.ts";

export interface PatienceOptions {
	/** A service that is away for longer is given up. */
	mostMs: number;
	/** Milliseconds; counts on. */
	now?: () => number;
	sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** One who waits for a service hears why, and then that it is there again (null). */
export type OnAway = (problem: ServiceError | null) => void;

const firstPauseMs = 500;
const longestPauseMs = 30_000;

/** It was waited for in vain. */
export class AwayError extends Error {
	override readonly name = "AwayError";
}

/**
 * Waits for a service that is away, asking again after pauses that double. All who wait share the clock: it starts when the service
 * was first found away, so that a thousand pages don't each wait in vain for as long as the first one.
 */
export class Patience {
	readonly #options: Required<PatienceOptions>;
	#awaySince: number | null = null;

	constructor(options: PatienceOptions) {
		this.#options = {
			now: () => performance.now(),
			sleep: (ms, signal) => delay(ms, undefined, { signal }),
			...options,
		};
	}

	async ask<Result>(
		ask: () => Promise<Result>,
		signal: AbortSignal | undefined,
		onAway: OnAway = () => undefined,
	): Promise<Result> {
		const { now, sleep, mostMs } = this.#options;
		for (let attempt = 0; ; attempt++) {
			try {
				const result = await ask();
				this.#awaySince = null;
				if (attempt > 0) onAway(null);
				return result;
			} catch (error) {
				if (!isAway(error)) throw error;
				this.#awaySince ??= now();
				const left = mostMs - (now() - this.#awaySince);
				if (left <= 0)
					throw new AwayError(
						`${error.message} It was waited for ${spoken(mostMs)}.`,
						{ cause: error },
					);
				onAway(error);
				const asked = (error.retryAfterSeconds ?? 0) * 1000;
				const pause = Math.max(
					asked,
					firstPauseMs * 2 ** Math.min(attempt, 10),
				);
				await sleep(Math.min(pause, longestPauseMs, left), signal);
			}
		}
	}
}

function spoken(ms: number): string {
	const seconds = Math.round(ms / 1000);
	return seconds < 120
		? `${seconds} seconds`
		: `${Math.round(seconds / 60)} minutes`;
}
