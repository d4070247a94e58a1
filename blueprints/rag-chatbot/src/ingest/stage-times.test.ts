import { expect, test } from "vitest";
import { type StageSeconds, StageTimes } from "./stage-times.ts";

test("seconds of all pages are summed, and those in which a stage had any are counted once", () => {
	let now = 0;
	const heard: StageSeconds[] = [];
	const times = new StageTimes(
		(time) => heard.push(time),
		() => now,
	);
	const [one, two] = [times.page(), times.page()];
	one.enter("embed");
	now = 1000;
	two.enter("embed");
	now = 3000;
	one.enter("store");
	now = 3500;
	one.end();
	two.end();
	// Ended is ended.
	two.end();
	now = 9000;
	times.page().enter("embed");
	const of = (stage: string, field: "seconds" | "busySeconds") =>
		heard
			.filter((time) => time.stage === stage)
			.reduce((sum, time) => sum + time[field], 0);
	expect(of("embed", "seconds")).toBe(1 + 2 * 2 + 0.5);
	expect(of("embed", "busySeconds")).toBe(3.5);
	expect(of("store", "seconds")).toBe(0.5);
});
