import type { Database } from "galley/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";

let database: Database;
let server: TestServer;
const headers = { authorization: "Bearer alice-key" };
const others = { authorization: "Bearer robert-key" };

beforeAll(async () => {
	database = await openTestDatabase();
	server = await openTestServer(database, {
		RAG_API_KEYS: "alice:alice-key bob:robert-key",
	});
}, 60_000);
afterAll(async () => {
	await server.close();
	await database.close();
});

async function post<Answer>(
	url: string,
	payload: object,
	asker = headers,
): Promise<Answer> {
	const answer = await server.app.inject({
		method: "POST",
		url,
		headers: asker,
		payload,
	});
	expect(answer.statusCode, answer.body).toBeLessThan(300);
	return answer.json();
}

async function ask(asker = headers) {
	const { choices } = await post<{
		choices: {
			message: { content: string; kind: string; reading: object[] };
		}[];
	}>(
		"/v1/chat/completions",
		{ messages: [{ role: "user", content: "What does the lighthouse do?" }] },
		asker,
	);
	return choices[0]?.message;
}

const readingOf = async (id: string) => {
	const answer = await server.app.inject({
		url: `/v1/collections/${id}`,
		headers,
	});
	return answer.json().reading;
};

test("who asks before the pages are read is told so, and nobody else", async () => {
	const { id } = await post<{ id: string }>("/v1/collections", {
		name: "lights",
	});
	expect(await readingOf(id)).toBeNull();
	expect(await ask()).toMatchObject({
		content: "I don't know: this is not in these pages.",
		reading: [],
	});
	const { services } = server;
	services.fail = ({ path }) => (path === "/v1/embeddings" ? 503 : null);
	await post(`/v1/collections/${id}/ingest`, {
		title: "Lights",
		text: "The lighthouse warns ships of the rocks.",
	});
	await expect.poll(() => readingOf(id)).toEqual({ pages: 1, done: 0 });
	expect(await ask()).toMatchObject({
		kind: "none",
		content:
			"I don't know yet: not all pages are read (lights: 0 of 1 pages). Ask again in a moment.",
		reading: [{ collectionId: id, name: "lights", pages: 1, done: 0 }],
	});
	// A name is nobody's business who can't read the collection.
	expect(await ask(others)).toMatchObject({ reading: [] });
	services.fail = () => null;
	await expect.poll(() => readingOf(id), { timeout: 20_000 }).toBeNull();
	services.answer = () => "It warns ships [1].";
	expect(await ask()).toMatchObject({
		kind: "model",
		content: "It warns ships [1].",
		reading: [],
	});
}, 60_000);
