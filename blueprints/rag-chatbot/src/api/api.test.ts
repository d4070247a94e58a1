import type { InjectOptions } from "fastify";
import type { Database } from "galley/store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";
import { article, TrapSite } from "../testing/trap-site.ts";
import type {
	CollectionShape,
	DocumentShape,
	JobShape,
	PassageShape,
	WholeDocumentShape,
	WholeJobShape,
} from "./shapes.ts";

let database: Database;
let server: TestServer;
let site: TrapSite;

beforeAll(async () => {
	[database, site] = await Promise.all([openTestDatabase(), TrapSite.open()]);
	server = await openTestServer(database, {
		RAG_API_KEYS: "alice:alice-key-1,bob:bob-key-22",
		ALLOWED_HOSTS: site.host,
	});
	await described.open();
}, 60_000);
afterAll(async () => {
	await server.close();
	await Promise.all([database.close(), site.close()]);
});
afterEach(() => expect(server.problems).toEqual([]));

const keys = { alice: "alice-key-1", bob: "bob-key-22" };

async function call<Answer = Record<string, unknown>>(
	who: keyof typeof keys | null,
	method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
	url: string,
	payload?: InjectOptions["payload"],
	headers: Record<string, string> = {},
): Promise<{ status: number; body: Answer; text: string }> {
	const response = await server.app.inject({
		method,
		url,
		...(payload === undefined ? {} : { payload }),
		headers: {
			...(who === null ? {} : { authorization: `Bearer ${keys[who]}` }),
			...headers,
		},
	});
	described.check(method, url, response);
	const isJson = /json/.test(String(response.headers["content-type"]));
	const body = (isJson ? response.json() : null) as Answer;
	return { status: response.statusCode, body, text: response.payload };
}

/** Holds all that the server answers in this file to what /openapi.json says of it. */
class Described {
	#paths: Record<string, Record<string, DescribedOperation>> = {};
	readonly seen = new Set<string>();

	async open(): Promise<void> {
		const { payload } = await server.app.inject({ url: "/openapi.json" });
		this.#paths = JSON.parse(payload).paths;
	}

	get operations(): string[] {
		return Object.entries(this.#paths).flatMap(([path, operations]) =>
			Object.entries(operations).flatMap(([method, { responses }]) =>
				Object.keys(responses)
					.filter((status) => status.startsWith("2"))
					.map((status) => `${method} ${path} ${status}`),
			),
		);
	}

