import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	admits,
	type BreakerState,
	began,
	closedBreaker,
	defaultBreaker,
	failed,
	succeeded,
	toldNothing,
	waitMs,
} from "./circuit-breaker.ts";

const settings = { ...defaultBreaker, failures: 3, window: 8, openMs: 1000 };
const middle = 0.5;
const failTimes = (
	times: number,
	now = 0,
	state: BreakerState = closedBreaker,
) =>
	Array.from({ length: times }).reduce<BreakerState>(
		(before) => failed(before, now, settings, middle),
		state,
	);

describe("a circuit breaker", () => {
	test("opens after failures in a row, for a time", () => {
		expect(admits(failTimes(2), 0)).toBe(true);
		const open = failTimes(3);
		expect(open).toEqual({ kind: "open", until: 1000, openings: 1 });
		expect(admits(open, 999)).toBe(false);
		expect(waitMs(open, 400)).toBe(600);
		expect(admits(open, 1000)).toBe(true);
	});

	test("then lets one request try; others wait for what becomes of it", () => {
		const trying = began(failTimes(3), 1000);
		expect(admits(trying, 1000)).toBe(false);
		expect(succeeded(trying, settings)).toBe(closedBreaker);
		expect(failed(trying, 1500, settings, middle)).toEqual({
			kind: "open",
			until: 3500,
			openings: 2,
		});
		expect(admits(toldNothing(trying), 1500)).toBe(true);
	});

	test("opens when half of the last requests failed, though never several in a row", () => {
		let state: BreakerState = closedBreaker;
		for (let pair = 0; pair < 3; pair++) {
			state = succeeded(state, settings);
			state = failed(state, 0, settings, middle);
		}
		expect(state.kind).toBe("closed");
		state = failed(succeeded(state, settings), 0, settings, middle);
		expect(state.kind).toBe("open");
	});

	test("waits longer each time, up to a limit, and forgets that when it closes", () => {
		let state = failTimes(3);
		const waits: number[] = [];
		for (let time = 0; time < 8; time++) {
			if (state.kind !== "open") throw new Error("it is not open");
			const now = state.until;
			waits.push(waitMs(state, 0) - (waits.length === 0 ? 0 : 0));
			state = failed(began(state, now), now, settings, middle);
			if (state.kind === "open") waits.push(state.until - now);
		}
		expect(Math.max(...waits.filter((_, at) => at % 2 === 1))).toBe(30_000);
		state = succeeded(began(state, 1e9), settings);
		expect(failTimes(3, 0, state)).toMatchObject({ until: 1000 });
	});

	test("property: whatever happens, it is closed without failures, and lets at most one try while it isn't closed", () => {
		const event = fc.constantFrom("ask", "good", "bad", "nothing");
		fc.assert(
			fc.property(
				fc.array(
					fc.tuple(
						event,
						fc.nat(3000),
						fc.double({ min: 0, max: 1, noNaN: true }),
					),
					{
						maxLength: 200,
					},
				),
				(events) => {
					let state: BreakerState = closedBreaker;
					let now = 0;
					let trying = 0;
					let hasFailed = false;
					for (const [what, passed, random] of events) {
						now += passed;
						const before = state.kind;
						if (what === "ask" && admits(state, now)) {
							state = began(state, now);
							if (before !== "closed") trying++;
							expect(trying).toBeLessThanOrEqual(1);
						} else if (what === "good") state = succeeded(state, settings);
						else if (what === "bad") {
							hasFailed = true;
							state = failed(state, now, settings, random);
						} else if (what === "nothing") state = toldNothing(state);
						if (state.kind !== "half-open" || !state.isProbing) trying = 0;
						if (!hasFailed) expect(state.kind).toBe("closed");
						if (what === "good") expect(state.kind).toBe("closed");
						expect(waitMs(state, now)).toBeLessThanOrEqual(36_000);
						expect(admits(state, now + 36_000) || trying === 1).toBe(true);
					}
				},
			),
		);
	});
});
