import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { EncoderFacts } from "../core/embedding-service.ts";
import type { Pooling } from "../engine/encoder-engine.ts";
import { loadOnnxEncoder } from "../engine/onnx/onnx-encoder.ts";
import { readEncoderDirectory } from "./encoder-directory.ts";
import { EmbeddingModel, RankingModel } from "./encoder-service.ts";
import { EncoderText } from "./encoder-text.ts";
import { openTokenizer } from "./onnx-tokenizer.ts";

interface Reference {
	embedding: {
		text: string;
		ids: number[];
		mean: number[];
		cls: number[];
		last: number[];
	}[];
	ranking: {
		query: string;
		pairs: {
			passage: string;
			ids: number[];
			typeIds: number[];
			logit: number;
		}[];
	};
}

const fixtures = `${import.meta.dirname}/testing/fixtures`;
const reference = JSON.parse(
	readFileSync(`${fixtures}/reference.json`, "utf8"),
) as Reference;

async function openParts(folder: string, pooling?: Pooling) {
	const directory = await readEncoderDirectory(`${fixtures}/${folder}`);
	const engine = await loadOnnxEncoder({
		modelPath: directory.variants[0]?.path ?? "",
		task: directory.task,
		pooling: pooling ?? directory.pooling,
		isNormalized: directory.isNormalized,
		padToken: directory.padToken,
		maxBatchTokens: 512,
		maxInputTokens: directory.maxInputTokens,
		threads: 1,
		providers: ["cpu"],
	});
	const text = new EncoderText(
		openTokenizer(directory),
		directory.maxInputTokens,
	);
	const facts: EncoderFacts = {
		architecture: directory.architecture,
		name: directory.name,
		parameters: null,
		precision: "fp32",
		maxInputTokens: directory.maxInputTokens,
		vocabularySize: text.vocabularySize,
		license: null,
		sizeBytes: 0,
		sha256: null,
		profile: { id: "", name: "onnx-fp32-cpu" },
	};
	const parts = {
		name: folder,
		created: 0,
		facts,
		text,
		runner: {
			info: engine.info,
			lanes: 1,
			state: () => ({ phase: "ready" as const }),
			onState: () => undefined,
			run: async (sequences: Parameters<typeof engine.run>[0]) => ({
				rows: await engine.run(sequences),
				computeMs: 1,
			}),
			stop: async () => engine[Symbol.asyncDispose](),
		},
		// Fill without end: rows must not depend on what is beside them.
		limits: {
			maxRequests: 8,
			maxTokens: 4096,
			maxBatchTokens: 512,
			maxFill: 1,
		},
	};
	return { directory, engine, parts };
}

async function openEmbedding(pooling?: Pooling) {
	const { directory, engine, parts } = await openParts("tiny-embed", pooling);
	return new EmbeddingModel({
		...parts,
		prompts: directory.prompts,
		dimensions: engine.info.width,
		trainedDimensions: directory.trainedDimensions,
		isNormalized: directory.isNormalized,
	});
}

const request = {
	id: "r",
	inputType: null,
	truncation: "none",
	dimensions: null,
	signal: new AbortController().signal,
} as const;

function expectNear(actual: Iterable<number>, expected: readonly number[]) {
	const values = [...actual];
	expect(values.length).toBe(expected.length);
	const distance = Math.max(
		...values.map((value, index) => Math.abs(value - (expected[index] ?? NaN))),
	);
	expect(distance).toBeLessThan(1e-5);
}

