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
import { CallCounts } from "./call-counts.ts";
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
	readonly #counts: CallCounts;
	readonly #processRegistry = createMetricRegistry({});
	readonly #process: ProcessMetrics;

	constructor(parts: GatewayMetricsParts) {
		this.#parts = parts;
		this.#registry = createMetricRegistry({});
		this.#metrics = registerAll(this.#registry);
		this.#counts = new CallCounts(this.#metrics);
		this.#process = createProcessMetrics(this.#processRegistry);
		this.contentType = this.#registry.contentType;
		this.#metrics.buildInfo.set({ version: parts.version }, 1);
	}

	admit(call: ModelCall): Admission {
		const model = this.#parts.isKnown(call.model) ? call.model : "unknown";
		this.#counts.begin(model);
		return { settle: (outcome) => this.#settle(model, outcome) };
	}

	/** The gateway itself answered with an error. */
	refused(reason: ErrorCode): void {
		this.#metrics.refusals.inc({ reason });
	}

	/** Prometheus' text format. */
	async render(): Promise<string> {
		this.#counts.writeMetrics();
		this.#readStatus(this.#parts.status());
		this.#process.read();
		const parts = [this.#registry.render(), this.#processRegistry.render()];
		return `${(await Promise.all(parts)).join("\n\n")}\n`;
	}

	[Symbol.dispose](): void {
		this.#process[Symbol.dispose]();
	}

	#settle(model: string, outcome: CallOutcome): void {
		this.#counts.end(model, outcome);
		const { attempts, hedges, coldStartMs, target } = outcome;
		const metrics = this.#metrics;
		if (hedges > 0) metrics.hedges.inc({ model }, hedges);
		if (attempts > 1 + hedges)
			metrics.retries.inc({ model }, attempts - 1 - hedges);
		if (coldStartMs !== null)
			metrics.coldStartWait.observe(
				{ target: target?.name ?? "none" },
				coldStartMs / 1000,
			);
	}

	/** Replicas and services come and go: what isn't there any more must not stay. */
	#readStatus({ services, upstreams }: FleetStatus): void {
		const metrics = this.#metrics;
		for (const gauge of [
			metrics.replicas,
			metrics.replicaLimits,
			metrics.desiredReplicas,
			metrics.replicaState,
			metrics.replicaDeaths,
			metrics.outstandingTokens,
			metrics.replicaMemory,
			metrics.upstreamState,
		])
			gauge.reset();
		for (const { name: service, replicas, ...limits } of services) {
			metrics.replicaLimits.set({ service, limit: "min" }, limits.minReplicas);
			metrics.replicaLimits.set({ service, limit: "max" }, limits.maxReplicas);
			metrics.desiredReplicas.set({ service }, limits.desiredReplicas);
			for (const phase of phases) metrics.replicas.set({ service, phase }, 0);
			for (const replica of replicas) {
				metrics.replicas.inc({ service, phase: replica.phase });
				const labels = { service, replica: replica.id };
				metrics.replicaDeaths.set(labels, replica.deaths);
				metrics.outstandingTokens.set(labels, replica.outstandingTokens);
				for (const state of states)
					metrics.replicaState.set(
						{ ...labels, state },
						state === replica.answers.state ? 1 : 0,
					);
				if (replica.memoryBytes !== null)
					metrics.replicaMemory.set(labels, replica.memoryBytes);
			}
		}
		for (const { name: upstream, state } of upstreams)
			for (const one of states)
				metrics.upstreamState.set(
					{ upstream, state: one },
					one === state ? 1 : 0,
				);
	}
}

/** Those that every service shows, whether a replica is in it or not. */
const phases = ["ready", "starting", "unready", "restarting", "failed"];

const states = ["ok", "failing", "recovering"];

function registerAll(registry: ReturnType<typeof createMetricRegistry>) {
	const { counter, gauge, histogramFamily, labelledHistogram } = registry;
	return {
		requests: counter(rows.requests),
		running: gauge(rows.running),
		refusals: counter(rows.refusals),
		duration: histogramFamily(rows.duration),
		firstByte: histogramFamily(rows.firstByte),
		promptTokens: counter(rows.promptTokens),
		cachedTokens: counter(rows.cachedTokens),
		generationTokens: counter(rows.generationTokens),
		retries: counter(rows.retries),
		hedges: counter(rows.hedges),
		coldStartWait: labelledHistogram(rows.coldStartWait),
		replicas: gauge(rows.replicas),
		replicaLimits: gauge(rows.replicaLimits),
		desiredReplicas: gauge(rows.desiredReplicas),
		replicaState: gauge(rows.replicaState),
		replicaDeaths: gauge(rows.replicaDeaths),
		outstandingTokens: gauge(rows.outstandingTokens),
		replicaMemory: gauge(rows.replicaMemory),
		upstreamState: gauge(rows.upstreamState),
		buildInfo: gauge(rows.buildInfo),
	};
}
