import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "galley/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";

let database: Database;
let server: TestServer;

beforeAll(async () => {
	database = await openTestDatabase();
	server = await openTestServer(database);
	const { app, services } = server;
	const { id } = (
		await app.inject({
			method: "POST",
			url: "/v1/collections",
			payload: { name: "lights" },
		})
	).json();
	await app.inject({
		method: "POST",
		url: `/v1/collections/${id}/ingest`,
		payload: {
			title: "Lights",
			text: "The lighthouse warns ships of the rocks. Its lamp burns oil.",
		},
	});
	const documents = async () =>
		(await app.inject({ url: `/v1/collections/${id}` })).json().documents;
	while ((await documents()) === 0) await delay(25);
	services.answer = ([system]) =>
		system?.content.includes("Rewrite")
			? "What does the lighthouse warn of?"
			: "Of the rocks [1].";
}, 60_000);
afterAll(async () => {
	await server.close();
	await database.close();
});

interface Said {
	content: string;
	kind: string;
	stages: { stage: string; detail: string | null }[];
}

async function ask(settings: object, question = "And what does it warn of?") {
	const { asked } = server.services;
	asked.length = 0;
	const answer = await server.app.inject({
		method: "POST",
		url: "/v1/chat/completions",
		payload: {
			messages: [
				{ role: "user", content: "What is the lighthouse?" },
				{ role: "assistant", content: "A tower." },
				{ role: "user", content: question },
			],
			settings: { leastRelevance: 0, ...settings },
		},
	});
	expect(answer.statusCode, answer.body).toBe(200);
	const count = (path: string) =>
		asked.filter((one) => one.path === path).length;
	return {
		message: answer.json().choices[0].message as Said,
		counts: {
			chat: count("/v1/chat/completions"),
			embed: count("/v1/embeddings"),
			rerank: count("/v1/ranking"),
		},
	};
}

const all = {
	rewrite: "model",
	search: "hybrid",
	rerank: true,
	answer: "model",
};

test("with every stage on, each service is asked for its part", async () => {
	const { message, counts } = await ask(all);
	expect(message).toMatchObject({
		kind: "model",
		content: "Of the rocks [1].",
	});
	expect(counts).toEqual({ chat: 2, embed: 1, rerank: 1 });
	expect(message.stages[0]).toMatchObject({
		stage: "rewrite",
		detail: "What does the lighthouse warn of?",
	});
});

test.each([
	["rewrite", { rewrite: "off" }, { chat: 1, embed: 1, rerank: 1 }, null],
	[
		"rewrite, by joining instead",
		{ rewrite: "join" },
		{ chat: 1, embed: 1, rerank: 1 },
		"What is the lighthouse? And what does it warn of?",
	],
])(
	"without %s the language model is asked for the answer alone",
	async (_, off, counts, detail) => {
		const answer = await ask({ ...all, ...off });
		expect(answer.counts).toEqual(counts);
		expect(answer.message.stages[0]).toMatchObject({
			stage: "rewrite",
			detail,
		});
	},
);

test("without vectors nothing is embedded, without words the vector finds it", async () => {
	const words = await ask({ ...all, search: "words" }, "What is the lamp?");
	expect(words.counts.embed).toBe(0);
	expect(words.message.kind).toBe("model");
	// None of its words stands in the page; the nearest vector is the only one there is.
	const vectors = await ask(
		{ ...all, search: "vectors" },
		"Zebras everywhere?",
	);
	expect(vectors.counts.embed).toBe(1);
	expect(vectors.message.kind).toBe("model");
	const none = await ask(
		{ ...all, rewrite: "off", search: "words" },
		"Zebras everywhere?",
	);
	expect(none.message.kind).toBe("none");
	expect(none.counts).toMatchObject({ embed: 0, rerank: 0 });
});

test("without reranking the reranker isn't asked, for passages nor for quotes", async () => {
	for (const answer of ["model", "extractive"]) {
		const { message, counts } = await ask({ ...all, rerank: false, answer });
		expect(message.kind).toBe(answer);
		expect(counts.rerank).toBe(0);
	}
});

test("without the language model the answer is quotes", async () => {
	const { message, counts } = await ask({
		...all,
		rewrite: "join",
		answer: "extractive",
	});
	expect(message.content).toContain("warns ships of the rocks");
	expect(counts.chat).toBe(0);
});

test("with every stage off it still answers, by words and quotes", async () => {
	const { message, counts } = await ask(
		{ rewrite: "off", search: "words", rerank: false, answer: "extractive" },
		"What does the lighthouse warn of?",
	);
	expect(message.kind).toBe("extractive");
	expect(message.content).toContain("warns ships of the rocks");
	expect(counts).toEqual({ chat: 0, embed: 0, rerank: 0 });
});
