import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import {
	type Client,
	credentials,
	loadPackageDefinition,
	Metadata,
	type ServiceError,
	status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import {
	createHashEmbedding,
	createHashRanking,
} from "../testing/hash-encoder.ts";
import { createTestEncoder } from "../testing/test-encoder.ts";
import { type GrpcServer, startGrpcServer } from "./grpc-server.ts";

const secret = "sesame";
const hash = createHashEmbedding({ name: "org/hash-embed" });
const encoder = createTestEncoder(hash.service, {
	apiKeyHashes: [createHash("sha256").update(secret).digest("hex")],
});
const reranker = createTestEncoder(createHashRanking().service);

type Call = (
	request: object,
	metadata: Metadata,
	done: (error: ServiceError | null, answer: unknown) => void,
) => { cancel(): void };

const definition = loadPackageDefinition(
	loadSync(
		fileURLToPath(
			new URL("../../../docs/protocol/inference.proto", import.meta.url),
		),
		{ keepCase: true, longs: Number, defaults: true, oneofs: true },
	),
) as unknown as {
	inference: {
		GRPCInferenceService: new (
			...parameters: ConstructorParameters<typeof Client>
		) => Client & Record<string, Call>;
	};
};

const keyed = new Metadata();
keyed.set("authorization", `Bearer ${secret}`);
keyed.set("x-request-id", "call-7");

const servers: GrpcServer[] = [];
const clients: Client[] = [];

async function open(target: typeof encoder) {
	const { context, model } = target;
	const where = { host: "127.0.0.1", port: 0 };
	const server = await startGrpcServer(context, model, where);
	servers.push(server);
	const client = new definition.inference.GRPCInferenceService(
		`127.0.0.1:${server.port}`,
		credentials.createInsecure(),
	);
	clients.push(client);
	return client;
}

let client: Awaited<ReturnType<typeof open>>;
let rankingClient: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
	client = await open(encoder);
	rankingClient = await open(reranker);
});
afterAll(async () => {
	for (const one of clients) one.close();
	await Promise.all(servers.map((server) => server.close(100)));
});

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at as JSON is
function ask(method: string, request: object, metadata = keyed): Promise<any> {
	return askOf(client, method, request, metadata);
}

function askOf(
	from: typeof client,
	method: string,
	request: object,
	metadata = keyed,
	// biome-ignore lint/suspicious/noExplicitAny: answers are looked at as JSON is
): Promise<any> {
	return new Promise((resolve, reject) => {
		(from[method] as Call).call(from, request, metadata, (error, answer) =>
			error === null ? resolve(answer) : reject(error),
		);
	});
}

const model_name = "org_hash_embed";
const rawText = (text: string) => {
	const bytes = Buffer.from(text);
	const length = Buffer.alloc(4);
	length.writeUInt32LE(bytes.length);
	return Buffer.concat([length, bytes]);
};
const textInput = (...texts: string[]) => ({
	name: "text",
	datatype: "BYTES",
	shape: [texts.length, 1],
	contents: { bytes_contents: texts.map((text) => Buffer.from(text)) },
});

