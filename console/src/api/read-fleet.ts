import type {
	Fleet,
	FleetMoment,
	LiveReplica,
	LiveSequence,
	Replica,
	Service,
} from "./fleet-types.ts";

type Loose<T> = { [Field in keyof T]?: T[Field] | null };
type LooseService = Loose<Omit<Service, "replicas">> & {
	replicas?: readonly Loose<Replica>[];
};
type LooseReplica = Loose<Omit<LiveReplica, "sequences">> & {
	sequences?: readonly (Loose<LiveSequence> & { number?: number })[];
};
export type LooseFleet = Loose<Omit<Fleet, "services">> & {
	services?: readonly LooseService[];
};
export interface LooseMoment {
	at?: number | string;
	services?: readonly { name: string; replicas?: readonly LooseReplica[] }[];
}

/** The fleet as this console needs it: what an older gateway leaves out has its plain meaning. */
export function readFleet(answer: LooseFleet): Fleet {
	return {
		services: (answer.services ?? []).map(readService),
		upstreams: (answer.upstreams ?? []).map((upstream) => ({
			...upstream,
			models: upstream.models ?? [],
			state: upstream.state ?? null,
		})),
		aliases: answer.aliases ?? [],
		applications: answer.applications ?? [],
		memory: answer.memory ?? null,
	};
}

export function readService(service: LooseService): Service {
	const replicas = (service.replicas ?? []).map(readReplica);
	return {
		name: service.name ?? "",
		model: service.model ?? service.name ?? "",
		start: service.start ?? "always",
		state: service.state ?? stateOf(replicas, service.start ?? "always"),
		minReplicas: service.minReplicas ?? replicas.length,
		maxReplicas: service.maxReplicas ?? Math.max(1, replicas.length),
		task: service.task ?? null,
		replicas,
	};
}

function readReplica(replica: Loose<Replica>): Replica {
	return {
		id: replica.id ?? "",
		phase: replica.phase ?? "unknown",
		reason: replica.reason ?? null,
		pid: replica.pid ?? null,
		ageSeconds: replica.ageSeconds ?? 0,
		deaths: replica.deaths ?? 0,
		outstandingTokens: replica.outstandingTokens ?? 0,
		memoryBytes: replica.memoryBytes ?? null,
		progress: replica.progress ?? null,
	};
}

/** A service is what the best of its replicas is. */
function stateOf(
	replicas: readonly Replica[],
	start: Service["start"],
): string {
	for (const phase of ["ready", "loading", "starting", "restarting"])
		if (replicas.some((replica) => replica.phase === phase)) return phase;
	return replicas[0]?.phase ?? (start === "on-demand" ? "asleep" : "stopped");
}

export function readMoment(answer: LooseMoment): FleetMoment {
	const at = answer.at ?? Date.now();
	return {
		at: typeof at === "number" ? at : Date.parse(at),
		services: (answer.services ?? []).map(({ name, replicas }) => ({
			name,
			replicas: (replicas ?? []).map(readLiveReplica),
		})),
	};
}

function readLiveReplica(replica: LooseReplica): LiveReplica {
	return {
		id: replica.id ?? "",
		phase: replica.phase ?? "unknown",
		running: replica.running ?? 0,
		waiting: replica.waiting ?? 0,
		kvUse: replica.kvUse ?? null,
		stepMs: replica.stepMs ?? null,
		tokensPerSecond: replica.tokensPerSecond ?? 0,
		ttftMs: replica.ttftMs ?? null,
		itlMs: replica.itlMs ?? null,
		memoryBytes: replica.memoryBytes ?? null,
		sequences: (replica.sequences ?? []).map((sequence) => ({
			id: sequence.id ?? `#${sequence.number ?? 0}`,
			choice: sequence.choice ?? 0,
			state: sequence.state ?? "decode",
			waitsFor: sequence.waitsFor ?? null,
			priority: sequence.priority ?? 0,
			promptTokens: sequence.promptTokens ?? 0,
			cachedTokens: sequence.cachedTokens ?? 0,
			computedTokens: sequence.computedTokens ?? 0,
			generatedTokens: sequence.generatedTokens ?? 0,
			preemptions: sequence.preemptions ?? 0,
			ageSeconds: sequence.ageSeconds ?? 0,
		})),
	};
}
