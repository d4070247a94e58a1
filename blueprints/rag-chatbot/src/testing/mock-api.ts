import type { AddressInfo } from "node:net";
import fastify, { type FastifyReply } from "fastify";
import {
	defaultAnswerSettings,
	type StillReading,
} from "../answer/answer-question.ts";
import { addPageRoutes } from "../api/page-routes.ts";
import type { CitationShape, JobShape } from "../api/shapes.ts";
import { validateByZod } from "../api/zod-types.ts";
import { noCounts, type PageReport } from "../ingest/ingest-job.ts";
import {
	guide,
	mapPoints,
	sampleCitations,
	sampleCollection,
	sampleDocument,
	sampleStages,
} from "./mock-samples.ts";

type Body = Record<string, unknown>;

/** What the next answer says, and how fast. */
export interface MockAnswer {
	text: string;
	citations: CitationShape[];
	/** Between two pieces. */
	pauseMs: number;
	/** The stream ends so, instead of with `[DONE]`. */
	breaksWith?: string;
	/** Collections that are still read. */
	reading?: StillReading[];
}

/** The page with an API that answers from memory: what the page shows is what a test put here. */
export class MockApi {
	/** Each request that changes or asks something. */
	readonly asked: { method: string; path: string; body: Body }[] = [];
	readonly app = validateByZod(
		fastify({ logger: false, forceCloseConnections: true }),
	);
	/** Null: no key is needed. */
	key: string | null = null;
	collections = [sampleCollection];
	documents = [sampleDocument];
	conversations: { id: string; title: string; messages: Body[] }[] = [];
	answer: MockAnswer = {
		text: guide.answer,
		citations: sampleCitations,
		pauseMs: 0,
	};
	pages: PageReport[] = [];
	/** Between two pages of a job. */
	pagePauseMs = 0;
	/** Answer streams that the page closed before their end. */
	leftEarly = 0;
	jobs: JobShape[] = [];

	static async open(): Promise<MockApi> {
		const mock = new MockApi();
		await addPageRoutes(mock.app);
		mock.#addRoutes();
		await mock.app.listen({ port: 0, host: "127.0.0.1" });
		return mock;
	}

	get url(): string {
		const { port } = this.app.server.address() as AddressInfo;
		return `http://127.0.0.1:${port}`;
	}

	close(): Promise<void> {
		return this.app.close();
	}

	/** The bodies that a route was sent. */
	bodies(method: string, path: string): Body[] {
		return this.asked
			.filter((one) => one.method === method && one.path === path)
			.map(({ body }) => body);
	}

