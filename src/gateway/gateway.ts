import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, type Dispatcher } from "undici";
import { GalleyError, toGalleyError } from "../core/errors.ts";
import { mayUse, type Principal } from "./access/principal.ts";
import type { Fleet } from "./fleet/fleet-file.ts";
import type {
	CallOutcome,
	ModelCall,
	RequestPolicy,
	UsageCounter,
} from "./policy/model-call.ts";
import { Settlement } from "./policy/settlement.ts";
import { findModel, type NamedModel, renameModel } from "./proxy/find-model.ts";
import {
	type AnswerObserver,
	type ForwardOutcome,
	forward,
} from "./proxy/forward.ts";
import type { ReplicaSet } from "./replicas/replica-set.ts";
import { chooseReplica } from "./routing/choose-replica.ts";
import { PrefixMap, prefixHashes } from "./routing/prefix-map.ts";
import { type RouteTarget, resolveModel } from "./routing/resolve-model.ts";
import type { ServedModels } from "./served-models.ts";

export interface GatewayParts {
	fleet: Fleet;
	services: ReadonlyMap<string, ReplicaSet>;
	served: ServedModels;
	environment: Readonly<Record<string, string | undefined>>;
	/** Asked in this order. */
	policies: readonly RequestPolicy[];
	/** Counts the tokens of an answer that passes by. */
	countUsage?: (call: ModelCall) => UsageCounter;
}

/** A request whose body was read. */
export interface GatewayRequest {
	id: string;
	principal: Principal;
	request: IncomingMessage;
	response: ServerResponse;
	body: Buffer | null;
	/** Without the query. */
	path: string;
	/** `performance.now()`. */
	arrivedAt: number;
}

/** A call on its way: what is sent, and who watches the answer. */
interface Sending {
	request: IncomingMessage;
	response: ServerResponse;
	body: Buffer;
	named: NamedModel;
	observer: AnswerObserver;
	/** Who has it now. */
	target: CallOutcome["target"];
}

/** About so many bytes of a prompt are a token: for comparing replicas, not for accounting. */
const bytesPerToken = 4;
/** A request that computes nothing for its prompt still takes an answer's time. */
const leastTokens = 50;

/** Sends each request to the place that its model's name stands for, and to the next one when that takes nothing. */
export class Gateway {
	readonly #parts: GatewayParts;
	readonly #prefixes = new PrefixMap();
	readonly #upstreams = new Agent({ pipelining: 1, connections: null });

	constructor(parts: GatewayParts) {
		this.#parts = parts;
	}

	async close(): Promise<void> {
		await this.#upstreams.destroy();
	}

	/** Throws GalleyError while the client has heard nothing; resolves when the answer has ended, whoever ended it. */
	async route(asked: GatewayRequest): Promise<void> {
		const { principal, body, request, response } = asked;
		const named = body === null ? null : findModel(body);
		if (body === null || named === null)
			throw new GalleyError(
				"invalid_request",
				"The body names no model: give the field 'model' one of the names that GET /v1/models lists.",
				{ param: "model" },
			);
		if (!mayUse(principal, named.name))
			throw new GalleyError(
				"permission_denied",
				`The key '${principal.name}' may not use the model '${named.name}'.`,
				{ param: "model" },
			);
		const call: ModelCall = {
			id: asked.id,
			principal,
			model: named.name,
			path: asked.path,
			headers: request.headers,
			body,
			arrivedAt: asked.arrivedAt,
		};
		const settlement = new Settlement(call, this.#parts.countUsage?.(call));
		try {
			const admitted = await settlement.admit(this.#parts.policies, response);
			const outcome = await this.#send(
				{
					request,
					response,
					body: admitted,
					// A policy may have moved it.
					named: admitted === body ? named : (findModel(admitted) ?? named),
					observer: settlement,
					target: null,
				},
				settlement,
			);
			settlement.settle(outcome.kind, response.statusCode);
		} catch (error) {
			settlement.settle("refused", toGalleyError(error).status);
			throw error;
		}
	}

	/** Tries the targets in turn until one takes it. */
	async #send(
		sending: Sending,
		settlement: Settlement,
	): Promise<Exclude<ForwardOutcome, { kind: "unsent" }>> {
		const { fleet, served } = this.#parts;
		const { name } = sending.named;
		const targets = resolveModel(name, fleet, served.adapters(), Math.random());
		if (targets.length === 0)
			throw new GalleyError(
				"model_not_found",
				`The model '${name}' does not exist here. GET /v1/models lists those that do.`,
				{ param: "model" },
			);
		const refusals: string[] = [];
		let retryAfterSeconds: number | null = null;
		for (const target of targets) {
			const outcome = await this.#try(sending, target);
			settlement.target = sending.target;
			if (outcome.kind !== "unsent") return outcome;
			refusals.push(`${target.name}: ${outcome.reason}`);
			retryAfterSeconds ??= outcome.retryAfterSeconds;
		}
		throw new GalleyError(
			"engine_unavailable",
			`No service for '${name}' takes requests now (${refusals.join("; ")}). Try again.`,
			{ retryAfterSeconds: retryAfterSeconds ?? 5 },
		);
	}

