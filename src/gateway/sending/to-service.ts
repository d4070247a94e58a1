import { setTimeout as delay } from "node:timers/promises";
import type { AnswerSink } from "../../proxy/answer-sink.ts";
import { type ForwardOutcome, forward } from "../../proxy/forward.ts";
import type { Refusal } from "../../proxy/refusal.ts";
import type { ReplicaSet } from "../replicas/replica-set.ts";
import type { ServiceProcess } from "../replicas/service-process.ts";
import { chooseReplica } from "../routing/choose-replica.ts";
import { PrefixMap, prefixHashes } from "../routing/prefix-map.ts";
import type { RouteTarget } from "../routing/resolve-model.ts";
import { healthSign, mayTryElsewhere } from "../routing/retry.ts";
import type { Breakers } from "./breakers.ts";
import { type Attempt, hedged } from "./hedged.ts";
import { type Sending, unasked } from "./sending.ts";

export interface ServiceLimits {
	/** Null never tries a second replica while the first may still answer. */
	hedgeMs: number | null;
	timeoutMs: number;
	/** How long a request may wait for a service that starts. */
	coldStartMs: number;
}

/** About so many bytes of a prompt are a token: for comparing replicas, not for accounting. */
const bytesPerToken = 4;
/** A request that computes nothing for its prompt still takes an answer's time; */
const leastTokens = 50;
/** and what is so long is a picture or a recording. */
const mostTokens = 32_000;
/** A process that has died is known to be dead when its exit was heard of, a moment after its connections ended. */
const exitHeardMs = 100;
/** How often a request waits for a service that died with it. */
const mostRevivals = 1;

/** What a request's place among replicas depends on. */
interface Placing {
	set: ReplicaSet;
	hashes: readonly number[];
	/** Replica -> tokens of the prompt that it has. */
	cached: ReadonlyMap<string, number>;
	tried: Set<string>;
}

/** Sends requests to replicas of this fleet's services. */
export class ServiceSender {
	readonly #breakers: Breakers;
	readonly #prefixes = new PrefixMap();
	/** Replica -> its process when it was last seen. */
	readonly #lives = new Map<string, number | null>();

	constructor(breakers: Breakers) {
		this.#breakers = breakers;
	}

	async send(
		sending: Sending,
		body: Buffer | null,
		target: RouteTarget,
		set: ReplicaSet | undefined,
		limits: ServiceLimits,
	): Promise<ForwardOutcome> {
		if (set === undefined) return unasked("it is gone", null);
		let last: Refusal | null = null;
		for (let revivals = 0; ; revivals++) {
			const wasReady = set.isReady;
			const waitsFrom = performance.now();
			const asleep = await wake(set, sending.response, limits.coldStartMs);
			if (!wasReady)
				sending.coldStartMs =
					(sending.coldStartMs ?? 0) + performance.now() - waitsFrom;
			if (asleep !== null) return last ?? asleep;
			this.#noteLives(set);
			const outcome = await this.#tryReplicas(
				sending,
				body,
				target,
				{ set, ...this.#prefixOf(set, body, target.name), tried: new Set() },
				limits,
			);
			if (outcome.kind !== "unanswered") return outcome;
			last = outcome;
			const hasDied =
				outcome.cause === "reset" || outcome.cause === "unreachable";
			if (
				!hasDied ||
				!sending.isLastTarget ||
				revivals === mostRevivals ||
				!mayTryElsewhere(outcome, sending)
			)
				return outcome;
			if (outcome.repeat === "once") sending.repeats++;
			await delay(exitHeardMs);
		}
	}

