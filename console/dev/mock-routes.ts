import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { ApiKey } from "../src/api/access-types.ts";
import type { CatalogEntry } from "../src/api/catalog-types.ts";
import type {
	BenchmarkJob,
	EvaluationJob,
	OptimizationJob,
} from "../src/api/job-types.ts";
import { mockKeys, mockUsage } from "./mock-access.ts";
import {
	type Answer,
	type MockCall,
	refused,
	sendEvents,
} from "./mock-call.ts";
import { mockCatalog, mockProfiles, searchMock } from "./mock-catalog.ts";
import { MockFleet, mockReplica, startAnew } from "./mock-fleet.ts";
import {
	answerEmbeddings,
	answerGeneration,
	answerRanking,
} from "./mock-inference.ts";
import { answerJobs } from "./mock-jobs.ts";
import {
	mockBenchmark,
	mockEvaluation,
	mockOptimization,
	pastBenchmarks,
	pastEvaluations,
	pastOptimizations,
} from "./mock-runs.ts";

export interface MockOptions {
	/** Models of the catalog. */
	entries?: number;
	/** Asks for a key: `admin-key` may everything, `read-key` may look. */
	keys?: boolean;
	/** In flight on each replica of the chat service. */
	sequences?: number;
	/** A platform that nobody has used yet. */
	empty?: boolean;
}

export class MockRoutes {
	readonly #catalog: CatalogEntry[];
	readonly #fleet: MockFleet;
	readonly #keys: ApiKey[];
	readonly #benchmarks: BenchmarkJob[];
	readonly #evaluations: EvaluationJob[];
	readonly #optimizations: OptimizationJob[];
	readonly #options: MockOptions;
	readonly #ticker: NodeJS.Timeout;

	constructor(options: MockOptions) {
		const isEmpty = options.empty === true;
		this.#options = options;
		this.#catalog = mockCatalog(options.entries ?? 64);
		this.#fleet = new MockFleet(isEmpty, options.sequences);
		this.#keys = isEmpty ? [] : mockKeys();
		this.#benchmarks = isEmpty ? [] : pastBenchmarks();
		this.#evaluations = isEmpty ? [] : pastEvaluations();
		this.#optimizations = isEmpty ? [] : pastOptimizations();
		this.#ticker = setInterval(() => this.#fleet.tick(), 1000);
	}

