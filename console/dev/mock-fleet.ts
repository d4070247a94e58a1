import type { LiveSequence, Replica, Service } from "../src/api/fleet-types.ts";
import { Chance } from "./chance.ts";

interface LiveReplicaState {
	sequences: LiveSequence[];
	/** Tokens of the system prompt that its users share. */
	sharedTokens: number;
}

const mib = 1024 ** 2;

/** A fleet that serves nobody and looks as if it did: a second of it at a time. */
export class MockFleet {
	readonly services: Service[] = [];
	readonly #live = new Map<string, LiveReplicaState>();
	readonly #chance = new Chance(11);
	#second = 0;
	#number = 0;

	/** Sequences that the first chat service has in flight on each replica. */
	readonly #most: number;

	constructor(isEmpty: boolean, most = 10) {
		this.#most = most;
		if (isEmpty) return;
		this.services.push(
			service("starter-chat", "starter-chat", "chat", 2, 4),
			service(
				"harbour-1-7.6b",
				"hf://north-quay-labs/harbour-1-7.6b:Q4_K_M",
				"chat",
				1,
				1,
			),
			service("starter-embed", "starter-embed", "embedding", 1, 1),
			{
				...service("starter-rerank", "starter-rerank", "reranking", 0, 1),
				start: "on-demand",
				state: "asleep",
			},
		);
		for (let second = 0; second < 40; second++) this.tick();
	}

	get answer() {
		return {
			services: this.services,
			upstreams: [
				{
					name: "hosted",
					url: "https://integrate.example.com/v1",
					models: ["meridian/sextant-70b"],
					state: "ready",
				},
			],
			aliases: ["default", "fast"],
			applications: [],
			memory: {
				budgetBytes: 12 * 1024 * mib,
				usedBytes: this.services
					.flatMap(({ replicas }) => replicas)
					.reduce((sum, { memoryBytes }) => sum + (memoryBytes ?? 0), 0),
			},
		};
	}

	find(name: string): Service | undefined {
		return this.services.find((one) => one.name === name);
	}

	replace(
		name: string,
		change: (service: Service) => Service,
	): Service | undefined {
		const place = this.services.findIndex((one) => one.name === name);
		const before = this.services[place];
		if (before === undefined) return undefined;
		const after = change(before);
		this.services[place] = after;
		return after;
	}

	deploy(name: string, model: string, replicas: number): Service {
		const made: Service = {
			...service(name, model, "chat", replicas, Math.max(1, replicas)),
			state: "starting",
		};
		const starting = { ...made, replicas: made.replicas.map(startAnew) };
		this.services.push(starting);
		return starting;
	}

	/** A second passes. */
	tick(): void {
		this.#second++;
		for (const { name } of [...this.services])
			this.replace(name, (before) => {
				const replicas = before.replicas.map((replica) => this.#load(replica));
				const isReady = replicas.some(({ phase }) => phase === "ready");
				return {
					...before,
					replicas,
					state: isReady ? "ready" : (replicas[0]?.phase ?? before.state),
				};
			});
		for (const { name, replicas, task } of this.services)
			for (const replica of replicas)
				if (replica.phase === "ready" && task === "chat")
					this.#step(
						`${name} ${replica.id}`,
						name === "starter-chat" ? this.#most : 4,
					);
	}

	moment() {
		const wave = 1 + 0.3 * Math.sin(this.#second / 12);
		return {
			at: Date.now(),
			services: this.services.map(({ name, replicas, task }) => ({
				name,
				replicas: replicas.map(({ id, phase, memoryBytes }) => {
					const sequences = this.#live.get(`${name} ${id}`)?.sequences ?? [];
					const running = sequences.filter(({ state }) => state !== "waiting");
					const cells = running.reduce(
						(sum, one) => sum + one.computedTokens,
						0,
					);
					const isChat = task === "chat" && phase === "ready";
					const stepMs = isChat
						? 8 + running.length * 2.4 * wave + this.#chance.next() * 3
						: null;
					return {
						id,
						phase,
						running: running.length,
						waiting: sequences.length - running.length,
						kvUse: isChat ? Math.min(1, cells / 26_000) : null,
						stepMs,
						tokensPerSecond:
							stepMs === null ? 0 : (running.length * 1000) / stepMs / 3,
						ttftMs:
							stepMs === null
								? null
								: { p50: stepMs * 6, p95: stepMs * (14 + 6 * wave) },
						itlMs:
							stepMs === null
								? null
								: { p50: stepMs, p95: stepMs * 1.9 * wave },
						memoryBytes,
						sequences,
					};
				}),
			})),
		};
	}

	#load(replica: Replica): Replica {
		const ageSeconds = replica.ageSeconds + 1;
		const { progress } = replica;
		if (replica.phase !== "starting" || progress === null)
			return { ...replica, ageSeconds };
		const fraction = (progress.fraction ?? 0) + 0.17;
		if (fraction >= 1)
			return { ...replica, ageSeconds, phase: "ready", progress: null };
		return {
			...replica,
			ageSeconds,
			progress: {
				stage: fraction < 0.6 ? "downloading" : "loading weights",
				fraction,
				etaSeconds: Math.ceil((1 - fraction) / 0.17),
			},
		};
	}

