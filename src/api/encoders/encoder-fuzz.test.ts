import fc from "fast-check";
import { expect, it } from "vitest";
import {
	createHashEmbedding,
	createHashRanking,
} from "../testing/hash-encoder.ts";
import { createTestEncoder } from "../testing/test-encoder.ts";

const tensor = {
	name: "text",
	datatype: "BYTES",
	shape: [2, 1],
	data: ["a", "b"],
};
const embedding = createTestEncoder(createHashEmbedding().service).app;
const ranking = createTestEncoder(createHashRanking().service).app;

const routes = [
	[embedding, "/v1/embeddings", { input: ["a", [1]], dimensions: 3 }],
	[embedding, "/tokenize", { prompt: "a", prompts: ["b"] }],
	[
		embedding,
		"/v2/models/hash_embed/infer",
		{ inputs: [tensor], parameters: { truncate: "END" } },
	],
	[ranking, "/v1/ranking", { query: { text: "a" }, passages: [{ text: "b" }] }],
	[ranking, "/v1/rerank", { query: "a", documents: ["b", { text: "c" }] }],
	[
		ranking,
		"/v2/models/hash_rerank/infer",
		{
			inputs: [
				{ ...tensor, name: "query" },
				{ ...tensor, name: "passage" },
			],
		},
	],
] as const;

/** Replaces one value somewhere inside by another. */
function mutate(value: unknown, path: readonly number[], by: unknown): unknown {
	const [step, ...rest] = path;
	if (step === undefined || typeof value !== "object" || value === null)
		return by;
	const keys = Object.keys(value);
	const key = keys[step % Math.max(1, keys.length)] ?? "0";
	const copy = structuredClone(value) as Record<string, unknown>;
	copy[key] = mutate(copy[key], rest, by);
	return copy;
}

it.each(routes)(
	"route %# answers whatever it is sent with 2xx or 4xx, in its own form",
	async (app, url, body) => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.nat(9), { maxLength: 5 }),
				fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1e300, "", [], {}, null)),
				fc.option(fc.integer({ min: -5, max: 200 }), { nil: undefined }),
				async (path, by, jsonLength) => {
					const answer = await app.inject({
						method: "POST",
						url,
						headers: {
							"content-type": "application/json",
							...(jsonLength === undefined
								? {}
								: { "inference-header-content-length": String(jsonLength) }),
						},
						payload: JSON.stringify(mutate(body, path, by)),
					});
					expect(answer.statusCode).toBeLessThan(500);
					expect(typeof answer.json()).toBe("object");
				},
			),
			{ numRuns: 150 },
		);
	},
);
