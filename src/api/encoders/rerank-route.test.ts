import { describe, expect, it } from "vitest";
import { createHashRanking } from "../testing/hash-encoder.ts";
import { createTestEncoder } from "../testing/test-encoder.ts";

const hash = createHashRanking();
const { app } = createTestEncoder(hash.service, { maxInputs: 5 });
const post = (url: string, payload: object) =>
	app.inject({ method: "POST", url, payload });

const query = "red green blue";
const documents = ["red", "none", "blue green red", "green red"];
const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));

describe("POST /v1/ranking", () => {
	const passages = documents.map((text) => ({ text }));

	it("answers NIM's rankings, the most relevant first", async () => {
		const answer = await post("/v1/ranking", {
			model: "hash-rerank",
			query: { text: query },
			passages,
			truncate: "END",
		});
		expect(answer.json()).toEqual({
			rankings: [
				{ index: 2, logit: 1.5 },
				{ index: 3, logit: 0.5 },
				{ index: 0, logit: -0.5 },
				{ index: 1, logit: -1.5 },
			],
			usage: { prompt_tokens: 27, total_tokens: 27 },
		});
		expect(hash.requests.at(-1)?.truncation).toBe("end");
	});

	// biome-ignore format: a table
	it.each([
		["no passages", { query: { text: "a" }, passages: [] }, "passages", /at least 1 item/],
		["too many", { query: { text: "a" }, passages: Array(6).fill({ text: "a" }) }, "passages", /has 6 items.*at most 5/],
		["a passage without text", { query: { text: "a" }, passages: [{ text: "a" }, { txt: "b" }] }, "passages[1].text", /is required/],
		["a query that is a string", { query: "a", passages }, "query", /must be an object/],
		["a passage that is too long", { query: { text: "a" }, passages: [{ text: "a ".repeat(20) }] }, "passages[0].text", /'passages\[0\].text' has 23 tokens/],
		["NIM's truncations only", { query: { text: "a" }, passages, truncate: "START" }, "truncate", /'NONE' or 'END'/],
	])("refuses %s", async (_what, payload, param, message) => {
		const answer = await post("/v1/ranking", payload);
		expect(answer.statusCode).toBe(400);
		expect(answer.json().error.param).toBe(param);
		expect(answer.json().error.message).toMatch(message);
	});
});

describe.each(["/v1/rerank", "/v2/rerank"])("POST %s", (url) => {
	it("answers as Cohere and Jina do", async () => {
		const answer = await post(url, { query, documents, top_n: 2 });
		const body = answer.json();
		expect(body).toMatchObject({
			model: "hash-rerank",
			results: [{ index: 2 }, { index: 3 }],
			usage: { prompt_tokens: 27, total_tokens: 27 },
			meta: { api_version: { version: url[2] } },
		});
		expect(body.results[0].relevance_score).toBeCloseTo(sigmoid(1.5), 12);
		expect(body.results[0]).not.toHaveProperty("document");
		expect(hash.requests.at(-1)?.truncation).toBe("end");
	});

	it("returns the documents when they are asked for", async () => {
		const { results } = (
			await post(url, {
				query,
				documents: ["none", { text: "red green", page: 7 }],
				return_documents: true,
			})
		).json();
		expect(results).toMatchObject([
			{ index: 1, document: { text: "red green", page: 7 } },
			{ index: 0, document: { text: "none" } },
		]);
	});

	it("reads the fields that rank_fields names, in its order", async () => {
		await post(url, {
			query,
			documents: [{ title: "T", body: "B", id: 4 }],
			rank_fields: ["body", "title", "absent"],
		});
		expect(hash.requests.at(-1)?.passages).toEqual(["body: B\ntitle: T"]);
	});

	it("cuts what is too long, unless told not to", async () => {
		const long = { query, documents: ["a", "b ".repeat(20)] };
		expect((await post(url, long)).statusCode).toBe(200);
		for (const refusal of [{ truncate: "NONE" }, { truncation: false }]) {
			const { error } = (await post(url, { ...long, ...refusal })).json();
			expect(error.param).toBe("documents[1]");
			expect(error.message).toMatch(/'documents\[1\]' has 25 tokens/);
		}
	});

	// biome-ignore format: a table
	it.each([
		["no documents", { documents: [] }, "documents", /at least 1 item/],
		["a document without its field", { documents: ["a", { title: "b" }] }, "documents[1]", /no text in 'text'/],
		["a number as document", { documents: [1] }, "documents[0]", /must be a string or an object/],
		["top_n of 0", { documents, top_n: 0 }, "top_n", /at least 1/],
		["chunks", { documents, max_chunks_per_doc: 10 }, "max_chunks_per_doc", /may only be 1/],
		["a smaller cut", { documents, max_tokens_per_doc: 8 }, "max_tokens_per_doc", /at least 16/],
	])("refuses %s", async (_what, payload, param, message) => {
		const answer = await post(url, { query, ...payload });
		expect(answer.statusCode).toBe(400);
		expect(answer.json().error.param).toBe(param);
		expect(answer.json().error.message).toMatch(message);
	});
});
