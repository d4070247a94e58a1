import type { ErrorCode } from "../../core/errors.ts";
import { createMetricRegistry } from "../../observability/metric-registry.ts";
import {
	createProcessMetrics,
	type ProcessMetrics,
} from "../../observability/process-metrics.ts";
import type { FleetStatus } from "../fleet/fleet-status.ts";
import type {
	Admission,
	CallOutcome,
	ModelCall,
	RequestPolicy,
} from "../policy/model-call.ts";
import { gatewayMetrics as rows } from "./gateway-metrics-table.ts";

export interface GatewayMetricsParts {
	version: string;
	/** Whether a model's name may become a label: the fleet serves it. */
	isKnown(model: string): boolean;
	/** Read at each scrape. */
	status(): FleetStatus;
}

/** Counts what passes the gateway, and tells how its fleet does. */
export class GatewayMetrics implements RequestPolicy, Disposable {
	readonly contentType: string;
	readonly #parts: GatewayMetricsParts;
	readonly #registry: ReturnType<typeof createMetricRegistry>;
	readonly #metrics: ReturnType<typeof registerAll>;
	readonly #processRegistry = createMetricRegistry({});
	readonly #process: ProcessMetrics;

	constructor(parts: GatewayMetricsParts) {
		this.#parts = parts;
		this.#registry = createMetricRegistry({});
		this.#metrics = registerAll(this.#registry);
		this.#process = createProcessMetrics(this.#processRegistry);
		this.contentType = this.#registry.contentType;
		this.#metrics.buildInfo.set({ version: parts.version }, 1);
	}

	admit(call: ModelCall): Admission {
		const model = this.#parts.isKnown(call.model) ? call.model : "unknown";
		this.#metrics.running.inc({ model });
		return { settle: (outcome) => this.#settle(model, outcome) };
	}

	/** The gateway itself answered with an error. */
	refused(reason: ErrorCode): void {
		this.#metrics.refusals.inc({ reason });
	}

	/** Prometheus' text format. */
	async render(): Promise<string> {
		this.#readStatus(this.#parts.status());
		this.#process.read();
		const parts = [this.#registry.render(), this.#processRegistry.render()];
		return `${(await Promise.all(parts)).join("\n\n")}\n`;
	}

	[Symbol.dispose](): void {
		this.#process[Symbol.dispose]();
	}

	#settle(model: string, outcome: CallOutcome): void {
		const { kind, status, usage, firstByteMs, ms } = outcome;
		const { attempts, coldStartMs } = outcome;
		const metrics = this.#metrics;
		const target = outcome.target?.name ?? "none";
		metrics.running.dec({ model });
		metrics.requests.inc({ model, target, kind, status: String(status) });
		metrics.duration.observe({ model }, ms / 1000);
		if (firstByteMs !== null)
			metrics.firstByte.observe({ model }, firstByteMs / 1000);
		if (attempts > 1) metrics.retries.inc({ model }, attempts - 1);
		if (coldStartMs !== null)
			metrics.coldStartWait.observe({ target }, coldStartMs / 1000);
		if (usage === null) return;
		const labels = { model, target };
		metrics.promptTokens.inc(labels, usage.promptTokens);
		metrics.cachedTokens.inc(labels, usage.cachedTokens);
		metrics.generationTokens.inc(labels, usage.completionTokens);
	}

	/** Replicas and services come and go: what isn't there any more must not stay. */
	#readStatus({ services, upstreams }: FleetStatus): void {
		const metrics = this.#metrics;
		for (const gauge of [
			metrics.replicas,
			metrics.replicaLimits,
			metrics.replicaDeaths,
			metrics.outstandingTokens,
			metrics.replicaMemory,
			metrics.upstreamState,
		])
			gauge.reset();
		for (const { name: service, replicas, ...limits } of services) {
			metrics.replicaLimits.set({ service, limit: "min" }, limits.minReplicas);
			metrics.replicaLimits.set({ service, limit: "max" }, limits.maxReplicas);
			for (const phase of phases) metrics.replicas.set({ service, phase }, 0);
			for (const replica of replicas) {
				metrics.replicas.inc({ service, phase: replica.phase });
				const labels = { service, replica: replica.id };
				metrics.replicaDeaths.set(labels, replica.deaths);
				metrics.outstandingTokens.set(labels, replica.outstandingTokens);
				if (replica.memoryBytes !== null)
					metrics.replicaMemory.set(labels, replica.memoryBytes);
			}
		}
		for (const { name: upstream, state } of upstreams)
			for (const one of ["ok", "failing", "recovering"])
				metrics.upstreamState.set(
					{ upstream, state: one },
					one === state ? 1 : 0,
				);
	}
}

/** Those that every service shows, whether a replica is in it or not. */
const phases = ["ready", "starting", "unready", "restarting", "failed"];

function registerAll(registry: ReturnType<typeof createMetricRegistry>) {
	const { counter, gauge, labelledHistogram } = registry;
	return {
		requests: counter(rows.requests),
		running: gauge(rows.running),
		refusals: counter(rows.refusals),
		duration: labelledHistogram(rows.duration),
		firstByte: labelledHistogram(rows.firstByte),
		promptTokens: counter(rows.promptTokens),
		cachedTokens: counter(rows.cachedTokens),
		generationTokens: counter(rows.generationTokens),
		retries: counter(rows.retries),
		coldStartWait: labelledHistogram(rows.coldStartWait),
		replicas: gauge(rows.replicas),
		replicaLimits: gauge(rows.replicaLimits),
		replicaDeaths: gauge(rows.replicaDeaths),
		outstandingTokens: gauge(rows.outstandingTokens),
		replicaMemory: gauge(rows.replicaMemory),
		upstreamState: gauge(rows.upstreamState),
		buildInfo: gauge(rows.buildInfo),
	};
}
