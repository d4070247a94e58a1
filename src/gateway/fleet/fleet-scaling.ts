import { join } from "node:path";
import type { Logger } from "../../observability/logger.ts";
import { Autoscaler } from "../autoscale/autoscaler.ts";
import { autoscaleRoutes } from "../http/autoscale-routes.ts";
import { liveRoutes } from "../http/live-routes.ts";
import type { OwnRoute } from "../http/own-route.ts";
import { MemoryKeeper } from "../replicas/memory-keeper.ts";
import { ReplicaMetrics } from "../replicas/replica-metrics.ts";
import type { ReplicaSet } from "../replicas/replica-set.ts";
import type { Fleet } from "./fleet-file.ts";
import type { FleetServices } from "./fleet-services.ts";
import { KnownMemory, memoryBudgetBytes } from "./memory-settings.ts";

export interface FleetScalingParts {
	/** As it is now: its fields are replaced when the fleet changes. */
	fleet: Fleet;
	sets: ReadonlyMap<string, ReplicaSet>;
	services: Pick<FleetServices, "scale" | "isBusy">;
	/** What the services took last is kept here. */
	directory: string;
	/** What a replica of a model will take, before one has run; null where nobody knows. */
	estimateMemory(model: string): number | null;
	logger: Pick<Logger, "info" | "warn">;
}

const saveMs = 30_000;

/** How the replicas do, how many there are, and what memory they may have. */
export class FleetScaling {
	readonly metrics: ReplicaMetrics;
	readonly room: MemoryKeeper;
	readonly #autoscaler: Autoscaler;
	readonly #parts: FleetScalingParts;
	readonly #known: KnownMemory;
	#savedAt = 0;

	constructor(parts: FleetScalingParts) {
		const { fleet, sets, services, logger } = parts;
		this.#parts = parts;
		this.#known = new KnownMemory(join(parts.directory, "memory-of-services"));
		this.metrics = new ReplicaMetrics({
			services: sets,
			onRound: () => this.#learn(),
		});
		this.room = new MemoryKeeper({
			services: sets,
			budgetBytes: () => this.#budgetBytes(),
			memoryBytes: (replica) => this.metrics.memoryBytes(replica),
			guess: (name) => this.#guess(name),
			known: this.#known.bytes,
			logger,
		});
		this.#autoscaler = new Autoscaler({
			services: () => fleet.services,
			sets,
			metrics: this.metrics,
			scale: (name, replicas) => services.scale(name, replicas),
			isBusy: (name) => services.isBusy(name),
			fits: (name, replicas) => this.room.fits(name, replicas),
			logger,
		});
	}

	get routes(): OwnRoute[] {
		const { metrics } = this;
		return [
			...autoscaleRoutes(() => this.#autoscaler.status()),
			...liveRoutes({ services: this.#parts.sets, metrics }),
		];
	}

	memory(): { budgetBytes: number | null; usedBytes: number } {
		return {
			budgetBytes: this.#budgetBytes(),
			usedBytes: this.room.usedBytes(),
		};
	}

	/** Null for a service whose number of replicas is given. */
	desiredReplicas(service: string): number | null {
		return this.#autoscaler.desired(service);
	}

	start(): void {
		this.metrics.start();
		this.#autoscaler.start();
	}

	close(): void {
		this.#autoscaler.close();
		this.metrics.close();
		this.room.close();
	}

	#budgetBytes(): number | null {
		return memoryBudgetBytes(this.#parts.fleet.gateway.memoryBudget);
	}

	#guess(name: string): number | null {
		const { fleet, estimateMemory } = this.#parts;
		const service = fleet.services.find((one) => one.name === name);
		return service === undefined
			? null
			: estimateMemory(service.model ?? service.name);
	}

	#learn(): void {
		this.room.learn();
		const now = performance.now();
		if (now - this.#savedAt < saveMs) return;
		this.#savedAt = now;
		this.#known.save().catch((error: unknown) => {
			this.#parts.logger.warn(
				{ error },
				"What the services took of memory could not be written down.",
			);
		});
	}
}
