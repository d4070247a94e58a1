export interface BackoffOptions {
	/** Delay after the first failure. */
	baseMs: number;
	/** No delay is longer. */
	maxMs: number;
	/** What each further failure multiplies the delay with. */
	factor?: number;
	/** 0 waits exactly; 0.5 takes up to half of the delay away, so that many waiters do not return at one moment. */
	jitter?: number;
}

/**
 * Milliseconds to wait after failure number `attempt`, counted from 1. `random` is a draw from 0 (inclusive) to 1
 * (exclusive), e.g. `Math.random()`; with `jitter` 0 it does not matter.
 */
export function backoffDelayMs(
	attempt: number,
	{ baseMs, maxMs, factor = 2, jitter = 0.5 }: BackoffOptions,
	random: number,
): number {
	// The exponent is bounded because 0 ms times an infinite power is not a number.
	const exponent = Math.min(64, Math.max(0, Math.floor(attempt) - 1));
	const grown = Math.min(maxMs, baseMs * factor ** exponent);
	return grown * (1 - jitter * random);
}
