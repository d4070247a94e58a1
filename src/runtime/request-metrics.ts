import type { ServiceMetrics } from "../observability/service-metrics.ts";
import type { StepReport } from "./engine-protocol.ts";
import type { LiveRequest } from "./live-request.ts";

/** What a request and a step tell the metrics. Times are monotonic milliseconds. */

export function observeStep(
	metrics: ServiceMetrics,
	{ statistics, tokens }: StepReport,
): void {
	metrics.step(statistics);
	metrics.tokensGenerated(tokens.length / 3);
	for (let count = 0; count < statistics.preemptions; count++)
		metrics.sequencePreempted();
}

/** Before the request itself has heard of the token. */
export function observeToken(
	metrics: ServiceMetrics,
	live: LiveRequest,
	choice: number,
	now: number,
): void {
	const { arrivedAt, firstTokenAt } = live.times;
	if (firstTokenAt === null) metrics.firstToken((now - arrivedAt) / 1000);
	const lastTokenAt = live.choices[choice]?.lastTokenAt ?? 0;
	if (lastTokenAt > 0) metrics.interToken((now - lastTokenAt) / 1000);
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
		cachedTokens: live.cachedTokens,
		completionTokens: live.completionTokens,
	});
}
