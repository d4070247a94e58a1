import { expect, test } from "vitest";
import { isGood, parseGoodput } from "./goodput.ts";
import { peakConcurrency, summarize } from "./metrics.ts";
import { type RequestRecord, timePerOutputToken } from "./request-record.ts";

function createRecord(overrides: Partial<RequestRecord> = {}): RequestRecord {
	return {
		startMs: 0,
		error: null,
		errorMessage: null,
		ttftMs: 100,
		e2eMs: 500,
		itlMs: [100, 300],
		inputTokens: 10,
		cachedTokens: null,
		outputTokens: 5,
		outputTokensFrom: "usage",
		finishReason: "length",
		wasResent: false,
		retryAfterSeconds: null,
		...overrides,
	};
}

const failed = createRecord({
	error: "http_429",
	errorMessage: "busy",
	ttftMs: null,
	e2eMs: 3,
	itlMs: [],
	outputTokens: 0,
	outputTokensFrom: "chunks",
});
const closed = { mode: "closed", concurrency: 2 } as const;

test("TPOT leaves the first token out and needs two tokens", () => {
	expect(timePerOutputToken(createRecord())).toBe(100);
	expect(timePerOutputToken(createRecord({ outputTokens: 1 }))).toBe(null);
});

test("a stage counts completed requests in its throughput and failures only as failures", () => {
	const stage = summarize({
		load: closed,
		records: [
			createRecord(),
			createRecord({
				e2eMs: 900,
				outputTokens: 9,
				itlMs: [800],
				cachedTokens: 4,
			}),
			failed,
			failed,
		],
		durationMs: 2000,
		goodput: { e2el: 500 },
	});
	expect(stage).toMatchObject({
		completed: 2,
		failed: 2,
		errors: { http_429: 2 },
		errorExamples: { http_429: "busy" },
		durationSeconds: 2,
		inputTokens: 20,
		cachedTokens: 4,
		outputTokens: 14,
		outputTokensFrom: "usage",
		requestThroughput: 1,
		outputThroughput: 7,
		totalThroughput: 17,
		goodput: 0.5,
	});
	expect(stage.itlMs).toMatchObject({ count: 3, mean: 400, median: 300 });
	expect(stage.ttftMs).toMatchObject({ count: 2, mean: 100 });
	expect(stage.tpotMs).toMatchObject({ count: 2, mean: 100 });
	expect(stage.e2eMs).toMatchObject({ count: 2, mean: 700 });
});

test("one-token answers stay out of the TPOT figures", () => {
	const stage = summarize({
		load: closed,
		records: [createRecord({ outputTokens: 1 }), createRecord()],
		durationMs: 1000,
		goodput: null,
	});
	expect(stage.tpotMs).toMatchObject({ count: 1, mean: 100 });
	expect(stage.goodput).toBe(null);
});

test("a stage in which everything failed has figures of 0", () => {
	const stage = summarize({
		load: closed,
		records: [failed],
		durationMs: 0,
		goodput: null,
	});
	expect(stage).toMatchObject({
		completed: 0,
		failed: 1,
		requestThroughput: 0,
		outputThroughput: 0,
	});
	expect(stage.ttftMs.p99).toBe(0);
});

test("token counts say where they come from", () => {
	const source = (...sources: ("usage" | "chunks")[]) =>
		summarize({
			load: closed,
			records: sources.map((outputTokensFrom) =>
				createRecord({ outputTokensFrom }),
			),
			durationMs: 1,
			goodput: null,
		}).outputTokensFrom;
	expect(source("usage", "usage")).toBe("usage");
	expect(source("chunks")).toBe("chunks");
	expect(source("chunks", "usage")).toBe("mixed");
});

test("the peak is the most requests in flight at one moment; one that follows another at once is not beside it", () => {
	const span = (startMs: number, e2eMs: number) => ({ startMs, e2eMs });
	expect(peakConcurrency([])).toBe(0);
	expect(peakConcurrency([span(0, 10), span(10, 5)])).toBe(1);
	expect(
		peakConcurrency([span(0, 10), span(5, 10), span(9, 1), span(20, 1)]),
	).toBe(3);
});

test("a request is good when it keeps every limit, the limit itself included", () => {
	const record = createRecord();
	expect(isGood(record, {})).toBe(true);
	expect(isGood(record, { ttft: 100, tpot: 100, e2el: 500 })).toBe(true);
	expect(isGood(record, { ttft: 99 })).toBe(false);
	expect(isGood(record, { tpot: 99 })).toBe(false);
	expect(isGood(record, { e2el: 499 })).toBe(false);
	expect(isGood(createRecord({ outputTokens: 1 }), { tpot: 1 })).toBe(true);
	expect(isGood(failed, {})).toBe(false);
});

test("goodput limits are read as vLLM's flag writes them", () => {
	expect(parseGoodput(["ttft:500", "e2el:2000.5"])).toEqual({
		ttft: 500,
		e2el: 2000.5,
	});
	for (const wrong of ["ttft", "ttft:", "itl:5", "tpot:-1", "tpot:fast"]) {
		expect(() => parseGoodput([wrong])).toThrow(/ttft:500/);
	}
});
