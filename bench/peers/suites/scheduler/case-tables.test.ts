import { expect, test } from "vitest";
import { summarize } from "../../../../src/benchmark/metrics.ts";
import type { StageReport } from "../../../../src/benchmark/report.ts";
import { burstVerdicts } from "./burst-tables.ts";
import { type CopyRun, copyVerdicts } from "./copy-heavy-tables.ts";
import { independentTable, independentVerdicts } from "./independent-tables.ts";
import { longPromptVerdicts } from "./long-prompt-tables.ts";
import type { Measured } from "./medians.ts";
import { pressureVerdicts } from "./pressure-tables.ts";

function run<T>(name: string, value: T, round = 1): Measured<T> {
	return { name, command: name, round, foreignShare: 0, value };
}

/** A stage of one second that made so many tokens. */
function stage(tokens: number, change: Partial<StageReport> = {}): StageReport {
	const report = summarize({
		load: { mode: "closed", concurrency: 8 },
		records: [],
		durationMs: 1000,
		goodput: null,
	});
	return { ...report, outputThroughput: tokens, ...change };
}

test("a cold burst is judged by its whole time and its late first tokens, the warm one by speed", () => {
	const burst = (durationSeconds: number, p95: number, tokens: number) => ({
		cold: stage(0, {
			durationSeconds,
			ttftMs: { ...stage(0).ttftMs, p95 },
		}),
		warm: stage(tokens),
	});
	const verdicts = burstVerdicts([
		run("galley", burst(10, 1000, 130)),
		run("llama-server kv-unified", burst(50, 9000, 90)),
		run("llama-server no-kv-unified", burst(70, 5000, 100)),
	]);
	expect(
		verdicts.map((verdict) => [verdict.case, verdict.ratio, verdict.isMet]),
	).toEqual([
		["cold-burst", "5.00x", true],
		["cold-burst", "5.00x", false],
		["warm-burst", "1.30x", true],
	]);
});

test("independent prompts are judged where Galley stands worst", () => {
	const loads = [1, 8].map((concurrency) => ({
		concurrency,
		inputTokens: 64,
		outputTokens: 128,
	}));
	const stages = (...tokens: number[]) =>
		loads.map((load, index) => ({ load, stage: stage(tokens[index] ?? 0) }));
	const bound = (index: number, unified: number, streams: number) => ({
		round: 1,
		foreignShare: 0,
		commands: [],
		load: loads[index] ?? { concurrency: 0, inputTokens: 0, outputTokens: 0 },
		rows: [
			{ layout: "unified" as const, outputThroughput: unified },
			{ layout: "streams" as const, outputThroughput: streams },
		].map((row) => ({ ...row, concurrency: 0, decodeThroughput: 0 })),
	});
	const runs = [
		run("galley", stages(110, 190)),
		run("llama-server kv-unified", stages(100, 150)),
		run("llama-server no-kv-unified", stages(90, 200)),
	];
	const measuredBounds = [bound(0, 120, 100), bound(1, 100, 200)];
	const verdicts = independentVerdicts(runs, measuredBounds);
	expect(verdicts.map(({ ratio, isMet }) => [ratio, isMet])).toEqual([
		["0.95x", false],
		["0.92x", false],
	]);
	expect(verdicts[0]?.what).toContain("8 at a time");
	expect(verdicts[1]?.what).toContain("1 at a time");
	expect(independentTable(runs, measuredBounds).rows[1]).toEqual([
		"8 at a time, 64 in / 128 out",
		"190.0",
		"200.0",
		"no-kv-unified",
		"0.95x",
		"200.0",
		"0.95x",
	]);
});

test("long gaps are held against the target, or against as many own steps without one", () => {
	const newcomer = (
		targetMs: number | null,
		gap: number,
		besideMs: number,
	) => ({
		undisturbedMs: 25,
		targetMs,
		aloneMs: 1000,
		besideMs,
		gapsMs: [gap],
	});
	const [gaps, first] = longPromptVerdicts([
		run("galley", newcomer(100, 120, 1700)),
		run("llama-server kv-unified", newcomer(null, 3000, 1100)),
	]);
	expect(gaps).toMatchObject({
		own: "1.20x",
		rival: "30.00x (kv-unified)",
		isMet: true,
	});
	expect(first).toMatchObject({
		own: "1.70x",
		rival: "1.10x (kv-unified)",
		isMet: false,
	});
});

test("under pressure each server is held against its own run without", () => {
	const [failures, speed] = pressureVerdicts([
		run("galley", stage(80)),
		run("galley unconstrained", stage(100)),
		run("llama-server kv-unified", stage(0, { failed: 16 })),
		run("llama-server kv-unified unconstrained", stage(100)),
		run("llama-server no-kv-unified", stage(30)),
		run("llama-server no-kv-unified unconstrained", stage(60)),
	]);
	expect(failures).toMatchObject({ own: "0", isMet: true });
	expect(speed).toMatchObject({
		own: "0.80x",
		rival: "0.50x (no-kv-unified)",
		isMet: true,
	});
});

test("speculation is judged by speed against the same server without, and by the same text", () => {
	const answers = (seconds: number, ...texts: string[]): CopyRun => ({
		texts,
		tokens: 300,
		seconds,
	});
	const [speed, text] = copyVerdicts(
		[
			run("galley", answers(1, "a", "b")),
			run("galley without speculation", answers(2, "a", "c")),
			run("llama-server kv-unified without speculation", answers(2, "x", "y")),
			run("llama-server kv-unified ngram-simple", answers(1.6, "x", "y")),
		],
		"",
	);
	expect(speed).toMatchObject({
		own: "2.00x",
		rival: "1.25x (kv-unified ngram-simple)",
		isMet: true,
	});
	expect(text).toMatchObject({ own: "50 %", isMet: false });
});
