import {
	firstTokenBuckets,
	grammarCompileBuckets,
	httpBuckets,
	perTokenBuckets,
	requestBuckets,
	requestTokenBuckets,
	stepSecondsBuckets,
	stepTokenBuckets,
} from "./metric-buckets.ts";

/**
 * Every metric of a service, in one table. `names` are all names it is exposed under, the first one being the one it is
 * recorded as:
 *
 *     galley:x   Galley's own family, complete
 *     vllm:x     vLLM's, for its dashboards, for autoscalers and for the Gateway API Inference Extension
 *     x          NIM 1.x's, for its dashboards and operators; and the process metrics that all exporters share
 *
 * Names and buckets of the second and third family are those of vLLM's and NIM's documentation.
 */
export interface MetricRow {
	names: readonly [string, ...string[]];
	type: "counter" | "gauge" | "histogram";
	help: string;
	/** Besides `model_name`. */
	labels?: readonly string[];
	/** Upper bounds, ascending. */
	buckets?: readonly number[];
}

type Names = MetricRow["names"];
const own = (name: string): Names => [`galley:${name}`];
const withVllm = (name: string): Names => [`galley:${name}`, `vllm:${name}`];
const withNim = (name: string, nimName: string = name): Names => [
	`galley:${name}`,
	nimName,
];
const withBoth = (name: string, nimName: string = name): Names => [
	`galley:${name}`,
	`vllm:${name}`,
	nimName,
];

