import { describe, expect, it } from "vitest";
import { drawBubbleChart, niceTicks } from "./bubble-chart.ts";
import { buildReport, measuredSoFar, type OptimizeReport } from "./report.ts";
import { drawReportChart, renderReportHtml } from "./report-html.ts";
import {
	describeConditions,
	formatReportTable,
	toReportTable,
} from "./report-table.ts";
import type { Verdict } from "./search.ts";
import { accuracyOf, speedRun, testCandidate } from "./testing/figures.ts";

const verdict = (more: Partial<Verdict>): Verdict => ({
	candidate: testCandidate,
	runs: [speedRun(100), speedRun(104)],
	accuracy: accuracyOf(0),
	violations: [],
	reason: null,
	...more,
});

const winner = verdict({
	candidate: { ...testCandidate, variant: "Q4_K_M", threads: 3 },
	runs: [speedRun(150), speedRun(154)],
	accuracy: accuracyOf(0.02, 0.01),
});
const inaccurate = verdict({
	candidate: { ...testCandidate, variant: "Q4_0" },
	runs: [speedRun(170)],
	accuracy: accuracyOf(0.2, 0.09),
	violations: [
		{
			what: "kl",
			ratio: 4,
			text: "its KL divergence is 0.2000, allowed are 0.05",
		},
	],
});
const unmeasured = verdict({
	candidate: { ...testCandidate, variant: "Q3_K_M" },
	runs: [],
	accuracy: null,
	reason: "it could <not> be made",
});

function reportOf(verdicts: Verdict[], best: Verdict | null): OptimizeReport {
	return buildReport({
		model: {
			name: "tiny & <co>",
			path: "/models/tiny.gguf",
			precision: "F16",
			parameters: 1e6,
			reference: { path: "/models/tiny.gguf", precision: "F16" },
		},
		machine: {
			cpu: "Test CPU",
			platform: "linux",
			architecture: "x64",
			physicalCores: 4,
			logicalProcessors: 8,
			quota: null,
			features: ["avx2"],
			memoryGiB: 16,
			device: "cpu",
		},
		engine: { name: "llama", release: "0.5.0" },
		measuredAt: "2026-01-02T03:04:05.000Z",
		load: {
			concurrencies: [1, 8],
			inputTokens: 128,
			outputTokens: 64,
			prefixTokens: 0,
			secondsPerLoad: 2,
		},
		constraints: {
			targetItlMs: 50,
			targetTtftMs: null,
			maxKl: 0.05,
			maxPerplexityLoss: 0.03,
			maxMemoryBytes: null,
		},
		text: { source: "bundled", tokens: 4000, windows: 4, windowTokens: 512 },
		conclusion: { winner: best, verdicts, noise: 0.012 },
		baseline: testCandidate,
		fileBytesOf: (variant) => (variant === "source" ? 2_000_000 : 700_000),
		isComplete: true,
		reusedResults: 0,
		seconds: 61,
		warnings: ["a <warning>"],
	});
}

const report = reportOf([verdict({}), winner, inaccurate, unmeasured], winner);

describe("what is measured so far", () => {
	it("is what has a figure, the fastest first, with what speaks against it", () => {
		const halfway = verdict({
			candidate: { ...testCandidate, threads: 9 },
			runs: [],
			accuracy: accuracyOf(0.01),
		});
		const rows = measuredSoFar(
			[unmeasured, halfway, verdict({}), winner, inaccurate],
			{ baseline: testCandidate, sourcePrecision: "F16" },
		);
		expect(rows.map(({ precision, runs }) => [precision, runs])).toEqual([
			["Q4_0", 1],
			["Q4_K_M", 2],
			["F16", 2],
			["F16", 0],
		]);
		expect(rows.map(({ isBaseline }) => isBaseline)).toEqual([
			false,
			false,
			true,
			false,
		]);
		expect(rows[0]).toMatchObject({
			score: expect.closeTo(170),
			meanKl: 0.2,
			verdict: "its KL divergence is 0.2000, allowed are 0.05",
		});
		expect(rows[3]).toMatchObject({ score: null, verdict: "not run yet" });
	});
});