describe("GRPCInferenceService", () => {
	it("tells of server, model and health; health without a key", async () => {
		const none = new Metadata();
		expect(await ask("ServerLive", {}, none)).toEqual({ live: true });
		expect(await ask("ServerReady", {}, none)).toEqual({ ready: true });
		expect(await ask("ModelReady", { name: model_name }, none)).toEqual({
			ready: true,
		});
		expect(await ask("ServerMetadata", {})).toMatchObject({
			name: "galley",
			version: "1.2.3",
		});
		expect(
			await ask("ModelMetadata", { name: "org/hash-embed" }),
		).toMatchObject({
			name: "org/hash-embed",
			versions: ["1"],
			inputs: [{ name: "text", datatype: "BYTES", shape: [-1, 1] }],
			outputs: [
				{ name: "token_count", shape: [-1] },
				{ name: "embeddings", datatype: "FP32", shape: [-1, 8] },
			],
		});
	});

	it("infers from raw bytes and from values, each answered in kind", async () => {
		const parameters = {
			input_type: { string_param: "query" },
			truncate: { string_param: "END" },
			dimensions: { int64_param: 4 },
		};
		const raw = await ask("ModelInfer", {
			model_name,
			id: "3",
			parameters,
			inputs: [{ name: "text", datatype: "BYTES", shape: [2, 1] }],
			raw_input_contents: [Buffer.concat([rawText("rot"), rawText("grün")])],
		});
		expect(raw).toMatchObject({
			model_name,
			model_version: "1",
			id: "3",
			outputs: [
				{ name: "token_count", datatype: "INT32", shape: [2] },
				{ name: "embeddings", datatype: "FP32", shape: [2, 4] },
			],
		});
		expect(hash.requests.at(-1)).toMatchObject({
			id: "call-7",
			inputs: ["rot", "grün"],
			inputType: "query",
			truncation: "end",
			dimensions: 4,
		});
		const values = await ask("ModelInfer", {
			model_name,
			parameters,
			inputs: [textInput("rot", "grün")],
			outputs: [{ name: "embeddings" }],
		});
		expect(values.raw_output_contents).toEqual([]);
		const floats: number[] = values.outputs[0].contents.fp32_contents;
		expect(floats).toHaveLength(8);
		const [counts, bytes] = raw.raw_output_contents;
		expect([counts.readInt32LE(0), counts.readInt32LE(4)]).toEqual([3, 3]);
		expect(floats.map((_, index) => bytes.readFloatLE(4 * index))).toEqual(
			floats.map(Math.fround),
		);
		expect(encoder.entries.at(-1)).toMatchObject({
			requestId: "call-7",
			method: "GRPC",
			route: "/inference.GRPCInferenceService/ModelInfer",
			status: 200,
			model: "org/hash-embed",
			promptTokens: 6,
		});
	});

	it("ranks", async () => {
		const answer = await askOf(rankingClient, "ModelInfer", {
			model_name: "hash_rerank",
			inputs: [
				{ ...textInput("a b"), name: "query" },
				{ ...textInput("c", "b a"), name: "passage" },
			],
		});
		expect(answer.outputs).toMatchObject([
			{ name: "index", shape: [2, 1], contents: { int_contents: [1, 0] } },
			{ name: "logit", contents: { fp32_contents: [0.5, -1.5] } },
			{ name: "token_count", contents: { int_contents: [5, 6] } },
		]);
	});

	it("errors have gRPC's codes and say what to do", async () => {
		const inputs = [textInput("a")];
		const rejected = async (
			request: object,
			code: number,
			words: RegExp,
			metadata = keyed,
		) => {
			const error = await ask("ModelInfer", request, metadata).then(
				() => null,
				(thrown: ServiceError) => thrown,
			);
			expect(error?.code).toBe(code);
			expect(error?.details).toMatch(words);
		};
		const none = new Metadata();
		await rejected(
			{ model_name, inputs },
			status.UNAUTHENTICATED,
			/API key/,
			none,
		);
		await rejected(
			{ model_name: "x", inputs },
			status.NOT_FOUND,
			/no model 'x'/,
		);
		await rejected(
			{ model_name, inputs: [textInput("a", "a ".repeat(30))] },
			status.INVALID_ARGUMENT,
			/'inputs\[0\].data\[1\]' has 32 tokens/,
		);
		await rejected(
			{
				model_name,
				inputs: [{ name: "text", datatype: "BYTES", shape: [1] }],
				raw_input_contents: [Buffer.from([9, 0, 0, 0, 1])],
			},
			status.INVALID_ARGUMENT,
			/reaches beyond its end/,
		);
		hash.setFailure(new GalleyError("queue_full", "Full."));
		await rejected({ model_name, inputs }, status.RESOURCE_EXHAUSTED, /Full/);
		hash.setFailure(null);
		hash.setState({ phase: "draining" });
		await rejected({ model_name, inputs }, status.UNAVAILABLE, /shutting down/);
		expect(await ask("ServerReady", {})).toEqual({ ready: false });
		hash.setState({ phase: "ready" });
	});

	it("a cancelled call is dropped by the service", async () => {
		hash.setDelay(60_000);
		const before = hash.requests.length;
		const ended = new Promise<ServiceError | null>((resolve) => {
			const call = (client.ModelInfer as Call).call(
				client,
				{ model_name, inputs: [textInput("a")] },
				keyed,
				(error) => resolve(error),
			);
			const timer = setInterval(() => {
				if (hash.requests.length === before) return;
				clearInterval(timer);
				call.cancel();
			}, 2);
		});
		expect((await ended)?.code).toBe(status.CANCELLED);
		while (encoder.failures.at(-1) !== "client_closed")
			await new Promise((resolve) => setTimeout(resolve, 2));
		hash.setDelay(0);
		expect(hash.requests.at(-1)?.signal.aborted).toBe(true);
	});

	it("a port in use is an error that says which option to change", async () => {
		const { context, model } = reranker;
		const port = servers[0]?.port ?? 0;
		await expect(
			startGrpcServer(context, model, { host: "127.0.0.1", port }),
		).rejects.toThrow(/--grpc-port/);
	});
});