/** Labelled with `model_name`. */
export const serviceMetrics = {
	running: {
		names: withBoth("num_requests_running"),
		type: "gauge",
		help: "Requests that are being computed.",
	},
	waiting: {
		names: withBoth("num_requests_waiting"),
		type: "gauge",
		help: "Requests that wait to be computed.",
	},
	waitingByReason: {
		names: own("num_requests_waiting_by_reason"),
		type: "gauge",
		help: "Sequences that wait in the engine, by what they wait for: a slot, memory, or a prefix that another one is computing.",
		labels: ["reason"],
	},
	waitingByCapacity: {
		// vLLM's two reasons: no slot or memory is free, or something else has to happen first.
		names: ["vllm:num_requests_waiting_by_reason"],
		type: "gauge",
		help: "Sequences that wait in the engine: for capacity (slot, memory), or deferred (prefix).",
		labels: ["reason"],
	},
	maxSequences: {
		names: withNim("num_request_max"),
		type: "gauge",
		help: "Requests that can be computed at once.",
	},
	kvCacheUsage: {
		names: withBoth("kv_cache_usage_perc", "gpu_cache_usage_perc"),
		type: "gauge",
		help: "Share of the KV cache that running sequences use, 0 to 1.",
	},
	kvCells: {
		names: own("kv_cells"),
		type: "gauge",
		help: "Tokens that the KV cache has room for.",
	},
	kvLayout: {
		names: own("kv_layout_info"),
		type: "gauge",
		help: "The KV cache's layout now: unified or streams. Always 1.",
		labels: ["layout"],
	},
	retainedTokens: {
		names: own("kv_retained_tokens"),
		type: "gauge",
		help: "Tokens of ended sequences kept in the KV cache for the next ones.",
	},
	savedTokens: {
		names: own("kv_saved_tokens"),
		type: "gauge",
		help: "Tokens whose state is saved outside the KV cache, in host memory or on disk.",
	},
	tokensEvicted: {
		names: own("kv_tokens_evicted_total"),
		type: "counter",
		help: "Tokens of ended sequences that gave up their place in the KV cache.",
	},
	tokensSaved: {
		names: own("kv_tokens_saved_total"),
		type: "counter",
		help: "Tokens whose state was saved outside the KV cache.",
	},
	tokensRestored: {
		names: own("kv_tokens_restored_total"),
		type: "counter",
		help: "Tokens whose saved state was put back into the KV cache instead of being computed again.",
	},
	prefixCacheQueries: {
		names: withVllm("prefix_cache_queries_total"),
		type: "counter",
		help: "Prompt tokens looked for in the prefix cache.",
	},
	prefixCacheHits: {
		names: [
			...withVllm("prefix_cache_hits_total"),
			"vllm:prompt_tokens_cached_total",
		],
		type: "counter",
		help: "Prompt tokens found in the prefix cache, not computed again.",
	},
	promptTokensBySource: {
		names: withVllm("prompt_tokens_by_source_total"),
		type: "counter",
		help: "Prompt tokens of started sequences: to be computed (local_compute) or found in the prefix cache (local_cache_hit).",
		labels: ["source"],
	},
	promptTokens: {
		names: withBoth("prompt_tokens_total"),
		type: "counter",
		help: "Prompt tokens of the requests that were accepted.",
	},
	generationTokens: {
		names: withBoth("generation_tokens_total"),
		type: "counter",
		help: "Tokens generated.",
	},
	timeToFirstToken: {
		names: withBoth("time_to_first_token_seconds"),
		type: "histogram",
		help: "Seconds from a request's arrival to its first token.",
		buckets: firstTokenBuckets,
	},
	interTokenLatency: {
		names: withVllm("inter_token_latency_seconds"),
		type: "histogram",
		help: "Seconds between two tokens of a choice.",
		buckets: perTokenBuckets,
	},
	timePerOutputToken: {
		names: withBoth("time_per_output_token_seconds"),
		type: "histogram",
		help: "Seconds a token of a request on average, its first token left out.",
		buckets: perTokenBuckets,
	},
	endToEndLatency: {
		names: withBoth("e2e_request_latency_seconds"),
		type: "histogram",
		help: "Seconds from a request's arrival to its end.",
		buckets: requestBuckets,
	},
	queueTime: {
		names: withVllm("request_queue_time_seconds"),
		type: "histogram",
		help: "Seconds that a request waited before it was computed.",
		buckets: requestBuckets,
	},
	prefillTime: {
		names: withVllm("request_prefill_time_seconds"),
		type: "histogram",
		help: "Seconds from a request's first step to its first token.",
		buckets: requestBuckets,
	},
	decodeTime: {
		names: withVllm("request_decode_time_seconds"),
		type: "histogram",
		help: "Seconds from a request's first token to its end.",
		buckets: requestBuckets,
	},
	inferenceTime: {
		names: withVllm("request_inference_time_seconds"),
		type: "histogram",
		help: "Seconds from a request's first step to its end.",
		buckets: requestBuckets,
	},
	requestPromptTokens: {
		names: withBoth("request_prompt_tokens"),
		type: "histogram",
		help: "Prompt tokens of a finished request.",
		buckets: requestTokenBuckets,
	},
	requestGenerationTokens: {
		names: withBoth("request_generation_tokens"),
		type: "histogram",
		help: "Tokens generated for a finished request.",
		buckets: requestTokenBuckets,
	},
	finishedRequests: {
		names: [...withVllm("request_success_total"), "request_finish_total"],
		type: "counter",
		help: "Requests that ended, by reason: stop, length, abort or error.",
		labels: ["finished_reason"],
	},
	succeededRequests: {
		// In NIM's family this name has no reason and counts stop and length alone.
		names: ["request_success_total"],
		type: "counter",
		help: "Requests that ended with stop or length.",
	},
	failedRequests: {
		names: withNim("request_failure_total"),
		type: "counter",
		help: "Requests that ended otherwise than with stop or length, by error code.",
		labels: ["code"],
	},
	rejectedRequests: {
		names: own("requests_rejected_total"),
		type: "counter",
		help: "Requests turned away before they were computed, by error code.",
		labels: ["reason"],
	},
	preemptions: {
		names: withVllm("num_preemptions_total"),
		type: "counter",
		help: "Sequences that gave their place up and were computed again later.",
	},
	stepDuration: {
		names: own("step_duration_seconds"),
		type: "histogram",
		help: "Seconds that one engine step took.",
		buckets: stepSecondsBuckets,
	},
	stepTokens: {
		names: withVllm("iteration_tokens_total"),
		type: "histogram",
		help: "Tokens computed in one engine step: prefill, decode and drafted ones together.",
		buckets: stepTokenBuckets,
	},
	stepPrefillTokens: {
		names: own("prefill_tokens_computed_total"),
		type: "counter",
		help: "Tokens computed as prefill: those found in the prefix cache left out, those computed again after a preemption counted again.",
	},
	stepDecodeTokens: {
		names: own("decode_tokens_computed_total"),
		type: "counter",
		help: "Tokens computed as decode: one a decoding sequence and step, drafted ones left out.",
	},
	draftedTokens: {
		names: withVllm("spec_decode_num_draft_tokens_total"),
		type: "counter",
		help: "Tokens guessed by speculation and computed beside the decoding ones.",
	},
	acceptedTokens: {
		names: withVllm("spec_decode_num_accepted_tokens_total"),
		type: "counter",
		help: "Guessed tokens that were right.",
	},
	constraintSeconds: {
		names: own("constrained_decoding_seconds_total"),
		type: "counter",
		help: "Time that the engine process spent on what constrained outputs may go on with; most of it passes while the engine computes.",
	},
	constrainedTokens: {
		names: own("constrained_tokens_total"),
		type: "counter",
		help: "Tokens that were chosen under a constraint.",
	},
	grammarCompileTime: {
		names: own("grammar_compile_seconds"),
		type: "histogram",
		help: "Seconds that it took to compile a constraint that was not in the cache, the wait for its turn included.",
		buckets: grammarCompileBuckets,
	},
	grammarCompilations: {
		names: own("grammar_compilations_total"),
		type: "counter",
		help: "Constraints of requests, by how they were had: from the cache (hit), compiled (miss), together with another request (joined), or refused (error).",
		labels: ["result"],
	},
	targetItl: {
		names: own("target_itl_seconds"),
		type: "gauge",
		help: "Seconds that a step may take while a sequence decodes; 0 while it is not known.",
	},
	engineRestarts: {
		names: own("engine_restarts_total"),
		type: "counter",
		help: "Times that the engine process was started again after it died.",
	},
	ready: {
		names: own("ready"),
		type: "gauge",
		help: "1 while the model answers, else 0.",
	},
	cacheConfig: {
		names: withVllm("cache_config_info"),
		type: "gauge",
		help: "The KV cache: tokens a block and number of blocks. Always 1.",
		labels: ["block_size", "num_gpu_blocks"],
	},
	loraRequests: {
		names: withVllm("lora_requests_info"),
		type: "gauge",
		help: "Adapters whose requests run and wait; the value is the time of the scrape.",
		labels: ["max_lora", "running_lora_adapters", "waiting_lora_adapters"],
	},
	buildInfo: {
		names: own("build_info"),
		type: "gauge",
		help: "Galley's version. Always 1.",
		labels: ["version"],
	},
	httpRequests: {
		names: own("http_requests_total"),
		type: "counter",
		help: "HTTP requests answered.",
		labels: ["method", "route", "status"],
	},
	httpDuration: {
		names: own("http_request_duration_seconds"),
		type: "histogram",
		help: "Seconds from an HTTP request's arrival to the end of its answer.",
		labels: ["method", "route"],
		buckets: httpBuckets,
	},
	engineResidentBytes: {
		names: own("engine_resident_memory_bytes"),
		type: "gauge",
		help: "Resident memory of the engine process; 0 while there is none.",
	},
} as const satisfies Readonly<Record<string, MetricRow>>;

