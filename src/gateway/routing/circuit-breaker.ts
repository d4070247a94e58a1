/**
 * A circuit breaker as values: what happened goes in, the next state comes out. Times are milliseconds of one monotonic clock.
 *
 *                failures in a row, or
 *     closed ──── too large a share ────> open ──── its time is over ────> half-open
 *        ^                                  ^                                  │ one request at a time
 *        │                                  └──────── it failed: longer ───────┤
 *        └──────────────────────────── it succeeded ──────────────────────────┘
 */
export type BreakerState =
	| {
			kind: "closed";
			/** Failures since the last success. */
			failuresInARow: number;
			/** The last results, the newest in the lowest bit; 1 is a failure. */
			results: number;
			/** How many of the bits are results. */
			count: number;
	  }
	| { kind: "open"; until: number; openings: number }
	| { kind: "half-open"; isProbing: boolean; openings: number };

export interface BreakerSettings {
	/** So many in a row open it, */
	failures: number;
	/** and so does this share of the last results, 0 to 1, */
	share: number;
	/** when there are so many; 31 at most. */
	window: number;
	openMs: number;
	/** The time doubles with every opening in a row, up to here. */
	maxOpenMs: number;
}

export const defaultBreaker: BreakerSettings = Object.freeze({
	failures: 5,
	share: 0.5,
	window: 20,
	openMs: 2000,
	maxOpenMs: 30_000,
});

export const closedBreaker: BreakerState = Object.freeze({
	kind: "closed",
	failuresInARow: 0,
	results: 0,
	count: 0,
});

/** Whether a request may be sent now. */
export function admits(state: BreakerState, now: number): boolean {
	switch (state.kind) {
		case "closed":
			return true;
		case "open":
			return now >= state.until;
		case "half-open":
			return !state.isProbing;
	}
}

/** Milliseconds until a request may be sent; 0 is now. What is being tried out may end any time. */
export function waitMs(state: BreakerState, now: number): number {
	if (state.kind === "open") return Math.max(0, state.until - now);
	return state.kind === "half-open" && state.isProbing ? 1000 : 0;
}

/** A request is sent: call it only where one is admitted. */
export function began(state: BreakerState, now: number): BreakerState {
	if (state.kind === "closed" || !admits(state, now)) return state;
	return { kind: "half-open", isProbing: true, openings: state.openings };
}

/** It answered as it should. */
export function succeeded(
	state: BreakerState,
	{ window }: BreakerSettings,
): BreakerState {
	// What was sent before it opened may still end well: that is as good a sign as a probe.
	if (state.kind !== "closed") return closedBreaker;
	const { results, count, failuresInARow } = state;
	if (results === 0 && failuresInARow === 0 && count >= window) return state;
	return {
		kind: "closed",
		failuresInARow: 0,
		results: (results << 1) & mask(window),
		count: Math.min(window, count + 1),
	};
}

/** It failed as a server fails. `random` (0 to 1) spreads the times at which several gateways try again. */
export function failed(
	state: BreakerState,
	now: number,
	settings: BreakerSettings,
	random: number,
): BreakerState {
	switch (state.kind) {
		// Sent before it opened.
		case "open":
			return state;
		case "half-open":
			return opened(state.openings, now, settings, random);
		case "closed": {
			const failuresInARow = state.failuresInARow + 1;
			const results = ((state.results << 1) | 1) & mask(settings.window);
			const count = Math.min(settings.window, state.count + 1);
			const isShare =
				count >= settings.window &&
				ones(results) / settings.window >= settings.share;
			return failuresInARow >= settings.failures || isShare
				? opened(0, now, settings, random)
				: { kind: "closed", failuresInARow, results, count };
		}
	}
}

/** It ended without telling anything: the client left, or the answer was about the request. */
export function toldNothing(state: BreakerState): BreakerState {
	return state.kind === "half-open" && state.isProbing
		? { ...state, isProbing: false }
		: state;
}

function opened(
	openings: number,
	now: number,
	{ openMs, maxOpenMs }: BreakerSettings,
	random: number,
): BreakerState {
	const ms = Math.min(maxOpenMs, openMs * 2 ** Math.min(openings, 16));
	return {
		kind: "open",
		until: now + ms * (0.8 + 0.4 * random),
		openings: openings + 1,
	};
}

const mask = (bits: number) => 2 ** bits - 1;

function ones(bits: number): number {
	let count = 0;
	for (let left = bits; left !== 0; left &= left - 1) count++;
	return count;
}
