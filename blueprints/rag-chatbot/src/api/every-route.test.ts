import { randomUUID } from "node:crypto";
import type { Database } from "galley/store";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";

let database: Database;
let server: TestServer;
let ids: Record<string, string>;
let operations: Operation[];

interface Operation {
	method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
	/** As described: `/v1/jobs/{id}`. */
	path: string;
}

const alice = "alice-key-1";
const bob = "bob-key-22";

/** Words that stand in what is Alice's and nowhere else. */
const marks = ["marzipan", "almanac", "gingerbread", "vellum", "parchment"];

async function call(
	key: string | null,
	{ method, path }: Operation,
	payload?: object,
) {
	const answer = await server.app.inject({
		method,
		url: path,
		headers: key === null ? {} : { authorization: `Bearer ${key}` },
		...(payload && { payload }),
	});
	return { status: answer.statusCode, text: answer.payload };
}

async function hers<Answer>(
	method: Operation["method"],
	path: string,
	payload?: object,
): Promise<Answer> {
	const { status, text } = await call(alice, { method, path }, payload);
	expect(status, text).toBeLessThan(300);
	return JSON.parse(text) as Answer;
}

beforeAll(async () => {
	database = await openTestDatabase();
	server = await openTestServer(database, {
		RAG_API_KEYS: `alice:${alice} bob:${bob}`,
	});
	server.services.answer = () => "It is so [1].";
	const { id: collection } = await hers<{ id: string }>(
		"POST",
		"/v1/collections",
		{ name: "almanac", description: "vellum" },
	);
	const { job } = await hers<{ job: { id: string } }>(
		"POST",
		`/v1/collections/${collection}/ingest`,
		{ title: "gingerbread", text: "The secret word is marzipan." },
	);
	const documents = async () =>
		(
			await hers<{ documents: { id: string }[] }>(
				"GET",
				`/v1/collections/${collection}/documents`,
			)
		).documents;
	await vi.waitUntil(async () => (await documents()).length === 1, 20_000);
	const { id: conversation } = await hers<{ id: string }>(
		"POST",
		"/v1/conversations",
		{ title: "parchment" },
	);
	const { choices } = await hers<{
		choices: { message: { messageId: string } }[];
	}>("POST", "/v1/chat/completions", {
		conversation,
		messages: [{ role: "user", content: "What is the secret word marzipan?" }],
		settings: { leastRelevance: 0 },
	});
	ids = {
		collections: collection,
		documents: (await documents())[0]?.id ?? "",
		jobs: job.id,
		conversations: conversation,
		messages: choices[0]?.message.messageId ?? "",
	};
	const { text } = await call(null, { method: "GET", path: "/openapi.json" });
	const { paths } = JSON.parse(text) as {
		paths: Record<string, Record<string, object>>;
	};
	operations = Object.entries(paths).flatMap(([path, methods]) =>
		Object.keys(methods).map((method) => ({
			method: method.toUpperCase() as Operation["method"],
			path,
		})),
	);
}, 60_000);
afterAll(async () => {
	await server.close();
	await database.close();
});

const question = { role: "user", content: "What is the secret word marzipan?" };

/** What a route that takes a body is asked with, naming all that is Alice's: one without an entry here fails its test. */
function attemptsOf({ method, path }: Operation): (object | undefined)[] {
	if (method === "GET" || method === "DELETE") return [undefined];
	const { collections: id = "", conversations: conversation = "" } = ids;
	const settings = { leastRelevance: 0, answer: "extractive" };
	const attempts: Record<string, object[]> = {
		"POST /v1/collections": [{ name: "almanac" }],
		"PATCH /v1/collections/{id}": [{ name: "mine" }],
		"PUT /v1/collections/{id}/grants/{principal}": [{ access: "write" }],
		"POST /v1/collections/{id}/ingest": [
			{ text: "spam" },
			{ urls: ["http://127.0.0.1:1/"] },
		],
		"POST /v1/conversations": [{}],
		"PATCH /v1/conversations/{id}": [{ title: "mine" }],
		"PUT /v1/messages/{id}/feedback": [{ rating: -1 }],
		"POST /v1/explore/similarity": [{ texts: ["one", "another"] }],
		"POST /v1/search": [
			{ query: "secret word" },
			{ query: "secret word", search: "words", rerank: false },
			{ query: "secret word", collections: [id] },
		],
		"POST /v1/chat/completions": [
			{ messages: [question] },
			{ messages: [question], settings },
			{ messages: [question], settings, stream: true },
			{ messages: [question], settings, model: `rag:${id}` },
			{ messages: [question], settings, collections: [id] },
			{ messages: [question], settings, collections: [id], stream: true },
			{ messages: [question], settings, conversation },
		],
	};
	const some = attempts[`${method} ${path}`];
	expect(some, `${method} ${path} is tried in this test`).toBeDefined();
	return some ?? [];
}