/** Without `model_name`, under the names that Prometheus client libraries share. They are the HTTP process's. */
export const processMetrics = {
	residentBytes: {
		names: ["process_resident_memory_bytes"],
		type: "gauge",
		help: "Resident memory of the HTTP process.",
	},
	heapBytes: {
		names: ["nodejs_heap_size_used_bytes"],
		type: "gauge",
		help: "JavaScript heap in use.",
	},
	cpuSeconds: {
		names: ["process_cpu_seconds_total"],
		type: "counter",
		help: "Seconds of processor time, user and system.",
	},
	startTime: {
		names: ["process_start_time_seconds"],
		type: "gauge",
		help: "Unix time at which the process started.",
	},
	eventLoopLagMean: {
		names: ["nodejs_eventloop_lag_mean_seconds"],
		type: "gauge",
		help: "Mean delay of the event loop since the last scrape.",
	},
	eventLoopLagP99: {
		names: ["nodejs_eventloop_lag_p99_seconds"],
		type: "gauge",
		help: "99th percentile of the delay of the event loop since the last scrape.",
	},
	eventLoopLagMax: {
		names: ["nodejs_eventloop_lag_max_seconds"],
		type: "gauge",
		help: "Longest delay of the event loop since the last scrape.",
	},
} as const satisfies Readonly<Record<string, MetricRow>>;

export const allMetricRows: readonly MetricRow[] = [
	...Object.values(serviceMetrics),
	...Object.values(processMetrics),
];