	#addRoutes(): void {
		const { app } = this;
		app.addContentTypeParser(
			"multipart/form-data",
			{ parseAs: "string" },
			(_request, body, done) => done(null, { multipart: body }),
		);
		app.addHook("preHandler", async (request, reply) => {
			if (!request.url.startsWith("/v1/")) return;
			if (
				this.key !== null &&
				request.headers.authorization !== `Bearer ${this.key}`
			)
				return reply.code(401).send(toError("This server needs a key."));
			this.asked.push({
				method: request.method,
				path: request.url,
				body: (request.body ?? {}) as Body,
			});
		});
		this.#addKnowledge();
		this.#addJobs();
		this.#addConversations();
		app.post("/v1/chat/completions", (request, reply) =>
			this.#stream(request.body as Body, reply),
		);
		app.get("/v1/settings", async () => ({
			principal: "local",
			hasKeys: this.key !== null,
			services: {
				chat: service("starter-chat", null),
				embedding: service("starter-embed", null),
				rerank: service(
					"starter-rerank",
					"connect ECONNREFUSED 127.0.0.1:8003",
				),
			},
			answer: defaultAnswerSettings,
		}));
		app.post("/v1/explore/similarity", async (request) => {
			const { texts } = request.body as { texts: string[] };
			return {
				matrix: texts.map((_, row) =>
					texts.map((_, column) => 1 / (1 + Math.abs(row - column))),
				),
			};
		});
	}

	#addKnowledge(): void {
		const { app } = this;
		app.get("/v1/collections", async () => ({ collections: this.collections }));
		app.post("/v1/collections", async (request, reply) => {
			const { name } = request.body as { name: string };
			const made = {
				...sampleCollection,
				id: "new",
				name,
				documents: 0,
				chunks: 0,
			};
			this.collections.push(made);
			return reply.code(201).send(made);
		});
		app.get("/v1/collections/:id", async (request, reply) => {
			const found = this.collections.find(({ id }) => id === idOf(request));
			return (
				found ?? reply.code(404).send(toError("There is no such collection."))
			);
		});
		app.delete("/v1/collections/:id", async (request, reply) => {
			this.collections = this.collections.filter(
				({ id }) => id !== idOf(request),
			);
			return reply.code(204).send();
		});
		app.get("/v1/collections/:id/grants", async () => ({
			grants: [{ principal: "anna", access: "read" }],
		}));
		app.get("/v1/collections/:id/documents", async () => ({
			documents: this.documents,
			cursor: null,
		}));
		app.get("/v1/collections/:id/map", async () => ({
			chunks: 400,
			points: mapPoints(400),
		}));
		app.get("/v1/documents/:id", async () => ({
			...sampleDocument,
			markdown: guide.markdown,
			pieces: [
				{
					id: "chunk-1",
					ordinal: 0,
					headings: [],
					start: 0,
					end: 60,
					tokens: 9,
				},
			],
		}));
		app.delete("/v1/documents/:id", async (request, reply) => {
			this.documents = this.documents.filter(({ id }) => id !== idOf(request));
			return reply.code(204).send();
		});
	}

	#addJobs(): void {
		const { app } = this;
		app.get("/v1/collections/:id/jobs", async () => ({ jobs: this.jobs }));
		app.post("/v1/collections/:id/ingest", async (_request, reply) => {
			const job: JobShape = {
				id: "job-1",
				collectionId: sampleCollection.id,
				kind: "crawl",
				label: "https://example.com/docs/",
				state: "running",
				counts: noCounts,
				problem: null,
				refreshHours: null,
				nextRunAt: null,
				createdAt: sampleCollection.createdAt,
				startedAt: sampleCollection.createdAt,
				finishedAt: null,
			};
			this.jobs = [job];
			return reply.code(202).send({ job });
		});
		app.get("/v1/jobs/:id", async () => ({
			...this.jobs[0],
			pages: this.pages,
		}));
		app.delete("/v1/jobs/:id", async () => {
			const job = {
				...(this.jobs[0] as JobShape),
				state: "cancelled" as const,
			};
			this.jobs = [job];
			return job;
		});
		app.get("/v1/jobs/:id/events", async (_request, reply) => {
			const write = openStream(reply);
			let counts = { ...noCounts, pages: this.pages.length };
			for (const page of this.pages) {
				counts = {
					...counts,
					stored: counts.stored + (page.state === "stored" ? 1 : 0),
					failed: counts.failed + (page.state === "failed" ? 1 : 0),
					chunks: counts.chunks + page.chunks,
				};
				write({ page, counts }, "page");
				await pause(this.pagePauseMs);
				if (reply.raw.destroyed) return;
			}
			const job = {
				...(this.jobs[0] as JobShape),
				state: "finished" as const,
				counts,
			};
			this.jobs = [job];
			write(job, "end");
			reply.raw.end();
		});
	}

	#addConversations(): void {
		const { app } = this;
		app.get("/v1/conversations", async () => ({
			conversations: this.conversations,
		}));
		app.post("/v1/conversations", async (request, reply) => {
			const { title } = request.body as { title: string };
			const made = {
				id: `talk-${this.conversations.length}`,
				title,
				messages: [],
			};
			this.conversations.unshift(made);
			return reply.code(201).send(made);
		});
		app.get("/v1/conversations/:id", async (request, reply) => {
			const found = this.conversations.find(({ id }) => id === idOf(request));
			return (
				found ?? reply.code(404).send(toError("There is no such conversation."))
			);
		});
		app.delete("/v1/conversations/:id", async (request, reply) => {
			this.conversations = this.conversations.filter(
				({ id }) => id !== idOf(request),
			);
			return reply.code(204).send();
		});
		app.put("/v1/messages/:id/feedback", (_request, reply) =>
			reply.code(204).send(),
		);
	}

	async #stream(_body: Body, reply: FastifyReply): Promise<void> {
		const { text, citations, pauseMs, breaksWith, reading = [] } = this.answer;
		const write = openStream(reply);
		const say = (delta: object, finish: string | null = null) =>
			write({ choices: [{ index: 0, delta, finish_reason: finish }] });
		for (const stage of sampleStages) say({ stages: [stage] });
		for (const citation of citations) say({ citations: [citation] });
		for (const content of text.match(/[\s\S]{1,24}/g) ?? []) {
			say({ content });
			if (pauseMs > 0) await pause(pauseMs);
			if (reply.raw.destroyed) {
				this.leftEarly++;
				return;
			}
		}
		if (breaksWith === undefined) {
			const kind = reading.length === 0 ? "model" : "none";
			say({ kind, reading, messageId: "message-1" }, "stop");
			write("[DONE]");
		} else write(toError(breaksWith));
		reply.raw.end();
	}
}

function openStream(reply: FastifyReply) {
	reply.hijack();
	reply.raw.writeHead(200, { "content-type": "text/event-stream" });
	return (data: unknown, event: string | null = null): void => {
		const text = typeof data === "string" ? data : JSON.stringify(data);
		reply.raw.write(
			`${event === null ? "" : `event: ${event}\n`}data: ${text}\n\n`,
		);
	};
}

function service(model: string, problem: string | null) {
	return {
		url: "http://127.0.0.1:8000/v1",
		model,
		isReachable: problem === null,
		problem,
	};
}

function toError(message: string) {
	return { error: { message, type: "error", param: null, code: "error" } };
}

function idOf({ params }: { params: unknown }): string {
	return (params as { id: string }).id;
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
