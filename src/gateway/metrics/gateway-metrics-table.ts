import {
	firstTokenBuckets,
	requestBuckets,
} from "../../observability/metric-buckets.ts";
import type { MetricRow } from "../../observability/metrics-table.ts";

type Names = MetricRow["names"];
const own = (name: string): Names => [`galley:gateway_${name}`];

/**
 * Every metric of the gateway, in one table. `model` is a name that the fleet serves, `unknown` for all others; `target` a service
 * or an upstream; so the sets of labels are bounded by the fleet file, whatever clients send.
 */
export const gatewayMetrics = {
	requests: {
		names: own("requests_total"),
		type: "counter",
		help: "Requests for models, by how they ended: answered, left (by the client), broken (in the middle of the answer) or refused.",
		labels: ["model", "target", "kind", "status"],
	},
	running: {
		names: own("requests_running"),
		type: "gauge",
		help: "Requests for models that have not ended.",
		labels: ["model"],
	},
	refusals: {
		names: own("refusals_total"),
		type: "counter",
		help: "Requests that the gateway itself answered with an error, by its code.",
		labels: ["reason"],
	},
	duration: {
		names: own("request_duration_seconds"),
		type: "histogram",
		help: "Seconds from a request's arrival to the end of its answer.",
		labels: ["model"],
		buckets: requestBuckets,
	},
	firstByte: {
		names: own("time_to_first_byte_seconds"),
		type: "histogram",
		help: "Seconds from a request's arrival to the first byte of its answer's body.",
		labels: ["model"],
		buckets: firstTokenBuckets,
	},
	promptTokens: {
		names: own("prompt_tokens_total"),
		type: "counter",
		help: "Prompt tokens of the answered requests.",
		labels: ["model", "target"],
	},
	cachedTokens: {
		names: own("cached_tokens_total"),
		type: "counter",
		help: "Prompt tokens that were not computed again.",
		labels: ["model", "target"],
	},
	generationTokens: {
		names: own("generation_tokens_total"),
		type: "counter",
		help: "Tokens generated.",
		labels: ["model", "target"],
	},
	retries: {
		names: own("retries_total"),
		type: "counter",
		help: "Attempts after a request's first: other replicas, other targets, or the same one again.",
		labels: ["model"],
	},
	hedges: {
		names: own("hedges_total"),
		type: "counter",
		help: "Second replicas that were asked beside the first, because it took long.",
		labels: ["model"],
	},
	coldStartWait: {
		names: own("cold_start_wait_seconds"),
		type: "histogram",
		help: "Seconds that a request waited for a service that was not ready.",
		labels: ["target"],
		buckets: requestBuckets,
	},
	replicas: {
		names: own("replicas"),
		type: "gauge",
		help: "Replicas of a service, by phase.",
		labels: ["service", "phase"],
	},
	replicaLimits: {
		names: own("replica_limits"),
		type: "gauge",
		help: "Between how many replicas a service is scaled: min and max.",
		labels: ["service", "limit"],
	},
	desiredReplicas: {
		names: own("desired_replicas"),
		type: "gauge",
		help: "As many replicas of a service as the load, the fleet file or somebody asks for.",
		labels: ["service"],
	},
	replicaState: {
		names: own("replica_state"),
		type: "gauge",
		help: "What the circuit breaker thinks of a replica: ok, failing or recovering. 1 for the state that it is in, else 0.",
		labels: ["service", "replica", "state"],
	},
	replicaDeaths: {
		names: own("replica_deaths"),
		type: "gauge",
		help: "How often a replica's process died by itself.",
		labels: ["service", "replica"],
	},
	outstandingTokens: {
		names: own("outstanding_tokens"),
		type: "gauge",
		help: "Tokens of requests that a replica has not answered, as far as the gateway can tell.",
		labels: ["service", "replica"],
	},
	replicaMemory: {
		names: own("replica_memory_bytes"),
		type: "gauge",
		help: "Memory of a replica's processes, where it was measured.",
		labels: ["service", "replica"],
	},
	upstreamState: {
		names: own("upstream_state"),
		type: "gauge",
		help: "What the circuit breaker thinks of an upstream: ok, failing or recovering. 1 for the state that it is in, else 0.",
		labels: ["upstream", "state"],
	},
	buildInfo: {
		names: own("build_info"),
		type: "gauge",
		help: "Galley's version. Always 1.",
		labels: ["version"],
	},
} as const satisfies Readonly<Record<string, MetricRow>>;