	check(
		method: string,
		url: string,
		{
			statusCode,
			headers,
			payload,
		}: { statusCode: number; headers: object; payload: string },
	): void {
		const [asked = ""] = url.split("?");
		const path = Object.keys(this.#paths).find((path) =>
			new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`).test(asked),
		);
		const what = `${method.toLowerCase()} ${path} ${statusCode}`;
		const response =
			this.#paths[path ?? ""]?.[method.toLowerCase()]?.responses[statusCode];
		expect(response, `${what} of ${url} is described`).toBeDefined();
		this.seen.add(what);
		const [type = ""] = String(
			(headers as Record<string, unknown>)["content-type"] ?? "",
		).split(";");
		if (response?.content === undefined) {
			expect(payload).toBe("");
			return;
		}
		const schema = response.content[type]?.schema;
		expect(schema, `${what} as ${type} is described`).toBeDefined();
		const isStream = type === "text/event-stream";
		const answers =
			type === "text/plain"
				? [payload]
				: isStream
					? eventsOf(payload)
					: [JSON.parse(payload)];
		const known =
			"$ref" in (schema as object)
				? errorSchema
				: z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);
		for (const answer of answers)
			expect(
				known.safeParse(answer).error?.issues ?? [],
				`${what}: ${JSON.stringify(answer).slice(0, 500)}`,
			).toEqual([]);
	}
}

interface DescribedOperation {
	responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const errorSchema = z.strictObject({
	error: z.strictObject({
		message: z.string().min(1),
		type: z.string(),
		param: z.string().nullable(),
		code: z.string(),
	}),
});

/** The data of the unnamed events and of those of pages: what ends a job's stream is the job, what ends an answer is no JSON. */
function eventsOf(payload: string): unknown[] {
	return payload.split("\n\n").flatMap((event) => {
		const [, name, data] = /^(?:event: (\w+)\n)?data: (.*)$/s.exec(event) ?? [];
		if (data === undefined || data === "[DONE]" || name === "end") return [];
		return [JSON.parse(data)];
	});
}

const described = new Described();
let number = 0;

async function collectionOf(who: keyof typeof keys): Promise<string> {
	const { status, body } = await call<CollectionShape>(
		who,
		"POST",
		"/v1/collections",
		{ name: `collection ${number++}` },
	);
	expect(status).toBe(201);
	return body.id;
}

async function ingest(
	who: keyof typeof keys,
	id: string,
	payload: InjectOptions["payload"],
	headers: Record<string, string> = {},
): Promise<WholeJobShape> {
	const { status, body } = await call<{ job: JobShape }>(
		who,
		"POST",
		`/v1/collections/${id}/ingest`,
		payload,
		headers,
	);
	expect(status, JSON.stringify(body)).toBe(202);
	// The stream of a job ends with the job.
	await call(who, "GET", `/v1/jobs/${body.job.id}/events`);
	return (await call<WholeJobShape>(who, "GET", `/v1/jobs/${body.job.id}`))
		.body;
}

const rivers = {
	text: "The Elbe begins in the Giant Mountains. It flows into the North Sea at Cuxhaven.",
	title: "Rivers",
};

describe("collections and documents", () => {
	test("a text is read, listed, shown, found and deleted", async () => {
		const id = await collectionOf("alice");
		const job = await ingest("alice", id, rivers);
		expect(job).toMatchObject({
			state: "finished",
			label: "Rivers",
			counts: { pages: 1, stored: 1, chunks: 1 },
			pages: [{ source: "note:Rivers", state: "stored", title: "Rivers" }],
		});
		const collection = await call<CollectionShape>(
			"alice",
			"GET",
			`/v1/collections/${id}`,
		);
		expect(collection.body).toMatchObject({ documents: 1, access: "owner" });
		const { body } = await call<{ documents: DocumentShape[] }>(
			"alice",
			"GET",
			`/v1/collections/${id}/documents`,
		);
		const documentId = body.documents[0]?.id ?? "";
		const whole = await call<WholeDocumentShape>(
			"alice",
			"GET",
			`/v1/documents/${documentId}`,
		);
		expect(whole.body.markdown).toContain("# Rivers");
		expect(whole.body.pieces[0]?.end).toBe(whole.body.markdown.length);
		const found = await call<{ passages: PassageShape[] }>(
			"alice",
			"POST",
			"/v1/search",
			{ query: "Where does the Elbe flow?", collections: [id] },
		);
		expect(found.body.passages[0]).toMatchObject({
			documentId,
			collectionId: id,
			source: "note:Rivers",
			url: null,
		});
		expect(found.body.passages[0]?.scores.relevance).not.toBeNull();
		const gone = await call("alice", "DELETE", `/v1/documents/${documentId}`);
		expect(gone.status).toBe(204);
		const again = await call("alice", "GET", `/v1/documents/${documentId}`);
		expect(again.status).toBe(404);
	});

	test("a site is crawled; pages that fail say why and others go on", async () => {
		site.pages.set(
			"/",
			article(
				"Start",
				`<p>${"All about lighthouses on this coast. ".repeat(8)}</p>`,
				'<a href="/missing">x</a>',
			),
		);
		const id = await collectionOf("alice");
		const job = await ingest("alice", id, {
			crawl: { urls: [site.url("/"), "http://10.0.0.1/"], maxDepth: 1 },
		});
		expect(job.counts).toMatchObject({ stored: 1, failed: 2 });
		expect(job.pages.map(({ problem }) => problem?.code)).toEqual(
			expect.arrayContaining(["http_status", "private_address"]),
		);
		const listed = await call<{ jobs: JobShape[] }>(
			"alice",
			"GET",
			`/v1/collections/${id}/jobs`,
		);
		expect(listed.body.jobs).toHaveLength(1);
	});

	test("files come as multipart, and what can't be read is named", async () => {
		const id = await collectionOf("alice");
		const form = new FormData();
		form.append("files", new File(["# Tides\n\nThe sea rises."], "tides.md"));
		form.append("files", new File(["# Tides\n\nOther words."], "tides.md"));
		form.append("files", new File(["x"], "../../etc/film.mp4"));
		const request = new Request("http://x", { method: "POST", body: form });
		const job = await ingest(
			"alice",
			id,
			Buffer.from(await request.arrayBuffer()),
			{ "content-type": request.headers.get("content-type") ?? "" },
		);
		expect(job.pages).toMatchObject([
			{ source: "upload:film.mp4", state: "failed" },
			{ source: "upload:tides (2).md", state: "stored" },
			{ source: "upload:tides.md", state: "stored" },
		]);
	});

	test.each([
		[{}, /one of urls/],
		[{ urls: ["http://a.example/"], text: "both" }, /one of urls/],
		[{ urls: ["file:///etc/passwd"] }, /urls/],
		[{ text: "x", refreshHours: 1 }, /read again/],
		[{ urls: ["http://a.example/"], depth: 1 }, /depth/],
	])("%j is not an ingest", async (body, message) => {
		const id = await collectionOf("alice");
		const answer = await call<{ error: { message: string } }>(
			"alice",
			"POST",
			`/v1/collections/${id}/ingest`,
			body,
		);
		expect(answer.status).toBe(400);
		expect(answer.body.error.message).toMatch(message);
	});

	test("without its embedding service a collection can't be made, and says why", async () => {
		server.services.failures.push(503);
		const answer = await call<{ error: { code: string } }>(
			"alice",
			"POST",
			"/v1/collections",
			{ name: "x" },
		);
		expect(answer.status).toBe(503);
		expect(answer.body.error.code).toBe("service_unavailable");
	});
});

describe("two keys", () => {
	test("never see each other's, whatever they try", async () => {
		const id = await collectionOf("alice");
		const job = await ingest("alice", id, {
			text: "The secret word is marzipan, said the keeper of secrets.",
			title: "Secret",
		});
		const { body } = await call<{ documents: DocumentShape[] }>(
			"alice",
			"GET",
			`/v1/collections/${id}/documents`,
		);
		const document = body.documents[0]?.id;
		const conversation = await call<{ id: string }>(
			"alice",
			"POST",
			"/v1/conversations",
			{},
		);
		const asked = {
			model: `rag:${id}`,
			messages: [{ role: "user", content: "What is the secret word?" }],
			settings: { answer: "extractive" },
		};
		const attempts: [
			"GET" | "POST" | "PUT" | "PATCH" | "DELETE",
			string,
			object?,
		][] = [
			["GET", `/v1/collections/${id}`],
			["PATCH", `/v1/collections/${id}`, { name: "mine" }],
			["DELETE", `/v1/collections/${id}`],
			["GET", `/v1/collections/${id}/grants`],
			["PUT", `/v1/collections/${id}/grants/bob`, { access: "read" }],
			["DELETE", `/v1/collections/${id}/grants/alice`],
			["GET", `/v1/collections/${id}/documents`],
			["GET", `/v1/documents/${document}`],
			["DELETE", `/v1/documents/${document}`],
			["POST", `/v1/collections/${id}/ingest`, { text: "spam" }],
			["GET", `/v1/collections/${id}/jobs`],
			["GET", `/v1/jobs/${job.id}`],
			["DELETE", `/v1/jobs/${job.id}`],
			["GET", `/v1/jobs/${job.id}/events`],
			["GET", `/v1/collections/${id}/map`],
			["POST", "/v1/search", { query: "secret", collections: [id] }],
			["POST", "/v1/chat/completions", asked],
			["POST", "/v1/chat/completions", { ...asked, stream: true }],
			["GET", `/v1/conversations/${conversation.body.id}`],
			["DELETE", `/v1/conversations/${conversation.body.id}`],
			[
				"POST",
				"/v1/chat/completions",
				{ ...asked, model: "rag", conversation: conversation.body.id },
			],
		];
		for (const [method, url, payload] of attempts) {
			const answer = await call("bob", method, url, payload);
			expect(answer.status, `${method} ${url}: ${answer.text}`).toBe(404);
			expect(answer.text).not.toContain("marzipan");
		}
		const everything = await call("bob", "POST", "/v1/search", {
			query: "secret word marzipan",
		});
		expect(everything.text).not.toContain("keeper");
		const answer = await call("bob", "POST", "/v1/chat/completions", {
			...asked,
			model: "rag",
		});
		expect(answer.status).toBe(200);
		expect(answer.text).not.toContain("marzipan");
		for (const url of ["/v1/collections", "/v1/models", "/v1/conversations"])
			expect((await call("bob", "GET", url)).text).not.toContain(id);
		const own = await call("alice", "POST", "/v1/search", { query: "secret" });
		expect(own.text).toContain("marzipan");
	});

	test("what is granted is seen, until it is withdrawn", async () => {
		const id = await collectionOf("alice");
		const grant = `/v1/collections/${id}/grants/bob`;
		await call("alice", "PUT", grant, { access: "read" });
		const seen = await call<CollectionShape>(
			"bob",
			"GET",
			`/v1/collections/${id}`,
		);
		expect(seen.body.access).toBe("read");
		const refused = await call("bob", "POST", `/v1/collections/${id}/ingest`, {
			text: "spam",
		});
		expect(refused.status).toBe(403);
		await call("alice", "PUT", grant, { access: "write" });
		expect((await ingest("bob", id, rivers)).state).toBe("finished");
		await call("alice", "DELETE", grant);
		expect((await call("bob", "GET", `/v1/collections/${id}`)).status).toBe(
			404,
		);
	});

	test("no key, no answer; a stranger's page gets none either", async () => {
		expect((await call(null, "GET", "/v1/collections")).status).toBe(401);
		expect((await call(null, "GET", "/v1/settings")).status).toBe(401);
		const strange = await call("alice", "GET", "/v1/collections", undefined, {
			origin: "https://evil.example",
		});
		expect(strange.status).toBe(403);
		expect((await call(null, "GET", "/health")).body).toEqual({ status: "ok" });
	});
});

describe("answers", () => {
	let id = "";
	beforeAll(async () => {
		id = await collectionOf("alice");
		await ingest("alice", id, rivers);
		server.services.answer = () => "Into the North Sea [1].";
	});
	const question = "Where does the Elbe flow into?";
	const ask = (more: object) =>
		call<{
			choices: {
				message: {
					content: string;
					kind: string;
					messageId: string | null;
					citations: { number: number; title: string; text: string }[];
					stages: { stage: string }[];
				};
			}[];
		}>("alice", "POST", "/v1/chat/completions", {
			model: `rag:${id}`,
			messages: [{ role: "user", content: question }],
			...more,
		});

	test("have the text of OpenAI's, and citations beside it", async () => {
		const { body } = await ask({});
		const message = body.choices[0]?.message;
		expect(message).toMatchObject({
			content: "Into the North Sea [1].",
			kind: "model",
			messageId: null,
			citations: [{ number: 1, title: "Rivers" }],
		});
		expect(message?.stages.map(({ stage }) => stage)).toContain("rerank");
	});

	test("stream, each event one chunk, and end once", async () => {
		const { text } = await call("alice", "POST", "/v1/chat/completions", {
			model: `rag:${id}`,
			stream: true,
			messages: [{ role: "user", content: question }],
		});
		const events = text
			.split("\n\n")
			.filter((event) => event !== "")
			.map((event) => event.replace("data: ", ""));
		expect(events.at(-1)).toBe("[DONE]");
		const deltas = events.slice(0, -1).map(
			(event) =>
				JSON.parse(event).choices[0] as {
					delta: { content?: string; citations?: unknown[]; kind?: string };
					finish_reason: string | null;
				},
		);
		expect(deltas.map(({ delta }) => delta.content ?? "").join("")).toBe(
			"Into the North Sea [1].",
		);
		expect(deltas.flatMap(({ delta }) => delta.citations ?? [])).toHaveLength(
			1,
		);
		expect(deltas.at(-1)).toMatchObject({
			delta: { kind: "model" },
			finish_reason: "stop",
		});
		expect(deltas.filter((delta) => delta.finish_reason)).toHaveLength(1);
	});

	test("quote, and point to the sentence", async () => {
		const { body } = await ask({ settings: { answer: "extractive" } });
		const message = body.choices[0]?.message;
		expect(message?.kind).toBe("extractive");
		expect(message?.citations[0]?.text).toMatch(/^The Elbe .*\.$/);
		expect(rivers.text).toContain(message?.citations[0]?.text);
	});

	test("are kept in a conversation, with its title, and rated", async () => {
		const { body: begun } = await call<{ id: string }>(
			"alice",
			"POST",
			"/v1/conversations",
			{},
		);
		const first = await ask({ conversation: begun.id });
		const messageId = first.body.choices[0]?.message.messageId;
		await ask({
			conversation: begun.id,
			messages: [{ role: "user", content: "And where does it begin?" }],
		});
		const asked = server.services.asked.filter(
			({ path }) => path === "/v1/chat/completions",
		);
		expect(JSON.stringify(asked.at(-1))).toContain("Into the North Sea");
		const rating = (who: "alice" | "bob", value: number | null) =>
			call(who, "PUT", `/v1/messages/${messageId}/feedback`, { rating: value });
		expect((await rating("bob", -1)).status).toBe(404);
		expect((await rating("alice", -1)).status).toBe(204);
		const read = () =>
			call<{
				title: string;
				messages: { rating: number | null; citations: unknown[] }[];
			}>("alice", "GET", `/v1/conversations/${begun.id}`);
		const { body } = await read();
		expect(body.title).toBe(question);
		expect(body.messages).toHaveLength(4);
		expect(body.messages[1]).toMatchObject({ rating: -1 });
		expect(body.messages[1]?.citations).toHaveLength(1);
		await rating("alice", null);
		expect((await read()).body.messages[1]?.rating).toBeNull();
	});

	test.each([
		[{ messages: [{ role: "assistant", content: "x" }] }, 400],
		[{ n: 2 }, 400],
		[{ tools: [{ type: "function" }] }, 400],
		[{ settings: { answer: "guess" } }, 400],
		[{ settings: { typo: 1 } }, 400],
		[{ model: "gpt-4o" }, 404],
		[{ model: "rag:nothing" }, 404],
		[{ conversation: "nothing" }, 404],
	])("%j is refused", async (body, status) => {
		expect((await ask(body)).status).toBe(status);
	});

	test("a service that fails before the first word is a status, in a stream too", async () => {
		server.services.failures.push(400);
		const { status } = await ask({
			stream: true,
			settings: { rewrite: "off" },
		});
		server.services.failures.length = 0;
		expect(status).toBe(502);
	});
});

describe("the rest", () => {
	test("similarity and map", async () => {
		const id = await collectionOf("alice");
		await ingest("alice", id, rivers);
		const alike = await call<{ matrix: number[][] }>(
			"alice",
			"POST",
			"/v1/explore/similarity",
			{ texts: ["red apples", "red apples", "deep sea"] },
		);
		expect(alike.body.matrix[0]?.[1]).toBeCloseTo(1);
		expect(alike.body.matrix[0]?.[2]).toBeLessThan(0.9);
		const map = await call<{ points: { title: string }[] }>(
			"alice",
			"GET",
			`/v1/collections/${id}/map`,
		);
		expect(map.body.points).toMatchObject([{ title: "Rivers" }]);
	});

	test("the description names each route, the metrics count", async () => {
		const { body } = await call<{ paths: Record<string, object> }>(
			null,
			"GET",
			"/openapi.json",
		);
		expect(Object.keys(body.paths)).toEqual(
			expect.arrayContaining([
				"/v1/chat/completions",
				"/v1/collections/{id}/ingest",
				"/v1/collections/{id}/grants/{principal}",
				"/v1/jobs/{id}/events",
			]),
		);
		const { text } = await call(null, "GET", "/metrics");
		expect(text).toMatch(/rag_answers_total\{kind="model"\} [1-9]/);
		expect(text).toMatch(/rag_ingest_pages_total\{state="stored"\} [1-9]/);
	});

	test("settings say which services answer", async () => {
		const { body } = await call<{ services: object; principal: string }>(
			"bob",
			"GET",
			"/v1/settings",
		);
		expect(body.principal).toBe("bob");
		expect(body.services).toHaveProperty("embedding.isReachable");
	});

	test("every answer that is described was given in these tests, as it is described", async () => {
		const id = await collectionOf("alice");
		const at = `/v1/collections/${id}`;
		const grant = `${at}/grants/bob`;
		expect(
			(await call("alice", "PATCH", at, { description: "x" })).status,
		).toBe(200);
		await call("alice", "PUT", grant, { access: "read" });
		const { body } = await call<{ grants: unknown[] }>(
			"alice",
			"GET",
			`${at}/grants`,
		);
		expect(body.grants).toEqual([{ principal: "bob", access: "read" }]);
		await call("alice", "DELETE", grant);
		const job = await ingest("alice", id, rivers);
		await call("alice", "DELETE", `/v1/jobs/${job.id}`);
		const { body: begun } = await call<{ id: string }>(
			"alice",
			"POST",
			"/v1/conversations",
			{},
		);
		const conversation = `/v1/conversations/${begun.id}`;
		await call("alice", "PATCH", conversation, { title: "Rivers" });
		await call("alice", "GET", conversation);
		await call("alice", "DELETE", conversation);
		await call("alice", "DELETE", at);
		for (const url of ["/v1/models", "/v1/collections", "/v1/conversations"])
			await call("alice", "GET", url);
		for (const url of ["/health", "/metrics", "/openapi.json"])
			await call(null, "GET", url);
		const unseen = described.operations.filter(
			(one) => !described.seen.has(one),
		);
		expect(unseen).toEqual([]);
	});
});
