import { describe, expect, it } from "vitest";
import {
	createHashEmbedding,
	createHashRanking,
} from "../testing/hash-encoder.ts";
import { createTestEncoder } from "../testing/test-encoder.ts";

const hash = createHashEmbedding({ name: "Hash/Embed" });
const { app, entries } = createTestEncoder(hash.service);
const ranking = createTestEncoder(createHashRanking().service).app;
const get = (url: string) => app.inject({ url });
const path = "/v2/models/hash_embed";
const infer = (payload: object, server = app, url = `${path}/infer`) =>
	server.inject({ method: "POST", url, payload });
const texts = (data: unknown, shape: number[]) => ({
	inputs: [{ name: "text", datatype: "BYTES", shape, data }],
});

describe("KServe v2 over REST", () => {
	it("tells of server, model and health", async () => {
		expect((await get("/v2")).json()).toEqual({
			name: "galley",
			version: "1.2.3",
			extensions: ["binary_tensor_data"],
		});
		expect((await get("/v2/health/live")).json()).toEqual({ live: true });
		expect((await get("/v2/health/ready")).json()).toEqual({ ready: true });
		expect((await get(`${path}/versions/1/ready`)).json()).toEqual({
			name: "hash_embed",
			ready: true,
		});
		const metadata = (
			await get(`/v2/models/${encodeURIComponent("Hash/Embed")}`)
		).json();
		expect(metadata).toMatchObject({
			name: "Hash/Embed",
			versions: ["1"],
			platform: "onnxruntime_onnx",
			inputs: [{ name: "text", datatype: "BYTES", shape: [-1, 1] }],
		});
		expect(metadata.outputs[1].shape).toEqual([-1, 8]);
	});

	it("is not ready while the model loads", async () => {
		hash.setState({ phase: "loading", progress: 0, etaSeconds: null });
		const codes = await Promise.all(
			["/v2/health/ready", `${path}/ready`, "/v2/health/live"].map(
				async (url) => (await get(url)).statusCode,
			),
		);
		const refused = await infer(texts(["a"], [1]));
		hash.setState({ phase: "ready" });
		expect(codes).toEqual([503, 503, 200]);
		expect(refused.statusCode).toBe(503);
		expect(refused.json().error).toMatch(/loading/);
	});

	it("infers from JSON, nested as the shape or flat", async () => {
		const nested = (
			await infer({ id: "7", ...texts([["a"], ["b"]], [2, 1]) })
		).json();
		const flat = (await infer(texts(["a", "b"], [2]))).json();
		expect(nested).toMatchObject({
			model_name: "hash_embed",
			model_version: "1",
			id: "7",
			outputs: [
				{ name: "token_count", datatype: "INT32", shape: [2], data: [3, 3] },
				{ name: "embeddings", datatype: "FP32", shape: [2, 8] },
			],
		});
		expect(nested.outputs[1].data).toHaveLength(16);
		expect(flat.outputs).toEqual(nested.outputs);
		expect(entries.at(-1)?.model).toBe("Hash/Embed");
	});

	it("knows NIM's parameters", async () => {
		const answer = await infer({
			...texts(["a"], [1, 1]),
			parameters: {
				input_type: "query",
				truncate: "end",
				dimensions: 4,
				embedding_type: "int8",
			},
			outputs: [{ name: "embeddings" }],
		});
		expect(hash.requests.at(-1)).toMatchObject({
			inputType: "query",
			truncation: "end",
			dimensions: 4,
		});
		expect(answer.json().outputs).toMatchObject([
			{ name: "embeddings", datatype: "INT8", shape: [1, 4] },
		]);
	});

	it("takes and gives binary data", async () => {
		const elements = ["red", "grün"].map((text) => {
			const bytes = Buffer.from(text);
			const length = Buffer.alloc(4);
			length.writeUInt32LE(bytes.length);
			return Buffer.concat([length, bytes]);
		});
		const binary = Buffer.concat(elements);
		const json = Buffer.from(
			JSON.stringify({
				inputs: [
					{
						name: "text",
						datatype: "BYTES",
						shape: [2, 1],
						parameters: { binary_data_size: binary.length },
					},
				],
				outputs: [
					{ name: "embeddings", parameters: { binary_data: true } },
					{ name: "token_count" },
				],
			}),
		);
		const send = (length: number) =>
			app.inject({
				method: "POST",
				url: `${path}/versions/1/infer`,
				headers: { "inference-header-content-length": String(length) },
				payload: Buffer.concat([json, binary]),
			});
		const answer = await send(json.length);
		expect(answer.statusCode, answer.body).toBe(200);
		const size = Number(answer.headers["inference-header-content-length"]);
		const head = JSON.parse(answer.rawPayload.subarray(0, size).toString());
		expect(head.outputs).toEqual([
			{
				name: "embeddings",
				datatype: "FP32",
				shape: [2, 8],
				parameters: { binary_data_size: 64 },
			},
			{ name: "token_count", datatype: "INT32", shape: [2], data: [3, 3] },
		]);
		const floats = answer.rawPayload.subarray(size);
		const plain = (await infer(texts(["red", "grün"], [2]))).json();
		expect(floats).toHaveLength(64);
		expect(floats.readFloatLE(60)).toBe(Math.fround(plain.outputs[1].data[15]));
		expect((await send(json.length + binary.length + 1)).statusCode).toBe(400);
	});

	it("ranks", async () => {
		const answer = await infer(
			{
				inputs: [
					{
						name: "query",
						datatype: "BYTES",
						shape: [2, 1],
						data: ["a b", "a b"],
					},
					{
						name: "passage",
						datatype: "BYTES",
						shape: [2, 1],
						data: ["c", "b a"],
					},
				],
				parameters: { truncate: "END" },
			},
			ranking,
			"/v2/models/hash-rerank/infer",
		);
		expect(answer.json().outputs).toEqual([
			{ name: "index", datatype: "INT32", shape: [2, 1], data: [1, 0] },
			{ name: "logit", datatype: "FP32", shape: [2, 1], data: [0.5, -1.5] },
			{ name: "token_count", datatype: "INT32", shape: [2], data: [5, 6] },
		]);
	});

	// biome-ignore format: a table
	it.each([
		["a shape that doesn't fit", texts(["a"], [2]), /'inputs\[0\]' has the shape \[2\], but 1 elements/],
		["another type", { inputs: [{ name: "text", datatype: "FP32", shape: [1], data: [1] }] }, /send BYTES/],
		["another input", { inputs: [{ name: "txt", datatype: "BYTES", shape: [1], data: ["a"] }] }, /'text' is missing.*'txt'/],
		["numbers as texts", texts(["a", 1], [2]), /'inputs\[0\].data\[1\]' must be a string/],
		["an empty text", texts(["a", ""], [2]), /'inputs\[0\].data\[1\]' is empty/],
		["a long text", texts(["a", "a ".repeat(30)], [2]), /'inputs\[0\].data\[1\]' has 32 tokens/],
		["an unknown parameter", { ...texts(["a"], [1]), parameters: { trunc: 1 } }, /Unknown parameter 'trunc'/],
		["an unknown output", { ...texts(["a"], [1]), outputs: [{ name: "vec" }] }, /no output 'vec', only 'token_count', 'embeddings'/],
		["a wrong word", { ...texts(["a"], [1]), parameters: { truncate: "MIDDLE" } }, /'NONE' or 'START' or 'END'/],
		["no inputs", {}, /'inputs' is required/],
	])("refuses %s in the protocol's words", async (_what, payload, message) => {
		const answer = await infer(payload);
		expect(answer.statusCode).toBe(400);
		expect(Object.keys(answer.json())).toEqual(["error"]);
		expect(answer.json().error).toMatch(message);
	});

	it("knows neither other models nor other versions", async () => {
		for (const url of ["/v2/models/x", `${path}/versions/2`])
			expect((await get(url)).statusCode).toBe(404);
	});
});
