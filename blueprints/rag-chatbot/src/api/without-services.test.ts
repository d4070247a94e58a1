import type { Database } from "galley/store";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";

let database: Database;
let server: TestServer;

beforeAll(async () => {
	database = await openTestDatabase();
	server = await openTestServer(database, {}, { chat: null, rerank: null });
	const { id } = await post<{ id: string }>("/v1/collections", {
		name: "lights",
	});
	await post(`/v1/collections/${id}/ingest`, {
		title: "Lights",
		text: "The lighthouse warns ships of the rocks. Its lamp burns oil.",
	});
	const collection = () => server.app.inject({ url: `/v1/collections/${id}` });
	await vi.waitUntil(
		async () => (await collection()).json().documents === 1,
		20_000,
	);
}, 60_000);
beforeEach(() => {
	server.services.asked.length = 0;
	server.services.fail = () => null;
});
afterAll(async () => {
	await server.close();
	await database.close();
});

async function post<Answer>(url: string, payload: object): Promise<Answer> {
	const answer = await server.app.inject({ method: "POST", url, payload });
	expect(answer.statusCode, answer.body).toBeLessThan(300);
	return answer.json();
}

async function ask(settings: object) {
	const { choices } = await post<{
		choices: {
			message: {
				content: string;
				kind: string;
				citations: object[];
				stages: { stage: string; detail: string | null }[];
			};
		}[];
	}>("/v1/chat/completions", {
		messages: [
			{ role: "user", content: "What is the lighthouse?" },
			{ role: "assistant", content: "A tower." },
			{ role: "user", content: "And what does it warn ships of?" },
		],
		settings: { leastRelevance: 0, ...settings },
	});
	const message = choices[0]?.message;
	const detail = (name: string) =>
		message?.stages.find(({ stage }) => stage === name)?.detail;
	return { message, detail };
}

const everything = {
	rewrite: "model",
	search: "hybrid",
	rerank: true,
	answer: "model",
};
const paths = () => server.services.asked.map(({ path }) => path);

test("a server without a language model and without a reranker quotes, whatever it is asked for", async () => {
	const { message, detail } = await ask(everything);
	expect(message?.kind).toBe("extractive");
	expect(message?.content).toContain("warns ships of the rocks");
	expect(message?.citations).toHaveLength(1);
	expect(paths()).toEqual(["/v1/embeddings"]);
	// Without a model the question is joined to the one before.
	expect(detail("rewrite")).toBe(
		"What is the lighthouse? And what does it warn ships of?",
	);
	for (const stage of ["rerank", "answer"]) expect(detail(stage)).toBeNull();
});

test("with the embedding service away, too, words find the page, and the answer says what was missing", async () => {
	server.services.fail = () => 503;
	for (const search of ["hybrid", "vectors"]) {
		const { message, detail } = await ask({ ...everything, search });
		expect(message?.kind).toBe("extractive");
		expect(message?.content).toContain("warns ships of the rocks");
		expect(detail("embed")).toMatch(/^Searched by words alone: /);
	}
	server.services.asked.length = 0;
	const { message, detail } = await ask({ ...everything, search: "words" });
	expect(message?.kind).toBe("extractive");
	expect(detail("embed")).toBeNull();
	expect(paths()).toEqual([]);
});

test("its search and its settings do without them, too", async () => {
	const { passages, notices } = await post<{
		passages: { scores: { relevance: number | null } }[];
		notices: string[];
	}>("/v1/search", { query: "lighthouse", rerank: true });
	expect(passages).toMatchObject([{ scores: { relevance: null } }]);
	expect(notices).toEqual([]);
	expect(paths()).toEqual(["/v1/embeddings"]);
	const settings = await server.app.inject({ url: "/v1/settings" });
	expect(settings.json().services).toMatchObject({
		chat: null,
		rerank: null,
		embedding: { isReachable: true },
	});
});