describe("embedding of an ONNX folder", () => {
	test.each(["mean", "cls", "last"] as const)(
		"vectors are transformers' own with %s pooling, whatever is computed beside them",
		async (pooling) => {
			const service = await openEmbedding(pooling);
			const inputs = reference.embedding.map(({ text }) => text);
			const { vectors, promptTokens } = await service.embed({
				...request,
				inputs,
			});
			for (const [index, vector] of vectors.entries())
				expectNear(vector, reference.embedding[index]?.[pooling] ?? []);
			expect(promptTokens).toBe(
				reference.embedding.reduce((sum, { ids }) => sum + ids.length, 0),
			);
			await service.drain(1000);
		},
	);

	test("tokens are the reference's, and token inputs work with and without special tokens", async () => {
		const service = await openEmbedding();
		for (const { text, ids } of reference.embedding)
			expect([...service.tokenize(text)]).toEqual(ids);
		const { ids, mean } = reference.embedding[0] ?? { ids: [], mean: [] };
		const { vectors } = await service.embed({
			...request,
			inputs: [Int32Array.from(ids), Int32Array.from(ids.slice(1, -1))],
		});
		for (const vector of vectors) expectNear(vector, mean);
		await expect(
			service.embed({ ...request, inputs: [Int32Array.of(1, 99_999)] }),
		).rejects.toMatchObject({ code: "invalid_request", param: "input" });
		await service.drain(1000);
	});

	test("a query gets the prompt of the model's own configuration", async () => {
		const service = await openEmbedding();
		const { vectors } = await service.embed({
			...request,
			inputType: "query",
			inputs: ["river"],
		});
		const prompted = reference.embedding.find(
			({ text }) => text === "query: river",
		);
		expectNear(vectors[0] ?? [], prompted?.mean ?? []);
		await service.drain(1000);
	});

	test("shorter vectors have unit length again; more dimensions than there are is refused", async () => {
		const service = await openEmbedding();
		const { vectors } = await service.embed({
			...request,
			inputs: ["the sea"],
			dimensions: 8,
		});
		expect(vectors[0]?.length).toBe(8);
		expect(Math.hypot(...(vectors[0] ?? []))).toBeCloseTo(1, 5);
		expect(service.trainedDimensions).toEqual([8, 16]);
		await expect(
			service.embed({ ...request, inputs: ["a"], dimensions: 17 }),
		).rejects.toMatchObject({ code: "invalid_request", param: "dimensions" });
		await service.drain(1000);
	});

	test("what is too long is refused by its place, or cut at the side that was asked for", async () => {
		const service = await openEmbedding();
		const long = `cat ${"sea ".repeat(60)}dog`;
		await expect(
			service.embed({ ...request, inputs: ["a", long] }),
		).rejects.toMatchObject({
			code: "context_length_exceeded",
			param: "input[1]",
		});
		const { vectors, promptTokens } = await service.embed({
			...request,
			inputs: [long, `cat ${"sea ".repeat(45)}`],
			truncation: "end",
		});
		expect(promptTokens).toBe(96);
		expectNear(vectors[0] ?? [], [...(vectors[1] ?? [])]);
		const fromStart = await service.embed({
			...request,
			inputs: [long, `${"sea ".repeat(45)} dog`],
			truncation: "start",
		});
		expectNear(fromStart.vectors[0] ?? [], [...(fromStart.vectors[1] ?? [])]);
		await service.drain(1000);
	});

	test("the int8 file gives nearly the same direction", async () => {
		const { directory } = await openParts("tiny-embed");
		expect(directory.variants.map(({ precision }) => precision)).toEqual([
			"fp32",
			"int8",
		]);
		const engine = await loadOnnxEncoder({
			modelPath: directory.variants[1]?.path ?? "",
			task: "embedding",
			pooling: "mean",
			isNormalized: true,
			padToken: 0,
			maxBatchTokens: 512,
			maxInputTokens: 48,
			threads: 1,
			providers: ["cpu"],
		});
		const [first] = reference.embedding;
		const tokens = Int32Array.from(first?.ids ?? []);
		const row = await engine.run([{ tokens, secondStart: tokens.length }]);
		const cosine = row.reduce(
			(sum, value, index) => sum + value * (first?.mean[index] ?? 0),
			0,
		);
		expect(cosine).toBeGreaterThan(0.98);
		await engine[Symbol.asyncDispose]();
	});
});

describe("ranking with an ONNX folder", () => {
	test("logits are transformers' own", async () => {
		const { parts } = await openParts("tiny-rerank");
		const service = new RankingModel(parts);
		const { query, pairs } = reference.ranking;
		const { logits, promptTokens } = await service.rank({
			id: "r",
			query,
			passages: pairs.map(({ passage }) => passage),
			truncation: "none",
			signal: request.signal,
		});
		expectNear(
			logits,
			pairs.map(({ logit }) => logit),
		);
		expect(promptTokens).toBe(
			pairs.reduce((sum, { ids }) => sum + ids.length, 0),
		);
		await service.drain(1000);
	});

	test("only passages are cut; a query that leaves no room is refused", async () => {
		const { parts } = await openParts("tiny-rerank");
		const service = new RankingModel(parts);
		const ask = (query: string, passage: string) =>
			service.rank({
				id: "r",
				query,
				passages: [passage],
				truncation: "end",
				signal: request.signal,
			});
		const { promptTokens } = await ask("the sea", "river ".repeat(100));
		expect(promptTokens).toBe(64);
		await expect(ask("sea ".repeat(61), "river")).rejects.toMatchObject({
			code: "context_length_exceeded",
			param: "query",
		});
		await service.drain(1000);
	});
});
