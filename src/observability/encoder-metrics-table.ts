import { requestBuckets, stepTokenBuckets } from "./metric-buckets.ts";
import { type MetricRow, serviceMetrics } from "./metrics-table.ts";

const inputBuckets: readonly number[] = [
	...[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192],
];

/**
 * What an embedding or reranking service shows. Rows that mean the same are those of language services, with all their
 * names; an input counts as a request does there, as it does in vLLM's pooling models.
 */
export const encoderMetrics = {
	running: {
		...serviceMetrics.running,
		help: "Inputs (texts, or passages) that are being computed.",
	},
	waiting: {
		...serviceMetrics.waiting,
		help: "Inputs (texts, or passages) that wait to be computed.",
	},
	waitingTokens: {
		names: ["galley:num_tokens_waiting"],
		type: "gauge",
		help: "Tokens of the inputs that wait.",
	},
	promptTokens: {
		...serviceMetrics.promptTokens,
		help: "Tokens of the requests that were answered.",
	},
	inputs: {
		names: ["galley:encoder_inputs_total"],
		type: "counter",
		help: "Inputs (texts, or passages) of the requests that were answered.",
	},
	requestInputs: {
		names: ["galley:encoder_request_inputs"],
		type: "histogram",
		help: "Inputs of an answered request.",
		buckets: inputBuckets,
	},
	requestPromptTokens: {
		...serviceMetrics.requestPromptTokens,
		help: "Tokens of an answered request.",
	},
	endToEndLatency: {
		...serviceMetrics.endToEndLatency,
		help: "Seconds from a request's arrival until all its inputs are computed.",
	},
	batchDuration: {
		names: ["galley:encoder_batch_duration_seconds"],
		type: "histogram",
		help: "Seconds that the engine took for one batch of inputs.",
		buckets: requestBuckets,
	},
	batchInputs: {
		names: ["galley:encoder_batch_inputs"],
		type: "histogram",
		help: "Inputs computed in one batch.",
		buckets: inputBuckets,
	},
	batchTokens: {
		names: ["galley:encoder_batch_tokens"],
		type: "histogram",
		help: "Tokens computed in one batch, padding left out.",
		buckets: stepTokenBuckets,
	},
	paddingTokens: {
		names: ["galley:encoder_padding_tokens_total"],
		type: "counter",
		help: "Tokens computed for nothing, because the inputs of a batch differed in length.",
	},
	succeededRequests: {
		...serviceMetrics.succeededRequests,
		help: "Requests that were answered.",
	},
	finishedRequests: {
		...serviceMetrics.finishedRequests,
		help: "Requests that ended, by reason: stop (answered), abort or error.",
	},
	failedRequests: {
		...serviceMetrics.failedRequests,
		help: "Requests that ended otherwise than with an answer, by error code.",
	},
	rejectedRequests: serviceMetrics.rejectedRequests,
	engineRestarts: serviceMetrics.engineRestarts,
	engineResidentBytes: serviceMetrics.engineResidentBytes,
	ready: serviceMetrics.ready,
	buildInfo: serviceMetrics.buildInfo,
	httpRequests: serviceMetrics.httpRequests,
	httpDuration: serviceMetrics.httpDuration,
} as const satisfies Readonly<Record<string, MetricRow>>;
