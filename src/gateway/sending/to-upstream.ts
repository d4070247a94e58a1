import { Agent } from "undici";
import { type ForwardOutcome, forward } from "../../proxy/forward.ts";
import { isRefusalStatus } from "../../proxy/refusal.ts";
import type { Fleet } from "../fleet/fleet-file.ts";
import { healthSign } from "../routing/retry.ts";
import type { Breakers } from "./breakers.ts";
import { type Sending, unasked } from "./sending.ts";

type Upstream = Fleet["upstreams"][number];

/** How often an upstream that failed is asked whether it is back. */
const probeMs = 2000;
const probeTimeoutMs = 5000;

/** Sends requests to endpoints that somebody else runs. */
export class UpstreamSender {
	readonly #fleet: Pick<Fleet, "upstreams">;
	readonly #environment: Readonly<Record<string, string | undefined>>;
	readonly #breakers: Breakers;
	readonly #agent = new Agent({ pipelining: 1, connections: null });
	readonly #timer: NodeJS.Timeout;
	/** What is read from an upstream's settings once. */
	readonly #places = new WeakMap<Upstream, Place>();

	constructor(
		fleet: Pick<Fleet, "upstreams">,
		environment: Readonly<Record<string, string | undefined>>,
		breakers: Breakers,
	) {
		this.#fleet = fleet;
		this.#environment = environment;
		this.#breakers = breakers;
		this.#timer = setInterval(() => void this.#probe(), probeMs).unref();
	}

	async close(): Promise<void> {
		clearInterval(this.#timer);
		await this.#agent.destroy();
	}

	async send(
		sending: Sending,
		body: Buffer | null,
		name: string,
	): Promise<ForwardOutcome> {
		const upstream = this.#fleet.upstreams.find((one) => one.name === name);
		if (upstream === undefined) return unasked("it is gone", null);
		const id = breakerId(name);
		if (!this.#breakers.admits(id)) {
			const { waitMs, reason } = this.#breakers.state(id);
			return unasked(
				`it failed again and again, and is left alone for a while (${reason})`,
				waitMs / 1000,
			);
		}
		const { request, response, answerHeaders, observer } = sending;
		const { origin, headers, base, key } = this.#place(upstream);
		this.#breakers.begin(id);
		sending.attempts = (sending.attempts ?? 0) + 1;
		const watch = sending.watch?.({
			target: sending.target ?? { kind: "upstream", name, ...noModel },
			number: sending.attempts,
			isHedge: false,
		});
		const outcome = await forward({
			request,
			response,
			answerHeaders,
			body,
			dispatcher: this.#agent,
			origin,
			path: base + (request.url ?? "/"),
			headers: watch === undefined ? headers : { ...headers, ...watch.headers },
			timeoutMs: upstream.timeoutSeconds * 1000,
			refuses,
			observer,
		});
		watch?.end(outcome);
		const sign = healthSign(outcome, "upstream");
		this.#breakers.end(id, sign, "reason" in outcome ? outcome.reason : "");
		if (outcome.kind !== "unanswered" || outcome.status !== 401) return outcome;
		const { apiKeyEnv } = upstream;
		return {
			...outcome,
			cause: "unreadable",
			reason:
				key === undefined
					? `it asks for a key: ${apiKeyEnv === undefined ? "name its variable with apiKeyEnv" : `set ${apiKeyEnv}`}`
					: `it doesn't accept the key of ${apiKeyEnv}`,
		};
	}

	#place(upstream: Upstream): Place {
		const known = this.#places.get(upstream);
		if (known !== undefined) return known;
		const { url, apiKeyEnv } = upstream;
		const { origin, host, pathname } = new URL(url);
		// Its address may end in /v1, as clients write it.
		const base = pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
		const key =
			apiKeyEnv === undefined ? undefined : this.#environment[apiKeyEnv];
		const place: Place = {
			origin,
			base,
			key,
			headers: {
				host,
				// The client's key is for here and is nobody's business there.
				authorization: key === undefined ? "" : `Bearer ${key}`,
				"x-api-key": "",
				cookie: "",
			},
		};
		this.#places.set(upstream, place);
		return place;
	}

	/** So that no client's request has to find out whether an upstream is back. */
	async #probe(): Promise<void> {
		await Promise.all(
			this.#fleet.upstreams.map(async (upstream) => {
				const id = breakerId(upstream.name);
				if (this.#breakers.state(id).kind === "closed") return;
				if (!this.#breakers.admits(id)) return;
				this.#breakers.begin(id);
				const reason = await this.#problem(upstream);
				this.#breakers.end(id, reason === null ? "good" : "bad", reason ?? "");
			}),
		);
	}

	/** Null when it answers: an API lists its models, or at least refuses to in JSON. */
	async #problem(upstream: Upstream): Promise<string | null> {
		const { origin, base, key } = this.#place(upstream);
		try {
			const { statusCode, headers, body } = await this.#agent.request({
				origin,
				path: base + (upstream.healthPath ?? "/v1/models"),
				method: "GET",
				headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
				signal: AbortSignal.timeout(probeTimeoutMs),
			});
			await body.dump();
			if (statusCode >= 500) return `its probe answered ${statusCode}`;
			const isPage = String(headers["content-type"]).startsWith("text/html");
			return isPage ? "its probe answered with a web page" : null;
		} catch (error) {
			return error instanceof Error ? error.message : "no answer";
		}
	}
}

const noModel = { model: "", replica: null };

interface Place {
	origin: string;
	/** What stands before the client's path. */
	base: string;
	key: string | undefined;
	headers: Readonly<Record<string, string>>;
}

/** One that doesn't know this gateway takes nothing from it. */
const refuses = (status: number) => status === 401 || isRefusalStatus(status);

export const breakerId = (upstream: string) => `upstream:${upstream}`;