	close(): void {
		clearInterval(this.#ticker);
	}

	async answer(call: MockCall): Promise<Answer> {
		const { request, path, response, body, url } = call;
		const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
		const scopes = this.#scopesOf(key);
		const [, place = "", id = ""] = path;
		if (place === "session") return { body: this.#session(scopes) };
		if (scopes === null)
			return refused(401, "invalid_api_key", "Send a key of this gateway.");
		const isChange = request.method !== "GET";
		const isInference = [
			"chat",
			"completions",
			"embeddings",
			"ranking",
			"models",
		].includes(place);
		if (isChange && !isInference && !scopes.includes("admin"))
			return refused(
				403,
				"permission_denied",
				"Your key may not change anything.",
			);
		switch (place) {
			case "models":
				return { body: { object: "list", data: this.#models() } };
			case "chat":
			case "completions":
				await answerGeneration(response, body, place === "chat");
				return "written";
			case "embeddings":
				return { body: answerEmbeddings(body) };
			case "ranking":
				return { body: answerRanking(body) };
			case "fleet":
				return this.#fleetRoute(call);
			case "catalog":
				return this.#catalogRoute(call);
			case "keys":
				return this.#keyRoute(call);
			case "usage":
				return this.#usage(url, response);
			case "benchmarks":
				return answerJobs(call, this.#benchmarks, (request) =>
					mockBenchmark(
						String(request.model),
						(request.concurrency as number[] | undefined) ?? [1, 2],
						1,
					),
				);
			case "evaluations":
				return answerJobs(call, this.#evaluations, () =>
					mockEvaluation(24, 0.7),
				);
			case "optimizations":
				return answerJobs(call, this.#optimizations, (request) =>
					mockOptimization(String(request.model)),
				);
			case "blueprints":
				return { body: this.#blueprints() };
			default:
				return refused(404, "not_found", `There is no ${place}/${id} here.`);
		}
	}

	#scopesOf(key: string | undefined): string[] | null {
		if (this.#options.keys !== true) return ["inference", "read", "admin"];
		if (key === "admin-key") return ["inference", "read", "admin"];
		return key === "read-key" ? ["inference", "read"] : null;
	}

	#session(scopes: string[] | null) {
		return {
			keysRequired: this.#options.keys === true,
			signedIn: scopes !== null,
			principal:
				scopes === null
					? null
					: {
							name: scopes.includes("admin") ? "ada" : "visitor",
							tenant: "default",
							scopes,
							models: null,
						},
			version: "0.1.0",
			features: [
				"keys",
				"usage",
				"catalog",
				"benchmarks",
				"evaluations",
				"optimizations",
				"blueprints",
				"autoscale",
			],
		};
	}

	#models() {
		return this.#fleet.answer.services
			.filter(({ state }) => state === "ready" || state === "asleep")
			.map(({ name }) => ({
				id: name,
				object: "model",
				created: 1,
				owned_by: "galley",
				root: name,
				parent: null,
				max_model_len: 8192,
			}));
	}

	#fleetRoute({ path, request, response, body, url }: MockCall): Answer {
		const [, , part = "", name = "", action = ""] = path;
		if (part === "") return { body: this.#fleet.answer };
		if (part === "live") {
			sendEvents(response, () => this.#fleet.moment(), 1000);
			return "written";
		}
		if (part === "reload") return { body: { changed: [], problems: [] } };
		if (part === "autoscale") return { body: { services: this.#autoscale() } };
		if (name === "" && request.method === "POST")
			return {
				status: 202,
				body: this.#fleet.deploy(
					String(body.name),
					String(body.model),
					Number(body.replicas ?? 1),
				),
			};
		const service = this.#fleet.find(name);
		if (service === undefined)
			return refused(
				404,
				"not_found",
				`There is no service '${name}' in this fleet.`,
			);
		if (action === "logs") return this.#logs(name, url, response);
		if (request.method === "DELETE") {
			this.#fleet.services.splice(this.#fleet.services.indexOf(service), 1);
			return { status: 202, body: service };
		}
		const after = this.#fleet.replace(name, (before) => {
			const { replicas } = before;
			if (action === "stop")
				return { ...before, state: "stopped", replicas: [] };
			if (action === "scale")
				return {
					...before,
					replicas: Array.from(
						{ length: Number(body.replicas) },
						(_, place) =>
							replicas[place] ?? startAnew(mockReplica(name, place + 1)),
					),
				};
			return {
				...before,
				replicas: (replicas.length === 0
					? [mockReplica(name, 1)]
					: replicas
				).map(startAnew),
			};
		});
		return { status: 202, body: after };
	}

	#autoscale() {
		const ago = (minutes: number) =>
			new Date(Date.now() - minutes * 60_000).toISOString();
		return this.#fleet.answer.services
			.filter(({ maxReplicas }) => maxReplicas > 1)
			.map(({ name, replicas, maxReplicas }) => ({
				name,
				min: 1,
				max: maxReplicas,
				current: replicas.length,
				desired: replicas.length,
				decisions: [
					{
						at: ago(42),
						from: 1,
						to: 2,
						reason: "9.4 requests in flight a replica, target 5",
						inputs: { running: 9.4, waiting: 3, kvUse: 0.71 },
					},
					{
						at: ago(31),
						from: 2,
						to: 3,
						reason: "ITL p95 61 ms above its target of 50 ms",
						inputs: { running: 12.1, waiting: 1, itlMs: 61 },
					},
					{
						at: ago(12),
						from: 3,
						to: 2,
						reason: "5 minutes below the target: the lowest need of the window",
						inputs: { running: 4.2, waiting: 0, kvUse: 0.3 },
					},
				],
			}));
	}

	#logs(name: string, url: URL, response: ServerResponse): Answer {
		const line = (at: number, text: string) => ({
			at: new Date(at).toISOString(),
			replica: `${name}/1`,
			text,
		});
		if (url.searchParams.get("follow") === "true") {
			sendEvents(
				response,
				() =>
					line(
						Date.now(),
						`\u001b[32minfo\u001b[0m request req-${Math.floor(Math.random() * 9999)} answered in ${Math.floor(Math.random() * 900)} ms`,
					),
				1500,
			);
			return "written";
		}
		const start = Date.now() - 60_000;
		return {
			body: {
				lines: [
					"info  loading starter-chat-q8_0.gguf, 42 MB",
					"info  profile llama-q8_0-cpu: context 8192 x 16, 310 MiB",
					"info  ready on 127.0.0.1:41873 after 0.9 s",
					"warn  a client left before its answer ended",
				].map((text, place) => line(start + place * 900, text)),
			},
		};
	}

	#catalogRoute({ path, url }: MockCall): Answer {
		const [, , id = "", part = ""] = path;
		if (id === "") return { body: searchMock(this.#catalog, url.searchParams) };
		const entry = this.#catalog.find((one) => one.id === id);
		if (entry === undefined)
			return refused(404, "not_found", `The catalog has no model '${id}'.`);
		return { body: part === "profiles" ? mockProfiles(entry) : entry };
	}

	#keyRoute({ path, request, body }: MockCall): Answer {
		const [, , id = "", action = ""] = path;
		if (request.method === "GET")
			return { body: { object: "list", data: this.#keys } };
		const made = randomUUID().replaceAll("-", "");
		if (id === "") {
			const key: ApiKey = {
				id: made.slice(0, 8),
				name: String(body.name),
				prefix: `gk_${made.slice(0, 4)}`,
				tenant: "default",
				scopes: body.scopes as ApiKey["scopes"],
				models: (body.models as string[] | null) ?? null,
				limits: (body.limits as ApiKey["limits"]) ?? null,
				createdAt: new Date().toISOString(),
				expiresAt: (body.expiresAt as string | null) ?? null,
				lastUsedAt: null,
				revokedAt: null,
			};
			this.#keys.unshift(key);
			return { status: 201, body: { ...key, key: `gk_${made}` } };
		}
		const place = this.#keys.findIndex((one) => one.id === id);
		const key = this.#keys[place];
		if (key === undefined)
			return refused(404, "not_found", "There is no such key.");
		if (action === "rotate") return { body: { ...key, key: `gk_${made}` } };
		this.#keys[place] =
			request.method === "DELETE"
				? { ...key, revokedAt: new Date().toISOString() }
				: { ...key, ...body };
		return { body: this.#keys[place] };
	}

	#usage(url: URL, response: ServerResponse): Answer {
		const rows =
			this.#options.empty === true ? [] : mockUsage(url.searchParams);
		if (url.searchParams.get("format") === "csv") {
			response.setHeader("content-type", "text/csv");
			const names = Object.keys(rows[0] ?? {});
			response.end(
				[
					names.join(","),
					...rows.map((row) => Object.values(row).join(",")),
				].join("\n"),
			);
			return "written";
		}
		return {
			body: {
				from: url.searchParams.get("from"),
				to: url.searchParams.get("to"),
				by: url.searchParams.get("by"),
				rows,
			},
		};
	}

	#blueprints() {
		if (this.#options.empty === true) return [];
		return [
			{
				name: "rag-chatbot",
				title: "RAG chatbot",
				description:
					"Answers from your own web pages and files, with citations: fetching, chunking, embeddings, reranking and streaming on the public API.",
				url: "http://127.0.0.1:8080/",
				source: "blueprints/rag-chatbot",
				sourceUrl: "/blueprints/rag-chatbot/source",
				phase: "ready",
			},
			{
				name: "summaries",
				title: "Document summaries",
				description:
					"Reads long documents in parts and writes one page about them.",
				url: null,
				source: "blueprints/summaries",
				sourceUrl: null,
				phase: "stopped",
			},
		];
	}
}
