import { createHash } from "node:crypto";
import { OpenAIEmbeddings } from "@langchain/openai";
import { Ajv2020 } from "ajv/dist/2020.js";
import OpenAI, { BadRequestError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEncoderMetrics } from "../../observability/encoder-metrics.ts";
import {
	createHashEmbedding,
	createHashRanking,
} from "../testing/hash-encoder.ts";
import { createTestEncoder } from "../testing/test-encoder.ts";
import { listenForTest } from "../testing/test-server.ts";
import { createEncoderSurface } from "./encoder-server.ts";

const hash = createHashEmbedding();
const { app } = createTestEncoder(hash.service);
let baseURL = "";
beforeAll(async () => {
	baseURL = `${await listenForTest(app)}/v1`;
});
afterAll(() => app.close());

describe("official clients", () => {
	it("OpenAI's gets floats, decoded from base64 or not", async () => {
		const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
		const model = "hash-embed";
		const implicit = await client.embeddings.create({ model, input: ["a"] });
		const float = await client.embeddings.create({
			model,
			input: ["a"],
			encoding_format: "float",
		});
		expect(implicit.data[0]?.embedding).toEqual(
			float.data[0]?.embedding.map(Math.fround),
		);
		expect(implicit.usage.prompt_tokens).toBe(3);
		await expect(
			client.embeddings.create({ model, input: ["a", ""] }),
		).rejects.toThrow(BadRequestError);
		const models = await client.models.list();
		expect(models.data.map(({ id }) => id)).toEqual([model]);
	});

	it("LangChain embeds documents and a query", async () => {
		const langchain = new OpenAIEmbeddings({
			model: "hash-embed",
			apiKey: "none",
			configuration: { baseURL },
			batchSize: 2,
		});
		const vectors = await langchain.embedDocuments(["a", "b", "c"]);
		expect(vectors.map((vector) => vector.length)).toEqual([8, 8, 8]);
		expect(await langchain.embedQuery("b")).toEqual(vectors[1]);
	});
});

describe("what every service has", () => {
	const get = (url: string) => app.inject({ url });

	it("models, health, metadata and version", async () => {
		const { data } = (await get("/v1/models")).json();
		expect(data).toMatchObject([{ id: "hash-embed", root: "hash-embed" }]);
		expect((await get("/v1/models/hash-embed")).statusCode).toBe(200);
		expect((await get("/v1/models/other")).statusCode).toBe(404);
		expect((await get("/v1/health/ready")).json().ready).toBe(true);
		const metadata = (await get("/v1/metadata")).json();
		expect(metadata.modelInfo[0]).toMatchObject({
			shortName: "hash-embed",
			architecture: "hash",
			precision: "fp32",
		});
		expect(metadata.selectedModelProfileName).toBe("onnx-fp32-cpu");
		expect((await get("/v1/version")).json().release).toBe("1.2.3");
	});

	it("only its own routes", async () => {
		for (const url of ["/v1/chat/completions", "/v1/ranking"])
			expect(
				(await app.inject({ method: "POST", url, payload: {} })).statusCode,
			).toBe(404);
	});

	it("keys, but not for health", async () => {
		const secret = "sesame";
		const { app: locked } = createTestEncoder(hash.service, {
			apiKeyHashes: [createHash("sha256").update(secret).digest("hex")],
		});
		const statusOf = async (url: string, key?: string) =>
			(
				await locked.inject({
					url,
					headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
				})
			).statusCode;
		expect(await statusOf("/v1/models")).toBe(401);
		expect(await statusOf("/v2/models/hash-embed")).toBe(401);
		expect(await statusOf("/v1/models", secret)).toBe(200);
		expect(await statusOf("/v1/health/live")).toBe(200);
		expect(await statusOf("/v2/health/ready")).toBe(200);
	});

	it("metrics of requests and inputs, under vLLM's and NIM's names too", async () => {
		using metrics = createEncoderMetrics({ modelName: "m", version: "1" });
		metrics.setLoad(() => ({ running: 2, waiting: 5, waitingTokens: 70 }));
		metrics.setReady(() => true);
		metrics.batchEncoded({
			inputs: 3,
			tokens: 30,
			paddingTokens: 4,
			seconds: 0.02,
		});
		const { app: measured } = createEncoderSurface({
			service: hash.service,
			metrics,
			logger: { debug() {}, info() {}, error() {} },
			options: { version: "1" },
		});
		for (const input of [["a", "b"], ""])
			await measured.inject({
				method: "POST",
				url: "/v1/embeddings",
				payload: { input },
			});
		const { body } = await measured.inject("/metrics");
		for (const line of [
			'galley:num_requests_running{model_name="m"} 2',
			'vllm:num_requests_waiting{model_name="m"} 5',
			'galley:num_tokens_waiting{model_name="m"} 70',
			'galley:encoder_inputs_total{model_name="m"} 2',
			'vllm:prompt_tokens_total{model_name="m"} 6',
			'galley:encoder_padding_tokens_total{model_name="m"} 4',
			'vllm:e2e_request_latency_seconds_count{model_name="m"} 1',
			'galley:ready{model_name="m"} 1',
			'galley:http_requests_total{method="POST",route="/v1/embeddings",status="400",model_name="m"} 1',
		])
			expect(body).toContain(line);
	});
});

