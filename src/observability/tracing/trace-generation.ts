import type { GenerationRequest } from "../../core/generation-request.ts";
import type { FinishReason } from "../../core/stream-event.ts";
import { traceAttributes as names } from "./trace-attributes.ts";
import type { Tracing } from "./tracing.ts";

/** One request's way through the engine, told when it is over. Times are monotonic milliseconds. */
export interface TracedGeneration {
	request: GenerationRequest;
	arrivedAt: number;
	queueSeconds: number;
	/** Null when it never came to be computed. */
	startedAt: number | null;
	firstTokenAt: number | null;
	endedAt: number;
	cachedTokens: number;
	completionTokens: number;
	/** How it ended: one of the two. */
	finishReason: FinishReason | null;
	errorCode: string | null;
}

/**
 * A span for the generation and one for each of its stages. They are made when it is over, from the times that the metrics
 * know too: while tokens flow nothing is traced.
 *
 *     generate   [arrivedAt                                      endedAt]
 *     queue      [arrivedAt   beganAt]
 *     prefill                [beganAt   firstTokenAt]
 *     decode                            [firstTokenAt            endedAt]
 */
export function traceGeneration(
	tracing: Tracing,
	live: TracedGeneration,
): void {
	const { request, arrivedAt, firstTokenAt, endedAt } = live;
	const { trace: parent = null, stop, sampling } = request;
	if (!tracing.isOn || parent === null) return;
	const beganAt =
		live.startedAt === null
			? endedAt
			: Math.min(arrivedAt + live.queueSeconds * 1000, firstTokenAt ?? endedAt);
	const gaps = live.completionTokens - request.choices;
	const decodeMs = firstTokenAt === null ? 0 : endedAt - firstTokenAt;
	const span = tracing.startSpan(`generate ${request.model}`, {
		kind: "internal",
		parent,
		startedAt: arrivedAt,
		attributes: {
			[names.provider]: "galley",
			[names.requestModel]: request.model,
			[names.choices]: request.choices,
			[names.maxTokens]: stop.maxTokens ?? undefined,
			[names.temperature]: sampling.temperature,
			[names.topP]: sampling.topP,
			[names.inputTokens]: request.promptTokens.length,
			[names.cachedTokens]: live.cachedTokens,
			[names.outputTokens]: live.completionTokens,
			[names.finishReasons]:
				live.finishReason === null ? undefined : [live.finishReason],
			[names.timeToFirstToken]:
				firstTokenAt === null ? undefined : (firstTokenAt - arrivedAt) / 1000,
			[names.timePerOutputToken]:
				gaps > 0 ? (decodeMs * request.choices) / gaps / 1000 : undefined,
			[names.requestDuration]: (endedAt - arrivedAt) / 1000,
			[names.queueSeconds]: (beganAt - arrivedAt) / 1000,
			[names.prefillSeconds]:
				firstTokenAt === null ? undefined : (firstTokenAt - beganAt) / 1000,
			[names.decodeSeconds]:
				firstTokenAt === null ? undefined : decodeMs / 1000,
		},
	});
	const stage = (name: string, startedAt: number, stageEnd: number) =>
		tracing
			.startSpan(name, { kind: "internal", parent: span.context, startedAt })
			.end(stageEnd);
	stage("queue", arrivedAt, beganAt);
	if (live.startedAt !== null)
		stage("prefill", beganAt, firstTokenAt ?? endedAt);
	if (firstTokenAt !== null) stage("decode", firstTokenAt, endedAt);
	if (live.errorCode !== null) span.fail(live.errorCode);
	span.end(endedAt);
}