describe("the report", () => {
	it("puts the winner first, then by speed, then what was not measured", () => {
		expect(report.rows.map(({ precision }) => precision)).toEqual([
			"Q4_K_M",
			"Q4_0",
			"F16",
			"Q3_K_M",
		]);
		expect(report.rows[0]).toMatchObject({
			isWinner: true,
			runs: 2,
			score: 152,
		});
		expect(report.rows[2]).toMatchObject({ isBaseline: true });
	});

	it("says in one sentence what was gained and what was lost", () => {
		expect(report.summary).toBe(
			"Q4_K_M with threads 3 instead of 4: 1.49 times the tokens a second of F16 as it runs by default, KL divergence 0.0200, perplexity +1.0 %.",
		);
	});

	it("says that the default stays when nothing is better", () => {
		const only = verdict({});
		expect(reportOf([only, inaccurate], only).summary).toMatch(
			/as it runs anyway, is the best/,
		);
	});

	it("says what is nearest when nothing keeps the limits", () => {
		expect(reportOf([inaccurate], null).summary).toMatch(
			/Nothing .* keeps every limit\. The nearest: Q4_0, but its KL divergence is 0\.2000/,
		);
	});

	it("is a table with one line a candidate", () => {
		expect(formatReportTable(toReportTable(report))).toBe(
			[
				"precision      size  tok/s x1  tok/s x8  spread  TTFT p95 x8  ITL p50/p95 x8   memory      KL  perplexity  same top  verdict",
				"Q4_K_M      684 KiB     152.0     152.0  ±1.3 %        30 ms     8.0/10.0 ms  256 MiB  0.0200      +1.0 %    98.0 %  best",
				"Q4_0        684 KiB     170.0     170.0       -        30 ms     8.0/10.0 ms  256 MiB  0.2000      +9.0 %    80.0 %  its KL divergence is 0.2000, allowed are 0.05 (threads 4 instead of 3)",
				"F16        1.91 MiB     102.0     102.0  ±2.0 %        30 ms     8.0/10.0 ms  256 MiB  0.0000      +0.0 %   100.0 %  keeps all limits (threads 4 instead of 3; the default)",
				"Q3_K_M      684 KiB         -         -       -            -               -        -       -           -         -  it could <not> be made (threads 4 instead of 3)",
			].join("\n"),
		);
	});

	it("tells the conditions: machine, load, text, limits, noise", () => {
		expect(describeConditions(report)).toBe(
			"Test CPU, 4 cores, llama.cpp 0.5.0. Load: 1 and 8 at a time, prompts of 128 tokens, answers of 64. " +
				"Accuracy against F16 on 4 windows of 512 tokens (the bundled text). " +
				"Limits: ITL p95 at most 50 ms, KL divergence at most 0.05, perplexity at most +3.0 %. " +
				"One run is off by 1.2 % (standard deviation).",
		);
	});

	it("is one HTML file that asks nobody for anything, with names as text", () => {
		const html = renderReportHtml(report);
		expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\bsrc=/);
		expect(
			[...html.matchAll(/https?:\/\/[^"\s]+/g)].map(([url]) => url),
		).toEqual(["http://www.w3.org/2000/svg"]);
		expect(html).toContain("tiny &amp; &lt;co&gt;");
		expect(html).toContain("a &lt;warning&gt;");
		expect(html).not.toContain("<co>");
		expect(html.match(/<tr/g)).toHaveLength(5);
		expect(html.match(/class="winner"/g)).toHaveLength(1);
	});

	it("draws a bubble for each candidate that has both figures, the winner's in its own colour", () => {
		const svg = drawReportChart(report);
		expect(svg.match(/<circle/g)).toHaveLength(3);
		expect(svg.match(/<circle[^>]*#d9822b/g)).toHaveLength(1);
		expect(svg).toContain("limit 0.05");
		expect(svg).not.toMatch(/NaN|Infinity/);
	});
});

describe("the chart", () => {
	it("has round ticks from 0 to beyond the highest value", () => {
		expect(niceTicks(0, 170)).toEqual([0, 50, 100, 150, 200]);
		expect(niceTicks(0, 0.05)).toEqual([0, 0.01, 0.02, 0.03, 0.04, 0.05]);
		expect(niceTicks(0, 0)).toEqual([0, 0.2]);
	});

	it("can be drawn of nothing, and of one bubble at the origin", () => {
		const chart = {
			title: "t",
			xTitle: "x",
			yTitle: "y",
			sizeTitle: "s",
			xLimit: null,
		};
		const bubble = {
			x: 0,
			y: 0,
			size: 0,
			label: "one",
			hint: "one",
			isHighlighted: true,
			isDimmed: false,
		};
		for (const bubbles of [[], [bubble]])
			expect(drawBubbleChart({ ...chart, bubbles })).not.toMatch(
				/NaN|Infinity/,
			);
	});

	it("keeps labels apart", () => {
		const bubbles = Array.from({ length: 6 }, (_, index) => ({
			x: 0.01,
			y: 100 + index,
			size: 1,
			label: `bubble ${index}`,
			hint: "",
			isHighlighted: false,
			isDimmed: false,
		}));
		const svg = drawBubbleChart({
			title: "t",
			xTitle: "x",
			yTitle: "y",
			sizeTitle: "s",
			xLimit: null,
			bubbles,
		});
		const places = [...svg.matchAll(/y="([\d.]+)"[^>]*>bubble/g)].map((match) =>
			Number(match[1]),
		);
		expect(places.length).toBeGreaterThan(3);
		const sorted = places.sort((a, b) => a - b);
		for (let index = 1; index < sorted.length; index++)
			expect(
				(sorted[index] ?? 0) - (sorted[index - 1] ?? 0),
			).toBeGreaterThanOrEqual(13.9);
	});
});