describe("POST /tokenize", () => {
	const tokenize = async (payload: object) =>
		(await app.inject({ method: "POST", url: "/tokenize", payload })).json();

	it("gives the ids of a text, with and without special tokens", async () => {
		const whole = await tokenize({ prompt: "red green" });
		expect(whole).toMatchObject({ count: 4, max_model_len: 16 });
		expect([whole.tokens[0], whole.tokens[3]]).toEqual([1, 2]);
		const bare = await tokenize({
			prompt: "red green",
			add_special_tokens: false,
		});
		expect(bare.tokens).toEqual(whole.tokens.slice(1, 3));
	});

	it("counts those of many texts", async () => {
		const prompts = ["a", "", "a b c"];
		expect(await tokenize({ prompts })).toMatchObject({ counts: [3, 2, 5] });
		const bare = await tokenize({ prompts, add_special_tokens: false });
		expect(bare).toEqual({ count: 4, counts: [1, 0, 3], max_model_len: 16 });
	});

	it("asks for one of the two", async () => {
		for (const payload of [{}, { prompt: "a", prompts: ["a"] }])
			expect((await tokenize(payload)).error.param).toBe("prompt");
	});
});

interface Media {
	schema: object;
	example?: unknown;
}
interface Operation {
	requestBody?: { content: Record<string, Media> };
	responses: Record<string, { content?: Record<string, Media> }>;
}

describe.each([
	["an embedding service", createHashEmbedding({ dimensions: 4 }).service],
	["a reranking service", createHashRanking().service],
])("the OpenAPI document of %s", async (_name, service) => {
	const { app: documented } = createTestEncoder(service);
	const document = (await documented.inject("/openapi.json")).json();
	const ajv = new Ajv2020({ strict: false, validateFormats: false });
	const fits = ({ schema }: Media, value: unknown) => {
		const validate = ajv.compile(schema);
		return validate(value) ? "" : ajv.errorsText(validate.errors);
	};
	const operations = Object.entries(document.paths).flatMap(([path, item]) =>
		Object.entries(item as Record<string, Operation>).map(
			([method, operation]) => ({ method, path, operation }),
		),
	);

	it("has examples that its schemas allow", () => {
		expect(operations.length).toBeGreaterThan(18);
		for (const { method, path, operation } of operations)
			for (const media of [
				...Object.values(operation.requestBody?.content ?? {}),
				...Object.values(operation.responses["200"]?.content ?? {}),
			]) {
				expect(media, `${method} ${path}`).toHaveProperty("example");
				expect(fits(media, media.example), `${method} ${path}`).toBe("");
			}
	});

	it("tells what its routes answer", async () => {
		const posts = operations.filter(
			({ method, path }) => method === "post" && !path.includes("{"),
		);
		expect(posts.length).toBeGreaterThan(1);
		for (const { path, operation } of posts) {
			const media = operation.requestBody?.content["application/json"];
			const answer = await documented.inject({
				method: "POST",
				url: path,
				payload: media?.example as object,
			});
			expect(answer.statusCode, answer.body).toBe(200);
			const said = operation.responses["200"]?.content?.["application/json"];
			expect(fits(said as Media, answer.json()), path).toBe("");
		}
	});
});
