import { GalleyError } from "../../core/errors.ts";
import { readBody } from "../../proxy/read-body.ts";
import type { OwnCall } from "../http/own-route.ts";
import type { ReplicaSet } from "../replicas/replica-set.ts";
import type { ServiceProcess } from "../replicas/service-process.ts";
import type { ResponseHome, ResponseHomes } from "./response-homes.ts";
import { refusalError, type Sending } from "./sending.ts";
import type { ServiceLimits, ServiceSender } from "./to-service.ts";
import type { UpstreamSender } from "./to-upstream.ts";

export interface StoredResponsesParts {
	homes: ResponseHomes;
	services: ReadonlyMap<string, ReplicaSet>;
	upstreams: UpstreamSender;
	sender: ServiceSender;
	limitsOf(service: string): ServiceLimits;
}

const askMs = 2000;
const maxBodyBytes = 100_000;

/** Requests about a response that was stored: they go to the replica that has it. */
export class StoredResponses {
	readonly #parts: StoredResponsesParts;

	constructor(parts: StoredResponsesParts) {
		this.#parts = parts;
	}

	/** Null where nobody has it, or where one is as good as another. */
	async replicaOf(id: string, tenant: string): Promise<string | null> {
		return (await this.#find(id, tenant))?.replica ?? null;
	}

	/** `/v1/responses/:id` and what is under it. */
	async answer(call: OwnCall, id: string): Promise<"written"> {
		const { request, response, principal } = call;
		const home = await this.#find(id, principal?.tenant ?? "");
		if (home === null) throw unknown(id);
		const body = await readBody(request, maxBodyBytes);
		const sending: Sending = {
			request,
			response,
			answerHeaders: {},
			body,
			named: null,
			observer: undefined,
			isRepeatable: false,
			repeats: 1,
			isLastTarget: true,
			homeReplica: home.replica,
			target: null,
		};
		const outcome = await this.#send(sending, home, body);
		if (outcome === null) throw unknown(id);
		if (outcome.kind !== "unanswered") return "written";
		throw refusalError(home.target.model, [
			{ target: home.target.name, refusal: outcome },
		]);
	}

	async #send(sending: Sending, home: ResponseHome, body: Buffer | null) {
		const { sender, upstreams, services, limitsOf } = this.#parts;
		const { target, replica: id } = home;
		if (target.kind === "upstream")
			return upstreams.send(sending, body, target.name);
		const set = services.get(target.name);
		const replica = set?.replicas.find((one) => one.id === id);
		// What it kept went with it.
		if (set === undefined || replica?.phase !== "ready") return null;
		return sender.sendTo(
			sending,
			body,
			target,
			set,
			replica,
			limitsOf(target.name),
		);
	}

	/** A tenant's responses are its own. One that nobody remembers, after a restart of this gateway, is asked for everywhere. */
	async #find(id: string, tenant: string): Promise<ResponseHome | null> {
		const { homes, services } = this.#parts;
		const known = homes.find(id);
		if (known !== null) return known.tenant === tenant ? known : null;
		if (!/^[\w-]{8,256}$/.test(id)) return null;
		const asked = [...services].flatMap(([name, set]) =>
			set.replicas
				.filter(({ phase }) => phase === "ready")
				.map(async (replica): Promise<ResponseHome | null> => {
					const model = await modelOfResponse(replica, id);
					return model === null
						? null
						: {
								target: { kind: "service", name, model },
								replica: replica.id,
								tenant,
							};
				}),
		);
		const found = (await Promise.all(asked)).find((home) => home !== null);
		if (found === undefined) return null;
		homes.remember(id, found);
		return found;
	}
}

/** Null where the replica doesn't have the response. */
async function modelOfResponse(
	replica: ServiceProcess,
	id: string,
): Promise<string | null> {
	try {
		const { statusCode, body } = await replica.pool.request({
			path: `/v1/responses/${id}`,
			method: "GET",
			signal: AbortSignal.timeout(askMs),
		});
		if (statusCode !== 200) {
			await body.dump();
			return null;
		}
		const { model } = (await body.json()) as { model?: unknown };
		return typeof model === "string" ? model : "";
	} catch {
		// It is busy or going: then it isn't the one that can answer.
		return null;
	}
}

function unknown(id: string): GalleyError {
	return new GalleyError(
		"not_found",
		`Response with id '${id.slice(0, 100)}' not found. It may have been deleted, or made by a replica that has ended since.`,
		{ param: "response_id" },
	);
}
