import type { Logger } from "../../observability/logger.ts";
import type { FleetService } from "../fleet/fleet-file.ts";
import { scaleBounds } from "../fleet/scale-bounds.ts";
import type { ReplicaMetrics } from "../replicas/replica-metrics.ts";
import type { ReplicaReading } from "../replicas/replica-reading.ts";
import type { ReplicaSet } from "../replicas/replica-set.ts";
import type { ProcessPhase } from "../replicas/service-process.ts";
import { decideScale, type ScaleDecision } from "./decide-scale.ts";
import type { ScaledReplica } from "./desired-replicas.ts";
import { scalingMetrics } from "./scaling-metrics.ts";
import { noHistory, type ScaleHistory, withChange } from "./steady-replicas.ts";

export interface AutoscalerParts {
	/** As the fleet has them now. */
	services(): readonly FleetService[];
	sets: ReadonlyMap<string, ReplicaSet>;
	metrics: Pick<ReplicaMetrics, "reading">;
	scale(service: string, replicas: number): Promise<void>;
	/** Something else is being done to its replicas. */
	isBusy(service: string): boolean;
	/** Whether there is memory for so many more. */
	fits(service: string, replicas: number): boolean;
	logger: Pick<Logger, "info">;
	/** Milliseconds on a monotonic clock. */
	now?: () => number;
}

/** What was decided, and what it was decided by. */
export interface KeptDecision {
	/** ISO 8601 */
	at: string;
	from: number;
	to: number;
	reason: string;
	inputs: Readonly<Record<string, number>>;
}

export interface AutoscaleStatus {
	name: string;
	min: number;
	max: number;
	current: number;
	desired: number;
	/** The last one, though it changed nothing; null before the first, and while the service sleeps. */
	latest: KeptDecision | null;
	/** Those that changed something, the oldest first. */
	decisions: readonly KeptDecision[];
}

interface Scaled {
	history: ScaleHistory;
	decidedAt: number;
	latest: KeptDecision | null;
	decisions: KeptDecision[];
	/** A change is on its way. */
	isChanging: boolean;
}

const tickMs = 100;
const keptDecisions = 100;

/** Gives each service as many replicas as its load asks for, within its bounds; from none to the first and back is not its doing. */
export class Autoscaler {
	readonly #parts: AutoscalerParts;
	readonly #now: () => number;
	readonly #scaled = new Map<string, Scaled>();
	#timer: NodeJS.Timeout | null = null;

	constructor(parts: AutoscalerParts) {
		this.#parts = parts;
		this.#now = parts.now ?? (() => performance.now());
	}

	start(): void {
		this.#timer ??= setInterval(() => this.tick(), tickMs);
		this.#timer.unref();
	}

	close(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
	}

	status(): AutoscaleStatus[] {
		return this.#services().map(({ service, set }) => {
			const { name } = service;
			const { min, max } = scaleBounds(service);
			const scaled = this.#scaled.get(name);
			const current = set.isAsleep ? 0 : set.size;
			return {
				name,
				min,
				max,
				current,
				desired: scaled?.latest?.to ?? current,
				latest: scaled?.latest ?? null,
				decisions: scaled?.decisions ?? [],
			};
		});
	}

	/** As decided last; null where nothing was, or not by load. */
	desired(service: string): number | null {
		return this.#scaled.get(service)?.latest?.to ?? null;
	}

	/** Decides for all services whose turn it is. */
	tick(): void {
		const services = this.#services();
		const names = new Set(services.map(({ service }) => service.name));
		for (const name of this.#scaled.keys())
			if (!names.has(name)) this.#scaled.delete(name);
		for (const { service, set } of services) {
			const scaled = this.#scaledOf(service.name);
			if (set.isHeld || set.isAsleep) {
				// What was wanted before it slept says nothing about what comes.
				scaled.history = noHistory;
				scaled.latest = null;
				continue;
			}
			const now = this.#now();
			const isDue =
				now - scaled.decidedAt >= service.scaling.everySeconds * 1000;
			if (!isDue || scaled.isChanging || this.#parts.isBusy(service.name))
				continue;
			scaled.decidedAt = now;
			this.#decide(service, set, scaled, now);
		}
	}

	#decide(
		service: FleetService,
		set: ReplicaSet,
		scaled: Scaled,
		now: number,
	): void {
		const { name, scaling } = service;
		const { floor: min, max } = scaleBounds(service);
		const replicas = set.replicas.map(
			({ id, phase }): ScaledReplica => ({ id, readiness: readiness[phase] }),
		);
		const readings = new Map<string, ReplicaReading>();
		for (const { id, readiness } of replicas) {
			const reading =
				readiness === "ready" ? this.#parts.metrics.reading(id) : null;
			if (reading !== null) readings.set(id, reading);
		}
		const metrics = scalingMetrics(readings, scaling);
		const decision = this.#withinMemory(
			name,
			decideScale(
				{ now, min, max, replicas, metrics },
				scaling,
				scaled.history,
			),
		);
		const { from, to, reason, history } = decision;
		const kept = keep(decision, replicas);
		scaled.history = history;
		scaled.latest = kept;
		if (to === from) return;
		scaled.history = withChange(history, now, to - from);
		scaled.decisions = [...scaled.decisions, kept].slice(-keptDecisions);
		this.#parts.logger.info(
			{},
			`${name} goes from ${from} to ${to} replicas: ${reason}.`,
		);
		scaled.isChanging = true;
		void this.#parts.scale(name, to).finally(() => {
			scaled.isChanging = false;
		});
	}

	/** What doesn't fit isn't started; nobody has to go for it. */
	#withinMemory(name: string, decision: ScaleDecision): ScaleDecision {
		const { from, reason } = decision;
		let { to } = decision;
		while (to > from && !this.#parts.fits(name, to - from)) to--;
		return to === decision.to
			? decision
			: { ...decision, to, reason: `${reason}; there is no memory for more` };
	}

	#services(): { service: FleetService; set: ReplicaSet }[] {
		return this.#parts.services().flatMap((service) => {
			const set = this.#parts.sets.get(service.name);
			return set === undefined || !scaleBounds(service).isScaled
				? []
				: [{ service, set }];
		});
	}

	#scaledOf(name: string): Scaled {
		let scaled = this.#scaled.get(name);
		if (scaled === undefined) {
			scaled = {
				history: noHistory,
				decidedAt: Number.NEGATIVE_INFINITY,
				latest: null,
				decisions: [],
				isChanging: false,
			};
			this.#scaled.set(name, scaled);
		}
		return scaled;
	}
}

const readiness: Record<ProcessPhase, ScaledReplica["readiness"]> = {
	ready: "ready",
	starting: "unready",
	unready: "unready",
	restarting: "unready",
	stopped: "failed",
	failed: "failed",
};

function keep(
	{ from, to, reason, proposals }: ScaleDecision,
	replicas: readonly ScaledReplica[],
): KeptDecision {
	const ready = replicas.filter(({ readiness }) => readiness === "ready");
	return {
		at: new Date().toISOString(),
		from,
		to,
		reason,
		inputs: {
			ready: ready.length,
			...Object.fromEntries(
				proposals.flatMap(({ metric, average, target }) => [
					[metric, average],
					[`${metric} target`, target],
				]),
			),
		},
	};
}