/** With Alice's ids; `other` stands for each instead where it is given. */
function filled({ method, path }: Operation, other?: string): Operation {
	const [, , noun = ""] = path.split("/");
	const id = other ?? ids[noun];
	if (path.includes("{id}"))
		expect(id, `an id of ${noun} is known to this test`).toBeTruthy();
	const url = path.replace("{id}", id ?? "").replace("{principal}", "bob");
	expect(url, "a parameter that this test doesn't know").not.toContain("{");
	return { method, path: url };
}

/** All that Alice sees of what is hers. */
async function whatIsHers(): Promise<string[]> {
	const seen = operations.filter(
		({ method, path }) =>
			method === "GET" &&
			path.startsWith("/v1/") &&
			path !== "/v1/settings" &&
			!path.endsWith("/events"),
	);
	expect(seen.length).toBeGreaterThan(8);
	return Promise.all(
		seen.map(async (operation) => {
			const { status, text } = await call(alice, filled(operation));
			expect(status, `${operation.path}: ${text}`).toBe(200);
			return `${operation.path}: ${text}`;
		}),
	);
}

test("by no route does another key see, change or learn of what is hers", async () => {
	const before = await whatIsHers();
	for (const mark of marks) expect(before.join()).toContain(mark);
	server.services.asked.length = 0;
	for (const operation of operations)
		for (const payload of attemptsOf(operation)) {
			const attempt = filled(operation);
			const { status, text } = await call(bob, attempt, payload);
			const what = `${attempt.method} ${attempt.path} ${JSON.stringify(payload)}: ${status} ${text}`;
			const sent = JSON.stringify(payload) ?? "";
			const isNamed =
				operation.path.includes("{id}") ||
				Object.values(ids).some((id) => sent.includes(id));
			if (isNamed) expect(status, what).toBe(404);
			else expect(status, what).toBeLessThan(300);
			for (const mark of marks)
				if (!sent.includes(mark)) expect(text, what).not.toContain(mark);
			if (!isNamed)
				for (const id of Object.values(ids))
					expect(text, what).not.toContain(id);
			// An id of hers is answered like one that nobody has.
			if (!operation.path.includes("{id}")) continue;
			const nobodys = randomUUID();
			const none = await call(bob, filled(operation, nobodys), payload);
			const anonymous = (said: string, id: string) => said.replaceAll(id, "ID");
			const [, , noun = ""] = operation.path.split("/");
			expect(anonymous(text, ids[noun] ?? ""), what).toBe(
				anonymous(none.text, nobodys),
			);
		}
	// Nor did a model see any of it: only what Bob wrote himself.
	expect(JSON.stringify(server.services.asked)).not.toMatch(
		/The secret word is|gingerbread|almanac|vellum|parchment/,
	);
	expect(await whatIsHers()).toEqual(before);
	expect(server.problems).toEqual([]);
}, 60_000);

test("without a key, or with a wrong one, no route of the API answers", async () => {
	const tried = operations.filter(({ path }) => path.startsWith("/v1/"));
	expect(tried.length).toBeGreaterThan(20);
	for (const operation of tried)
		for (const payload of attemptsOf(operation))
			for (const key of [
				null,
				"alice",
				"bob-key-2",
				"alice-key-1 bob-key-22",
			]) {
				const attempt = filled(operation);
				const { status, text } = await call(key, attempt, payload);
				expect(status, `${attempt.method} ${attempt.path}: ${text}`).toBe(401);
			}
});

test("every route of the server is described, and so tried here", () => {
	const described = new Set(
		operations.map(({ method, path }) => `${method} ${path}`),
	);
	const routes = routesOf(server.app.printRoutes({ commonPrefix: false }));
	expect(routes.length).toBeGreaterThan(20);
	for (const route of routes) expect(described).toContain(route);
});

/** `METHOD /v1/...` of each route of the API in Fastify's drawing of the tree. */
function routesOf(tree: string): string[] {
	const above: string[] = [];
	return tree.split("\n").flatMap((line) => {
		const [, indent, part, methods] =
			/^([│ ]*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
		if (indent === undefined || part === undefined) return [];
		const depth = indent.length / 4;
		above.length = depth;
		above[depth] = part;
		const path = above.join("").replace(/:(\w+)/g, "{$1}");
		if (methods === undefined || !path.startsWith("/v1/")) return [];
		return methods.split(", ").map((method) => `${method} ${path}`);
	});
}