	#step(key: string, most: number): void {
		const state = this.#live.get(key) ?? { sequences: [], sharedTokens: 1200 };
		this.#live.set(key, state);
		state.sequences = state.sequences
			.map((sequence) => advance(sequence, this.#chance))
			.filter(
				({ generatedTokens, priority }) => generatedTokens < 60 + priority * 40,
			);
		const arrivals = this.#chance.whole(0, most > 8 ? Math.ceil(most / 4) : 1);
		for (
			let count = 0;
			count < arrivals && state.sequences.length < most + 4;
			count++
		) {
			const isShared = this.#chance.next() > 0.35;
			const own = this.#chance.whole(60, 700);
			const promptTokens = own + (isShared ? state.sharedTokens : 0);
			const cachedTokens =
				isShared && state.sequences.length > 0 ? state.sharedTokens : 0;
			const isWaiting = state.sequences.length >= most;
			state.sequences.push({
				id: `req-${(++this.#number).toString(36).padStart(5, "0")}`,
				choice: 0,
				state: isWaiting ? "waiting" : "prefill",
				waitsFor: isWaiting ? "slot" : null,
				priority: this.#chance.whole(0, 4),
				promptTokens,
				cachedTokens,
				computedTokens: cachedTokens,
				generatedTokens: 0,
				preemptions: 0,
				ageSeconds: 0.4,
			});
		}
	}
}

function advance(sequence: LiveSequence, chance: Chance): LiveSequence {
	const ageSeconds = sequence.ageSeconds + 1;
	if (sequence.state === "waiting")
		return {
			...sequence,
			ageSeconds,
			...(chance.next() > 0.4
				? { state: "prefill" as const, waitsFor: null }
				: {}),
		};
	const left = sequence.promptTokens - sequence.computedTokens;
	if (sequence.state === "prefill" && left > 0) {
		const computedTokens = sequence.computedTokens + Math.min(left, 420);
		return {
			...sequence,
			ageSeconds,
			computedTokens,
			state: computedTokens >= sequence.promptTokens ? "decode" : "prefill",
		};
	}
	const more = chance.whole(8, 22);
	return {
		...sequence,
		ageSeconds,
		state: "decode",
		generatedTokens: sequence.generatedTokens + more,
		computedTokens: sequence.computedTokens + more,
	};
}

function service(
	name: string,
	model: string,
	task: string,
	replicas: number,
	maxReplicas: number,
): Service {
	return {
		name,
		model,
		start: "always",
		state: "ready",
		minReplicas: Math.min(1, replicas),
		maxReplicas,
		task,
		replicas: Array.from({ length: replicas }, (_, place) =>
			mockReplica(name, place + 1),
		),
	};
}

export function mockReplica(name: string, number: number): Replica {
	return {
		id: `${name}/${number}`,
		phase: "ready",
		reason: null,
		pid: 4000 + number * 13,
		ageSeconds: 8000 / number,
		deaths: 0,
		outstandingTokens: 0,
		memoryBytes: (name.startsWith("starter") ? 310 : 5200) * mib,
		progress: null,
	};
}

export function startAnew(replica: Replica): Replica {
	return {
		...replica,
		phase: "starting",
		ageSeconds: 0,
		progress: { stage: "downloading", fraction: 0, etaSeconds: 6 },
	};
}
