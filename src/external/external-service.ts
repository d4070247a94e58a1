import type { IncomingMessage, ServerResponse } from "node:http";
import { GalleyError } from "../core/errors.ts";
import type {
	ModelEntry,
	ModelFacts,
	ServiceLoad,
	ServiceState,
} from "../core/language-service.ts";
import { modelOf, renameModel } from "../proxy/find-model.ts";
import { type AnswerObserver, forward } from "../proxy/forward.ts";
import {
	ExternalEngine,
	type ExternalEngineOptions,
} from "./external-engine.ts";
import {
	type ExternalModels,
	externalModels,
	listModels,
} from "./external-models.ts";
import { type GateLimits, RequestGate } from "./request-gate.ts";

export interface ExternalServiceOptions
	extends Omit<ExternalEngineOptions, "onReady" | "values"> {
	/** As the engine calls it; null serves what a server has. */
	model: string | null;
	/** As clients call it; null calls it as the engine does. */
	servedName: string | null;
	limits: GateLimits;
	/** Until an answer begins, and between two pieces of it. */
	timeoutMs: number;
	profile: ModelFacts["profile"];
}

export interface ExternalCall {
	request: IncomingMessage;
	response: ServerResponse;
	body: Buffer | null;
	/** False where the path alone says what is meant. */
	needsModel: boolean;
	observer: AnswerObserver;
	/** It has left the queue; with the name of its model. */
	onBegin(model: string): void;
}

/** How long the engine's list of models is believed: adapters come and go. */
const freshMs = 10_000;

/** A model behind somebody else's server, with the limits that are Galley's own. */
export class ExternalService {
	readonly #options: ExternalServiceOptions;
	readonly #engine: ExternalEngine;
	readonly #gate: RequestGate;
	readonly #created = Math.floor(Date.now() / 1000);
	#models: ExternalModels;
	#listedAt = 0;
	readonly facts: ModelFacts;

	constructor(options: ExternalServiceOptions) {
		this.#options = options;
		const { model, servedName, limits, profile } = options;
		const name = servedName ?? model ?? "external";
		this.#gate = new RequestGate(limits);
		this.#engine = new ExternalEngine({
			...options,
			values: { model: model ?? "", name },
			onReady: async () => this.#list(),
		});
		this.#models = externalModels(
			[{ id: model ?? name, parent: null, maxModelLength: 0 }],
			{ model, servedName, created: this.#created },
		);
		this.facts = {
			architecture: "external",
			name,
			parameters: null,
			precision: "unknown",
			trainedContextLength: null,
			vocabularySize: 0,
			license: null,
			sizeBytes: 0,
			sha256: null,
			origin: null,
			hasChatTemplate: true,
			profile,
		};
	}

	get engine(): ExternalEngine {
		return this.#engine;
	}

	get model(): ModelEntry {
		return this.#models.entries[0] as ModelEntry;
	}

	models(): readonly ModelEntry[] {
		if (performance.now() - this.#listedAt > freshMs && this.isReady) {
			this.#listedAt = performance.now();
			// What is known is told now; who asks again hears what has changed.
			this.#list().catch((error: unknown) =>
				this.#options.onLog("warn", String(error)),
			);
		}
		return this.#models.entries;
	}

	state(): ServiceState {
		return this.#engine.state;
	}

	get isReady(): boolean {
		return this.#engine.state.phase === "ready";
	}

	load(): ServiceLoad {
		return {
			running: this.#gate.running,
			waiting: this.#gate.waiting,
			kvCacheUsage: 0,
			maxSequences: this.#options.limits.maxRunning,
		};
	}

	/**
	 * Passes a request on when it is its turn. Throws GalleyError while the client has heard nothing; resolves when the answer has
	 * ended, whoever ended it.
	 */
	async answer(call: ExternalCall): Promise<"answered" | "left" | "broken"> {
		const { request, response, observer } = call;
		const { model, body } = await this.#named(call);
		let leave = () => {};
		const left = () => leave();
		response.once("close", left);
		const end = await this.#gate
			.enter((given) => {
				leave = given;
			})
			.finally(() => response.off("close", left));
		if (end === null) return "left";
		try {
			const place = this.#engine.place;
			if (place === null || !this.isReady) throw this.#away();
			call.onBegin(model);
			const outcome = await forward({
				request,
				response,
				body,
				dispatcher: place.pool,
				origin: place.origin,
				path: place.base + (request.url ?? "/"),
				headers: {
					authorization: "",
					"x-api-key": "",
					...this.#options.headers,
				},
				timeoutMs: this.#options.timeoutMs,
				refuses: (status) => status === 502 || status === 503,
				observer,
			});
			if (outcome.kind === "lost") return "left";
			if (outcome.kind !== "unanswered") return outcome.kind;
			const { cause, reason, retryAfterSeconds } = outcome;
			if (cause === "silent")
				throw new GalleyError("deadline_exceeded", `The engine: ${reason}.`);
			if (cause === "unreadable")
				throw new GalleyError("upstream_error", `The engine: ${reason}.`);
			throw new GalleyError(
				cause === "reset" ? "engine_crashed" : "engine_unavailable",
				`The engine: ${reason}. Send the request again.`,
				{ retryAfterSeconds: retryAfterSeconds ?? 2 },
			);
		} finally {
			end();
		}
	}

	/** Refuses what is new and waits for what runs, up to the limit; then the engine ends, where it is ours. */
	async stop(drainMs: number): Promise<void> {
		this.#engine.drain();
		this.#gate.refuseAll(
			new GalleyError("draining", "The service is shutting down.", {
				retryAfterSeconds: 10,
			}),
		);
		const until = performance.now() + drainMs;
		while (this.#gate.running > 0 && performance.now() < until)
			await new Promise((resolve) => setTimeout(resolve, 20));
		await this.#engine.stop();
	}

	async #list(): Promise<void> {
		const place = this.#engine.place;
		if (place === null) return;
		const { model, servedName, headers } = this.#options;
		const list = await listModels(place.pool, place.base, headers);
		this.#models = externalModels(list, {
			model,
			servedName,
			created: this.#created,
		});
		this.#listedAt = performance.now();
	}

	async #named({
		body,
		request,
		needsModel,
	}: ExternalCall): Promise<{ model: string; body: Buffer | null }> {
		const named =
			body === null ? null : modelOf(body, request.headers["content-type"]);
		if (body === null || named === null) {
			if (!needsModel) return { model: this.model.id, body };
			throw new GalleyError(
				"invalid_request",
				`The body names no model: give the field 'model' the name '${this.model.id}'.`,
				{ param: "model" },
			);
		}
		const isOld = performance.now() - this.#listedAt > 1000;
		if (!this.#models.names.has(named.name) && this.isReady && isOld)
			await this.#list();
		const theirs = this.#models.names.get(named.name);
		if (theirs === undefined)
			throw new GalleyError(
				"model_not_found",
				`The model '${named.name.slice(0, 200)}' does not exist here. Available: ${[...this.#models.names.keys()].map((id) => `'${id}'`).join(", ")}.`,
				{ param: "model" },
			);
		return {
			model: named.name,
			body: theirs === named.name ? body : renameModel(body, named, theirs),
		};
	}

	#away(): GalleyError {
		return new GalleyError(
			"engine_unavailable",
			"The engine is not ready. Try again later.",
			{ retryAfterSeconds: 2 },
		);
	}
}