	/** The one that has a stored response; null when it isn't there any more. */
	async sendTo(
		sending: Sending,
		body: Buffer | null,
		target: RouteTarget,
		set: ReplicaSet,
		replica: ServiceProcess,
		limits: ServiceLimits,
	): Promise<ForwardOutcome> {
		const placing = {
			set,
			hashes: [],
			cached: new Map(),
			tried: new Set<string>(),
		};
		return this.#attempt(
			sending,
			body,
			target,
			placing,
			replica,
			limits,
			false,
		)(always, ignore);
	}

	async #tryReplicas(
		sending: Sending,
		body: Buffer | null,
		target: RouteTarget,
		placing: Placing,
		limits: ServiceLimits,
	): Promise<ForwardOutcome> {
		const next = (isHedge: boolean) => {
			const replica = this.#choose(placing, sending.homeReplica);
			return replica === null
				? null
				: this.#attempt(
						sending,
						body,
						target,
						placing,
						replica,
						limits,
						isHedge,
					);
		};
		const { hedgeMs } = limits;
		/** What a client may be given as it is says more than that the others aren't ready. */
		let best: Refusal | null = null;
		for (;;) {
			const attempt = next(false);
			if (attempt === null) return best ?? this.#nobody(placing.set);
			const outcome =
				hedgeMs === null || !sending.isRepeatable
					? await attempt(always, ignore)
					: await hedged(attempt, () => next(true), hedgeMs);
			if (outcome.kind !== "unanswered") return outcome;
			if (best?.answer == null) best = outcome;
			if (!mayTryElsewhere(outcome, sending)) return outcome;
			if (outcome.repeat === "once" && this.#hasMore(placing))
				sending.repeats++;
		}
	}

	#choose(
		{ set, cached, tried }: Placing,
		homeReplica: string | null,
	): ServiceProcess | null {
		const loads = set.loads().map((load) => ({
			...load,
			isReady:
				load.isReady && !tried.has(load.id) && this.#breakers.admits(load.id),
		}));
		const isHome = loads.some(
			({ id, isReady }) => isReady && id === homeReplica,
		);
		const id = isHome
			? homeReplica
			: chooseReplica(loads, cached, Math.random());
		if (id === null) return null;
		tried.add(id);
		return set.replicas.find((replica) => replica.id === id) ?? null;
	}

	#hasMore({ set, tried }: Placing): boolean {
		return set
			.loads()
			.some(
				({ id, isReady }) =>
					isReady && !tried.has(id) && this.#breakers.admits(id),
			);
	}

	#attempt(
		sending: Sending,
		body: Buffer | null,
		{ kind, name, model }: RouteTarget,
		{ set, hashes, cached }: Placing,
		replica: ServiceProcess,
		{ timeoutMs }: ServiceLimits,
		isHedge: boolean,
	): Attempt {
		const { id } = replica;
		return async (claim, onStart) => {
			const { request, response, answerHeaders, observer } = sending;
			const bytes = body?.length ?? 0;
			const tokens = bytes / bytesPerToken - (cached.get(id) ?? 0);
			const end = set.begin(
				id,
				Math.min(mostTokens, Math.max(leastTokens, tokens)),
			);
			this.#breakers.begin(id);
			sending.attempts = (sending.attempts ?? 0) + 1;
			if (isHedge) sending.hedges = (sending.hedges ?? 0) + 1;
			const watch = sending.watch?.({
				target: { kind, name, model, replica: id },
				number: sending.attempts,
				isHedge,
			});
			if (hashes.length > 0) this.#prefixes.add(hashes, id);
			const outcome = await forward({
				request,
				response,
				answerHeaders,
				body,
				dispatcher: replica.pool,
				origin: "http://service",
				path: request.url ?? "/",
				headers:
					watch === undefined
						? withoutKeys
						: { ...withoutKeys, ...watch.headers },
				timeoutMs,
				observer,
				claim,
				onStart,
			});
			end();
			watch?.end(outcome);
			const sign = healthSign(outcome, "service");
			this.#breakers.end(id, sign, "reason" in outcome ? outcome.reason : "");
			if (outcome.kind !== "lost")
				sending.target = { kind, name, model, replica: id };
			return outcome;
		};
	}

	/** One replica needs no choice. */
	#prefixOf(
		set: ReplicaSet,
		body: Buffer | null,
		service: string,
	): Pick<Placing, "hashes" | "cached"> {
		if (body === null || set.replicas.length < 2)
			return { hashes: [], cached: noTokens };
		const hashes = prefixHashes(promptOf(body), service);
		const cached = new Map<string, number>();
		for (const [id, bytes] of this.#prefixes.lookup(hashes))
			cached.set(id, bytes / bytesPerToken);
		return { hashes, cached };
	}

	/** Another process under an old name has nothing cached, and none of the faults of the one before. */
	#noteLives(set: ReplicaSet): void {
		for (const { id, processId } of set.replicas) {
			const before = this.#lives.get(id);
			if (before === processId) continue;
			this.#lives.set(id, processId);
			if (before === undefined) continue;
			this.#prefixes.forget(id);
			this.#breakers.forget(id);
		}
	}

	#nobody(set: ReplicaSet): Refusal {
		const open = set.replicas
			.filter(({ phase }) => phase === "ready")
			.map(({ id }) => this.#breakers.state(id))
			.filter(({ kind }) => kind !== "closed");
		const [first] = open;
		if (first === undefined) return notReady(set);
		const waitMs = Math.min(...open.map((state) => state.waitMs));
		return unasked(
			`its replicas failed again and again, and are left alone for a while (${first.reason})`,
			waitMs / 1000,
		);
	}
}

/** Where nobody knows when. */
const usualRetrySeconds = 5;

/** The client's key is for the gateway. */
const withoutKeys = { authorization: "", "x-api-key": "", cookie: "" };
const always = () => true;
const ignore = () => undefined;
const noTokens: ReadonlyMap<string, number> = new Map();

/** Waits for a service that is starting, as long as a request may. Null when it is ready. */
async function wake(
	set: ReplicaSet,
	response: AnswerSink,
	limitMs: number,
): Promise<Refusal | null> {
	if (set.isReady) return null;
	const left = new AbortController();
	const leave = () => left.abort();
	response.once("close", leave);
	const isReady = await set.whenReady(limitMs, left.signal);
	response.off("close", leave);
	return isReady ? null : notReady(set);
}

/** The cold-start contract: how far it is, and when trying again makes sense. */
function notReady(set: ReplicaSet): Refusal {
	const phases = [...new Set(set.replicas.map(({ phase }) => phase))];
	const report = set.replicas.map(({ report }) => report?.body).find(Boolean);
	const { state, message, progress, eta_seconds } = (report ?? {}) as Record<
		string,
		unknown
	>;
	const eta = typeof eta_seconds === "number" ? eta_seconds : null;
	const why = set.obstacle ?? (typeof message === "string" ? message : null);
	return unasked(
		`it is ${phases.join(", ") || "scaled to nothing"}${why === null ? "" : ` (${why})`}`,
		eta ?? usualRetrySeconds,
		{
			state: typeof state === "string" ? state : (phases[0] ?? "stopped"),
			progress: typeof progress === "number" ? progress : null,
			eta_seconds: eta,
		},
	);
}

/** What requests of one conversation have in common stands from the first message or the prompt on. */
function promptOf(body: Buffer): Buffer {
	for (const key of promptKeys) {
		const place = body.indexOf(key);
		if (place !== -1) return body.subarray(place);
	}
	return body;
}

const promptKeys = ['"messages"', '"prompt"', '"input"'].map((key) =>
	Buffer.from(key),
);
