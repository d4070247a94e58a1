import type { ReplicaSet } from "../replicas/replica-set.ts";
import type {
	ProcessPhase,
	ServiceProcess,
} from "../replicas/service-process.ts";
import type { PlaceHealth } from "../sending/breakers.ts";
import type { FleetService } from "./fleet-file.ts";
import { scaleBounds } from "./scale-bounds.ts";

/** How far a replica is that isn't ready yet. */
export interface ReplicaProgress {
	stage: string;
	/** 0 to 1; null while nobody knows. */
	fraction: number | null;
	etaSeconds: number | null;
}

export interface ReplicaStatus {
	id: string;
	phase: ProcessPhase;
	/** Why it is in this phase; null where there is nothing to say. */
	reason: string | null;
	pid: number | null;
	ageSeconds: number;
	/** How often it died by itself. */
	deaths: number;
	/** What its circuit breaker thinks: nothing is sent to one that is failing, and one request at a time to one that recovers. */
	answers: PlaceHealth;
	/** Of requests that it has not answered yet, as far as the gateway can tell. */
	outstandingTokens: number;
	/** Of the process and what it has started; null where nobody measured it. */
	memoryBytes: number | null;
	progress: ReplicaProgress | null;
}

/** `held`: somebody stopped it by name. `idle`: it starts with the next request. */
export type ServiceState =
	| "ready"
	| "starting"
	| "restarting"
	| "unready"
	| "idle"
	| "held"
	| "failed";

export interface ServiceStatus {
	name: string;
	model: string;
	start: "always" | "on-demand";
	state: ServiceState;
	/** It was deployed over the API, and is not in the fleet file. */
	isDeployed: boolean;
	minReplicas: number;
	maxReplicas: number;
	/** As many as the load, the file or somebody asks for now. */
	desiredReplicas: number;
	task: string | null;
	/** Why its last change did not work out. */
	problem: string | null;
	replicas: readonly ReplicaStatus[];
}

export interface UpstreamStatus extends PlaceHealth {
	name: string;
	url: string;
	models: readonly string[];
}

export interface ApplicationStatus {
	name: string;
	title: string;
	description: string;
	url: string;
	/** Where its source is, in Galley's folder. */
	source: string;
	/** Where the console shows it: a path of this gateway. */
	sourceUrl: string;
	phase: ProcessPhase;
	reason: string | null;
	pid: number | null;
	ageSeconds: number;
	deaths: number;
}

/** What `galley ps` and the console show. */
export interface FleetStatus {
	services: readonly ServiceStatus[];
	upstreams: readonly UpstreamStatus[];
	aliases: readonly string[];
	applications: readonly ApplicationStatus[];
	memory: { budgetBytes: number | null; usedBytes: number | null };
}

/** What others know of a service. */
export interface ServiceFacts {
	isDeployed: boolean;
	task: string | null;
	problem: string | null;
	memoryBytes(replica: string): number | null;
	answersOf(replica: string): PlaceHealth;
	/** By its load; null where that doesn't decide. */
	desiredReplicas: number | null;
}

export function serviceStatus(
	service: FleetService,
	set: ReplicaSet,
	facts: ServiceFacts,
): ServiceStatus {
	const { name, model = name } = service;
	const { isDeployed, task, problem, memoryBytes, answersOf } = facts;
	const { min, max, startsOnDemand } = scaleBounds(service);
	const loads = new Map(
		set.loads().map(({ id, outstandingTokens }) => [id, outstandingTokens]),
	);
	return {
		name,
		model,
		start: startsOnDemand ? "on-demand" : "always",
		state: stateOf(set),
		isDeployed,
		minReplicas: min,
		maxReplicas: max,
		desiredReplicas:
			facts.desiredReplicas ?? (set.isHeld || set.isAsleep ? 0 : set.size),
		task,
		problem,
		replicas: set.replicas.map((replica) => ({
			id: replica.id,
			phase: replica.phase,
			reason: replica.reason === "" ? null : replica.reason,
			pid: replica.processId,
			ageSeconds: Math.round(replica.ageMs / 1000),
			deaths: replica.deaths,
			answers: answersOf(replica.id),
			outstandingTokens: Math.round(loads.get(replica.id) ?? 0),
			memoryBytes: replica.processId === null ? null : memoryBytes(replica.id),
			progress: progressOf(replica),
		})),
	};
}

const order = ["ready", "unready", "starting", "restarting", "failed"] as const;

function stateOf({ isHeld, replicas }: ReplicaSet): ServiceState {
	if (isHeld) return "held";
	const phases = new Set(replicas.map(({ phase }) => phase));
	return order.find((phase) => phases.has(phase)) ?? "idle";
}

/** From what the service says of itself while it is not ready. */
function progressOf({ phase, report }: ServiceProcess): ReplicaProgress | null {
	if (phase !== "starting" && phase !== "unready") return null;
	const body = report?.body;
	if (typeof body !== "object" || body === null) return null;
	const { state, progress, eta_seconds: eta } = body as Record<string, unknown>;
	if (typeof state !== "string") return null;
	return {
		stage: state,
		fraction: typeof progress === "number" ? progress : null,
		etaSeconds: typeof eta === "number" ? eta : null,
	};
}

/** Ready when every service that is always there has a replica that is. */
export function servicesAwaited({ services }: FleetStatus): string[] {
	return services
		.filter(
			({ start, state, replicas }) =>
				start === "always" &&
				state !== "held" &&
				!replicas.some(({ phase }) => phase === "ready"),
		)
		.map(({ name }) => name);
}
