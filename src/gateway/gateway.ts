import type { IncomingMessage, ServerResponse } from "node:http";
import { GalleyError, toGalleyError } from "../core/errors.ts";
import {
	findText,
	modelOf,
	type NamedModel,
	renameModel,
} from "../proxy/find-model.ts";
import type { AnswerObserver, ForwardOutcome } from "../proxy/forward.ts";
import type { Refusal } from "../proxy/refusal.ts";
import { mayUse, type Principal } from "./access/principal.ts";
import type { Fleet } from "./fleet/fleet-file.ts";
import type {
	ModelCall,
	RequestPolicy,
	UsageCounter,
} from "./policy/model-call.ts";
import { Settlement } from "./policy/settlement.ts";
import type { ReplicaSet } from "./replicas/replica-set.ts";
import { defaultBreaker } from "./routing/circuit-breaker.ts";
import { type RouteTarget, resolveModel } from "./routing/resolve-model.ts";
import { isRepeatable, mayTryElsewhere } from "./routing/retry.ts";
import { Breakers, type PlaceHealth } from "./sending/breakers.ts";
import { ResponseHomes, ResponseIdReader } from "./sending/response-homes.ts";
import { refusalError, type Sending } from "./sending/sending.ts";
import { StoredResponses } from "./sending/stored-responses.ts";
import { type ServiceLimits, ServiceSender } from "./sending/to-service.ts";
import { breakerId, UpstreamSender } from "./sending/to-upstream.ts";
import type { ServedModels } from "./served-models.ts";
import { refuseUnkept } from "./unkept-paths.ts";

export interface GatewayParts {
	/** As it is now: its fields are replaced when the fleet changes. */
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
	/** Told the client with whatever answer there is; policies add theirs. */
	answerHeaders: Record<string, string>;
}

type Delivered = Exclude<ForwardOutcome, { kind: "unanswered" | "lost" }>;

/** Sends each request to the place that its model's name stands for, and to the next one when that takes nothing. */
export class Gateway {
	readonly #parts: GatewayParts;
	readonly #breakers: Breakers;
	readonly #upstreams: UpstreamSender;
	readonly #services: ServiceSender;
	readonly #homes = new ResponseHomes();
	/** `/v1/responses/ID` and what is under it. */
	readonly stored: StoredResponses;

