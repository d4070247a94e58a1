import type { ErrorCode } from "../core/errors.ts";
import type { ServiceMetrics } from "../observability/service-metrics.ts";
import { traceGeneration } from "../observability/tracing/trace-generation.ts";
import type { Tracing } from "../observability/tracing/tracing.ts";
import type { StepReport } from "./engine-protocol.ts";
import type { LiveRequest } from "./live-request.ts";

/** What a request and a step tell the metrics. Times are monotonic milliseconds. */

/** Before the requests have heard of the step: those that it ends must still be known. */
export function observeStep(
	metrics: ServiceMetrics,
	{ statistics, started, tokens }: StepReport,
	requests: ReadonlyMap<number, Pick<LiveRequest, "request">>,
): void {
	metrics.step(statistics);
	metrics.tokensGenerated(tokens.length / 3);
	for (const { number, cachedTokens } of started) {
		const live = requests.get(number);
		if (live === undefined) continue;
		metrics.sequenceStarted(live.request.promptTokens.length, cachedTokens);
	}
}

const noChoice = Object.freeze({ lastTokenAt: 0, hasEnded: true });

/**
 * Before the request itself has heard of the token. Where guesses came true, a step brings a choice several tokens at once:
 * as in vLLM, they are one observation of inter-token latency, the gap that a reader of the stream sees.
 */
export function observeToken(
	metrics: ServiceMetrics,
	live: LiveRequest,
	choice: number,
	now: number,
): void {
	const { arrivedAt, firstTokenAt } = live.times;
	if (firstTokenAt === null) metrics.firstToken((now - arrivedAt) / 1000);
	const { lastTokenAt, hasEnded } = live.choices[choice] ?? noChoice;
	if (hasEnded) return;
	if (lastTokenAt > 0 && now > lastTokenAt)
		metrics.interToken((now - lastTokenAt) / 1000);
}

export function observeFinish(
	metrics: ServiceMetrics,
	live: LiveRequest,
	now: number,
): void {
	const { arrivedAt, queueSeconds, firstTokenAt } = live.times;
	const decodeSeconds = firstTokenAt === null ? 0 : (now - firstTokenAt) / 1000;
	const untilFirstToken = ((firstTokenAt ?? now) - arrivedAt) / 1000;
	// As vLLM defines it, the first token of each choice is left out.
	const gaps = live.completionTokens - live.choices.length;
	metrics.requestFinished({
		finishReason: live.finishReason,
		endToEndSeconds: (now - arrivedAt) / 1000,
		queueSeconds,
		prefillSeconds: Math.max(0, untilFirstToken - queueSeconds),
		decodeSeconds,
		timePerOutputTokenSeconds:
			gaps > 0 ? (decodeSeconds * live.choices.length) / gaps : null,
		promptTokens: live.request.promptTokens.length,
		completionTokens: live.completionTokens,
	});
}

export interface RequestObservers {
	metrics: ServiceMetrics;
	/** Left out: nothing is traced. */
	tracing?: Tracing | undefined;
}

/** After the last token, or the failure: `errorCode` is null where it finished. */
export function observeEnd(
	{ metrics, tracing }: RequestObservers,
	live: LiveRequest,
	errorCode: ErrorCode | null,
	now: number,
): void {
	if (errorCode === null) observeFinish(metrics, live, now);
	else metrics.requestFailed(errorCode);
	if (tracing === undefined || !tracing.isOn) return;
	traceGeneration(tracing, {
		request: live.request,
		...live.times,
		endedAt: now,
		cachedTokens: live.cachedTokens,
		completionTokens: live.completionTokens,
		finishReason: errorCode === null ? live.finishReason : null,
		errorCode,
	});
}