	#try(sending: Sending, target: RouteTarget): Promise<ForwardOutcome> {
		const { body, named } = sending;
		const renamed =
			target.model === named.name
				? body
				: renameModel(body, named, target.model);
		sending.target = { ...target, replica: null };
		return target.kind === "upstream"
			? this.#toUpstream(sending, renamed, target)
			: this.#toService(sending, renamed, target);
	}

	#toUpstream(
		{ request, response, observer }: Sending,
		body: Buffer,
		{ name }: RouteTarget,
	): Promise<ForwardOutcome> {
		const upstream = this.#parts.fleet.upstreams.find(
			(candidate) => candidate.name === name,
		);
		const url = new URL(upstream?.url ?? "");
		const key =
			upstream?.apiKeyEnv === undefined
				? undefined
				: this.#parts.environment[upstream.apiKeyEnv];
		// Its address may end in /v1, as clients write it.
		const base = url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
		return forward({
			request,
			response,
			body,
			dispatcher: this.#upstreams,
			origin: url.origin,
			path: base + (request.url ?? "/"),
			// The client's key is for here and is nobody's business there.
			headers: {
				host: url.host,
				authorization: key === undefined ? "" : `Bearer ${key}`,
			},
			observer,
		});
	}

	async #toService(
		sending: Sending,
		body: Buffer,
		{ kind, name, model }: RouteTarget,
	): Promise<ForwardOutcome> {
		const { request, response, observer } = sending;
		const set = this.#parts.services.get(name) as ReplicaSet;
		const refused = await this.#wake(set, response);
		if (refused !== null) return refused;
		const hashes = prefixHashes(promptOf(body), name);
		const cached = new Map(
			[...this.#prefixes.lookup(hashes)].map(([id, bytes]) => [
				id,
				bytes / bytesPerToken,
			]),
		);
		const tried = new Set<string>();
		let last: ForwardOutcome = notReady(set);
		for (;;) {
			const loads = set.loads().filter(({ id }) => !tried.has(id));
			const id = chooseReplica(loads, cached);
			const replica = set.replicas.find((candidate) => candidate.id === id);
			if (id === null || replica === undefined) return last;
			tried.add(id);
			const tokens = body.length / bytesPerToken - (cached.get(id) ?? 0);
			const end = set.begin(id, Math.max(leastTokens, tokens));
			this.#prefixes.add(hashes, id);
			sending.target = { kind, name, model, replica: id };
			last = await forward({
				request,
				response,
				body,
				dispatcher: replica.pool as Dispatcher,
				origin: "http://service",
				path: request.url ?? "/",
				headers: { authorization: "" },
				observer,
			}).finally(end);
			if (last.kind !== "unsent") return last;
		}
	}

	/** Waits for a service that is starting, as long as a request may. Null when it is ready. */
	async #wake(
		set: ReplicaSet,
		response: ServerResponse,
	): Promise<ForwardOutcome | null> {
		if (set.isReady) return null;
		const left = new AbortController();
		const leave = () => left.abort();
		response.once("close", leave);
		const { coldStartSeconds } = this.#parts.fleet.gateway;
		const isReady = await set.whenReady(coldStartSeconds * 1000, left.signal);
		response.off("close", leave);
		if (left.signal.aborted) return { kind: "left" };
		return isReady ? null : notReady(set);
	}
}

function notReady(set: ReplicaSet): ForwardOutcome {
	const phases = set.replicas.map(({ phase }) => phase).join(", ");
	return { kind: "unsent", reason: `it is ${phases}`, retryAfterSeconds: 5 };
}

/** What requests of one conversation have in common stands from the first message or the prompt on. */
function promptOf(body: Buffer): Buffer {
	for (const key of ['"messages"', '"prompt"', '"input"']) {
		const place = body.indexOf(key);
		if (place !== -1) return body.subarray(place);
	}
	return body;
}