	constructor(parts: GatewayParts) {
		const { fleet, environment, services } = parts;
		const { failures, share, openSeconds } = fleet.gateway.breaker;
		const openMs = openSeconds * 1000;
		this.#parts = parts;
		this.#breakers = new Breakers({
			...defaultBreaker,
			failures,
			share,
			openMs,
			maxOpenMs: 15 * openMs,
		});
		this.#upstreams = new UpstreamSender(fleet, environment, this.#breakers);
		this.#services = new ServiceSender(this.#breakers);
		this.stored = new StoredResponses({
			homes: this.#homes,
			services,
			upstreams: this.#upstreams,
			sender: this.#services,
			limitsOf: (service) => this.#limitsOf(service),
		});
	}

	/** How an upstream does, as far as its answers tell. */
	upstreamState(name: string): PlaceHealth {
		return this.#breakers.health(breakerId(name));
	}

	/** The same of a replica. */
	replicaState(id: string): PlaceHealth {
		return this.#breakers.health(id);
	}

	async close(): Promise<void> {
		await this.#upstreams.close();
	}

	/** Throws GalleyError while the client has heard nothing; resolves when the answer has ended, whoever ended it. */
	async route(asked: GatewayRequest): Promise<void> {
		const { principal, body, request, response, path, answerHeaders } = asked;
		refuseUnkept(path);
		const contentType = request.headers["content-type"];
		const named = body === null ? null : modelOf(body, contentType);
		if (body === null || named === null) throw unnamed(body, contentType);
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
			path,
			headers: request.headers,
			body,
			arrivedAt: asked.arrivedAt,
		};
		const settlement = new Settlement(call, this.#parts.countUsage?.(call));
		try {
			const admitted = await settlement.admit(
				this.#parts.policies,
				answerHeaders,
			);
			// As its id: whoever gets it hears of them.
			Object.assign(request.headers, settlement.forwardHeaders);
			const sink = settlement.answerThrough(response);
			// What stands between may write an answer of its own, and knows nothing of these.
			if (sink !== response)
				for (const name in answerHeaders)
					response.setHeader(name, answerHeaders[name] ?? "");
			const sending = {
				request,
				response: sink,
				answerHeaders: sink === response ? answerHeaders : {},
				body: admitted,
				// A policy may have moved it.
				named:
					admitted === body ? named : (modelOf(admitted, contentType) ?? named),
				observer: settlement,
				watch: settlement.watch,
				isRepeatable: isRepeatable(path),
				repeats: 0,
				isLastTarget: true,
				homeReplica: null,
				target: null,
			};
			const outcome = await (path.startsWith("/v1/responses")
				? this.#deliverResponse(sending, settlement, call)
				: this.#send(sending, settlement));
			const changed = sink === response ? null : await settlement.answered();
			if (changed === null)
				settlement.settle(outcome.kind, response.statusCode);
			else settlement.settle("refused", changed.status);
		} catch (error) {
			settlement.settle("refused", toGalleyError(error).status);
			throw error;
		}
	}

	/** Responses are kept by the replica that made them: the next of a conversation goes there, and where it went is kept in mind. */
	async #deliverResponse(
		sending: Sending & { body: Buffer; named: NamedModel },
		settlement: Settlement,
		{ principal: { tenant } }: ModelCall,
	): Promise<Delivered> {
		const before = findText(sending.body, "previous_response_id");
		if (before !== null)
			sending.homeReplica = await this.stored.replicaOf(before, tenant);
		const reader = new ResponseIdReader(settlement);
		sending.observer = reader satisfies AnswerObserver;
		const outcome = await this.#send(sending, settlement);
		if (reader.id !== null && sending.target !== null) {
			const { replica, ...target } = sending.target;
			this.#homes.remember(reader.id, { target, replica, tenant });
		}
		return outcome;
	}

	/** Tries the targets in turn until one answers. */
	async #send(
		sending: Sending & { body: Buffer; named: NamedModel },
		settlement: Settlement,
	): Promise<Delivered> {
		const { name } = sending.named;
		settlement.sending = sending;
		const targets = this.#knownTargets(name) ?? (await this.#askFor(name));
		const refusals: { target: string; refusal: Refusal }[] = [];
		let left = targets.length;
		for (const target of targets) {
			sending.isLastTarget = --left === 0;
			const outcome = await this.#try(sending, target);
			settlement.target = sending.target;
			if (sending.response.destroyed && outcome.kind === "unanswered")
				return { kind: "left" };
			if (outcome.kind === "lost") continue;
			if (outcome.kind !== "unanswered") return outcome;
			refusals.push({ target: target.name, refusal: outcome });
			if (!mayTryElsewhere(outcome, sending)) break;
			if (outcome.repeat === "once") sending.repeats++;
		}
		const given = refusals.find(({ refusal }) => refusal.answer !== null);
		if (given?.refusal.answer == null) throw refusalError(name, refusals);
		const { status, headers, body } = given.refusal.answer;
		sending.response.writeHead(status, {
			...sending.answerHeaders,
			...headers,
			"content-length": body.length,
		});
		sending.response.end(body);
		return { kind: "answered", status };
	}

	/** Null where nobody is known to have it. */
	#knownTargets(name: string): RouteTarget[] | null {
		const { fleet, served } = this.#parts;
		const adapters = served.adapters();
		const targets = resolveModel(name, fleet, adapters, Math.random());
		return targets.length === 0 ? null : targets;
	}

	/** A service that runs may have adapters that weren't listed yet: it is asked once before a name is called unknown. */
	async #askFor(name: string): Promise<RouteTarget[]> {
		await this.#parts.served.refresh();
		const found = this.#knownTargets(name);
		if (found !== null) return found;
		throw new GalleyError(
			"model_not_found",
			`The model '${name}' does not exist here. GET /v1/models lists those that do.`,
			{ param: "model" },
		);
	}

	#try(
		sending: Sending & { body: Buffer; named: NamedModel },
		target: RouteTarget,
	): Promise<ForwardOutcome> {
		const { body, named } = sending;
		const renamed =
			target.model === named.name
				? body
				: renameModel(body, named, target.model);
		const { kind, name, model } = target;
		sending.target = { kind, name, model, replica: null };
		return target.kind === "upstream"
			? this.#upstreams.send(sending, renamed, target.name)
			: this.#services.send(
					sending,
					renamed,
					target,
					this.#parts.services.get(target.name),
					this.#limitsOf(target.name),
				);
	}

	#limitsOf(name: string): ServiceLimits {
		const { services, gateway } = this.#parts.fleet;
		const service = services.find((one) => one.name === name);
		return {
			hedgeMs: service?.hedgeMs ?? null,
			timeoutMs: (service?.timeoutSeconds ?? 3600) * 1000,
			coldStartMs: gateway.coldStartSeconds * 1000,
		};
	}
}

function unnamed(
	body: Buffer | null,
	contentType: string | undefined,
): GalleyError {
	if (body !== null && contentType?.startsWith("multipart/") !== true) {
		try {
			JSON.parse(body.toString());
		} catch {
			return new GalleyError(
				"invalid_json",
				"The body is not valid JSON: check its commas, quotes and brackets.",
			);
		}
	}
	return new GalleyError(
		"invalid_request",
		"The body names no model: give the field 'model' one of the names that GET /v1/models lists.",
		{ param: "model" },
	);
}
