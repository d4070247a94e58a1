import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Engine, KvLayout } from "../engine/engine.ts";
import { decodeStep } from "../scheduler/testing/decode-step.ts";
import { LayoutSwitch } from "./layout-switch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function create(kvLayout: KvLayout) {
	const engine = { info: { kvLayout } } as unknown as Engine;
	const clock = { now: 0 };
	const layoutSwitch = new LayoutSwitch(engine, () => clock.now);
	const decode = (steps: number, length: number, distinctCells: number) => {
		for (let step = 0; step < steps; step++)
			layoutSwitch.observe(decodeStep(8, length), distinctCells);
	};
	return { engine, clock, layoutSwitch, decode };
}

test("an idle service changes after a while, and not when work comes in between", () => {
	const { layoutSwitch, decode } = create("streams");
	const change = vi.fn();
	decode(30, 1250, 1600);
	layoutSwitch.idle(change);
	vi.advanceTimersByTime(100);
	layoutSwitch.busy();
	vi.advanceTimersByTime(1000);
	expect(change).not.toHaveBeenCalled();
	layoutSwitch.idle(change);
	vi.advanceTimersByTime(1000);
	expect(change).toHaveBeenCalledExactlyOnceWith("unified");
});

test("under a load that never pauses it is overdue after some steps, and then rests", () => {
	const { layoutSwitch, decode, clock, engine } = create("unified");
	decode(20, 500, 4000);
	expect(layoutSwitch.overdue).toBeNull();
	decode(30, 500, 4000);
	expect(layoutSwitch.overdue).toBe("streams");
	layoutSwitch.changed();
	Object.assign(engine.info, { kvLayout: "streams" });
	decode(400, 1250, 1600);
	expect(layoutSwitch.overdue).toBeNull();
	clock.now += 60_000;
	expect(layoutSwitch.overdue).toBe("unified");
});

test("a crowd that waits for one prefix is reason enough at once", () => {
	const { layoutSwitch } = create("streams");
	layoutSwitch.hearAwaiting({
		sequences: 7,
		sharedTokens: 1200,
		allTokens: 8680,
		ownTokens: 280,
	});
	expect(layoutSwitch.overdue).toBe("unified");
});
