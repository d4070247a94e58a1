import { type GoodputLimits, isGood } from "./goodput.ts";
import type { StageLoad, StageReport } from "./report.ts";
import { type RequestRecord, timePerOutputToken } from "./request-record.ts";
import { describe } from "./statistics.ts";

export interface StageMeasurement {
	load: StageLoad;
	records: readonly RequestRecord[];
	durationMs: number;
	goodput: GoodputLimits | null;
}

/** Turns what was seen of each request into the figures of a stage. Failed requests count as failures and in nothing else. */
export function summarize(measurement: StageMeasurement): StageReport {
	const { load, records, goodput } = measurement;
	const completed = records.filter((record) => record.error === null);
	const failed = records.filter((record) => record.error !== null);
	const seconds = measurement.durationMs / 1000;
	const perSecond = (amount: number) => (seconds > 0 ? amount / seconds : 0);

	const inputTokens = sum(completed.map((record) => record.inputTokens ?? 0));
	const outputTokens = sum(completed.map((record) => record.outputTokens));
	const cached = completed
		.map((record) => record.cachedTokens)
		.filter((tokens) => tokens !== null);
	const sources = new Set(completed.map((record) => record.outputTokensFrom));

	const errors: Record<string, number> = {};
	const errorExamples: Record<string, string> = {};
	for (const { error, errorMessage } of failed) {
		if (error === null) continue;
		errors[error] = (errors[error] ?? 0) + 1;
		if (errorMessage !== null) errorExamples[error] ??= errorMessage;
	}

	return {
		load,
		completed: completed.length,
		failed: failed.length,
		errors,
		errorExamples,
		resent: records.filter((record) => record.wasResent).length,
		durationSeconds: seconds,
		inputTokens,
		cachedTokens: cached.length === 0 ? null : sum(cached),
		outputTokens,
		outputTokensFrom:
			sources.size > 1 ? "mixed" : sources.has("chunks") ? "chunks" : "usage",
		requestThroughput: perSecond(completed.length),
		outputThroughput: perSecond(outputTokens),
		totalThroughput: perSecond(inputTokens + outputTokens),
		goodput:
			goodput === null
				? null
				: perSecond(
						completed.filter((record) => isGood(record, goodput)).length,
					),
		peakConcurrency: peakConcurrency(records),
		ttftMs: describe(completed.map((record) => record.ttftMs ?? 0)),
		tpotMs: describe(
			completed.map(timePerOutputToken).filter((time) => time !== null),
		),
		itlMs: describe(completed.flatMap((record) => record.itlMs)),
		e2eMs: describe(completed.map((record) => record.e2eMs)),
	};
}

/** The most requests that were in flight at one moment. */
export function peakConcurrency(
	records: readonly Pick<RequestRecord, "startMs" | "e2eMs">[],
): number {
	const changes = records.flatMap(({ startMs, e2eMs }) => [
		{ atMs: startMs, change: 1 },
		{ atMs: startMs + e2eMs, change: -1 },
	]);
	// An end comes before a start at the same moment: a worker that goes on at once is one request, not two.
	changes.sort(
		(left, right) => left.atMs - right.atMs || left.change - right.change,
	);
	let running = 0;
	let peak = 0;
	for (const { change } of changes) {
		running += change;
		peak = Math.max(peak, running);
	}
	return peak;
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
