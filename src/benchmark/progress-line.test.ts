import { expect, test } from "vitest";
import type { BenchmarkProgress } from "./progress.ts";
import { createProgressLine, formatProgress } from "./progress-line.ts";

test("the progress line is written on terminals only and never longer than they are", () => {
	const written: string[] = [];
	const progress: BenchmarkProgress = {
		phase: "measuring",
		stage: 2,
		stages: 3,
		load: { mode: "closed", concurrency: 8 },
		completed: 11,
		failed: 1,
		total: 32,
		elapsedSeconds: 4,
		secondsLeft: 6.2,
		requestsPerSecond: 3,
		chunksPerSecond: 95.4,
	};
	expect(formatProgress(progress)).toBe(
		"[2/3] 8 at a time: 12/32, 1 failed, 3.0 requests/s, 95 tokens/s, 7 s left",
	);
	createProgressLine({ write: (text) => written.push(text) }).update(progress);
	expect(written).toEqual([]);
	createProgressLine({
		isTTY: true,
		columns: 20,
		write: (text) => written.push(text),
	}).update(progress);
	expect(written).toEqual(["\r\u001b[K[2/3] 8 at a time: "]);
});
