import type { Logger } from "../../observability/logger.ts";
import {
	decideMemory,
	type MemoryClaim,
	type MemoryHolder,
} from "./decide-memory.ts";
import type { ReplicaSet } from "./replica-set.ts";

export interface MemoryKeeperParts {
	services: ReadonlyMap<string, ReplicaSet>;
	/** Null keeps no budget. */
	budgetBytes(): number | null;
	/** Measured, of a running replica. */
	memoryBytes(replica: string): number | null;
	/** What a replica of a service will take, before one has run. */
	guess(service: string): number | null;
	/** What replicas took when they ran last. */
	known: Map<string, number>;
	logger: Pick<Logger, "info" | "warn">;
}

/** Who is asked whether a service may start. */
export interface StartRoom {
	/** The service starts when there is memory; whoever waits for it waits on. */
	claim(service: string): void;
	/** Nobody waits for it any more. */
	giveUp(service: string): void;
	/** Why a service that was claimed doesn't start; null when it does. */
	obstacle(service: string): { message: string; isLasting: boolean } | null;
}

const lookMs = 100;
/** Of what nothing is known. */
const unknownBytes = 512 * 1024 ** 2;
/** A request that has just been let in isn't with its replica yet. */
const justUsedMs = 250;

/** Keeps the services that start on demand within the memory that there is. */
export class MemoryKeeper implements StartRoom {
	readonly #parts: MemoryKeeperParts;
	/** In the order of their first waiting request. */
	readonly #claims = new Set<string>();
	readonly #refused = new Map<string, string>();
	#timer: NodeJS.Timeout | null = null;

	constructor(parts: MemoryKeeperParts) {
		this.#parts = parts;
	}

	claim(service: string): void {
		this.#claims.add(service);
		this.#refused.delete(service);
		this.#timer ??= setInterval(() => this.look(), lookMs);
		this.look();
	}

	giveUp(service: string): void {
		this.#claims.delete(service);
	}

	obstacle(service: string): { message: string; isLasting: boolean } | null {
		const refusal = this.#refused.get(service);
		if (refusal !== undefined) return { message: refusal, isLasting: true };
		if (!this.#claims.has(service)) return null;
		return {
			message: "it waits for memory that other services use",
			isLasting: false,
		};
	}

	/** Whether so many more replicas of a service fit, with nobody having to go. */
	fits(service: string, replicas: number): boolean {
		const budget = this.#parts.budgetBytes();
		if (budget === null) return true;
		return (
			this.#claims.size === 0 &&
			this.usedBytes() + replicas * this.#estimate(service) <= budget
		);
	}

	/** Of all services, what starts by its estimate. */
	usedBytes(): number {
		return this.#holders().reduce((sum, { usedBytes }) => sum + usedBytes, 0);
	}

	/** Keeps in mind what ready replicas take. */
	learn(): void {
		const { services, known, memoryBytes } = this.#parts;
		for (const [name, { replicas }] of services)
			for (const { id, phase } of replicas) {
				const bytes = phase === "ready" ? memoryBytes(id) : null;
				if (bytes !== null) known.set(name, bytes);
			}
	}

	close(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
		this.#claims.clear();
	}

	/** Decides, and does it. */
	look(): void {
		const { services, budgetBytes, logger } = this.#parts;
		for (const name of this.#claims)
			if (services.get(name) === undefined) this.#claims.delete(name);
		if (this.#claims.size === 0) {
			if (this.#timer !== null) clearInterval(this.#timer);
			this.#timer = null;
			return;
		}
		const budget = budgetBytes() ?? Number.POSITIVE_INFINITY;
		const claims = [...this.#claims].map((name): MemoryClaim => {
			const atRest = services.get(name)?.atRest ?? 1;
			return { name, needBytes: atRest * this.#estimate(name) };
		});
		const { start, evict, refuse } = decideMemory(
			budget,
			this.#holders(),
			claims,
		);
		for (const name of refuse) {
			this.#claims.delete(name);
			const need = claims.find((claim) => claim.name === name)?.needBytes ?? 0;
			const message = `it needs about ${megabytes(need)} of memory, and gateway.memoryBudget of ${megabytes(budget)} has no place for it beside what always runs`;
			this.#refused.set(name, message);
			logger.warn({}, `${name} can't start: ${message}.`);
		}
		for (const name of evict) {
			logger.info({}, `${name} is idle, and goes for ${claims[0]?.name}.`);
			void services.get(name)?.rest();
		}
		for (const name of start) {
			this.#claims.delete(name);
			services.get(name)?.start();
		}
	}

	#holders(): MemoryHolder[] {
		const now = performance.now();
		return [...this.#parts.services].map(([name, set]) => {
			const running = set.replicas
				.filter(({ phase }) => phase !== "stopped" && phase !== "failed")
				.map(({ id, phase }) => this.#bytesOf(name, id, phase === "ready"));
			const leavingBytes = set.leaving * this.#estimate(name);
			return {
				name,
				usedBytes: running.reduce((sum, bytes) => sum + bytes, leavingBytes),
				leavingBytes,
				isIdle: set.isIdle && now - set.lastUsedAt > justUsedMs,
				startsOnDemand: set.startsOnDemand,
				lastUsedAt: set.lastUsedAt,
			};
		});
	}

	/** What still loads will take more than it has now. */
	#bytesOf(service: string, replica: string, isReady: boolean): number {
		const measured = this.#parts.memoryBytes(replica);
		if (measured === null) return this.#estimate(service);
		return isReady ? measured : Math.max(measured, this.#estimate(service));
	}

	#estimate(service: string): number {
		const { known, guess } = this.#parts;
		return known.get(service) ?? guess(service) ?? unknownBytes;
	}
}

function megabytes(bytes: number): string {
	return `${Math.round(bytes / 1e6).toLocaleString("en-US")} MB`;
}
