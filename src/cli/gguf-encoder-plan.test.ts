import { expect, test } from "vitest";
import { resolveServiceConfig } from "../config/service-config.ts";
import { readGgufEncoder } from "../models/gguf-encoder.ts";
import { createLogger } from "../observability/logger.ts";
import { type EncoderLocation, planEncoder } from "./encoder-plan.ts";
import { planGgufEncoder } from "./gguf-encoder-plan.ts";
import { locateModel } from "./locate-model.ts";
import { openEncoderService } from "./open-encoder.ts";

const models = `${import.meta.dirname}/../../models`;
const logger = createLogger({
	level: "silent",
	format: "json",
	destination: { write() {} },
});

function configFor(model: string) {
	return resolveServiceConfig({ flags: { model }, environment: {} });
}

async function openGguf(
	path = `${models}/starter-embed/starter-embed-q8_0.gguf`,
) {
	const config = configFor(path);
	const location = await locateModel(path, config);
	const encoder = await readGgufEncoder(path);
	if (location.kind !== "here" || encoder === null) throw new Error("no GGUF");
	const plan = await planGgufEncoder(location, encoder, config);
	const opened = await openEncoderService(plan, logger);
	await opened.supervisor.whenReady();
	return { plan, ...opened };
}

async function openOnnx() {
	const config = configFor("starter-embed");
	const location = await locateModel("starter-embed", config);
	const plan = await planEncoder(location as EncoderLocation, config);
	const opened = await openEncoderService(plan, logger);
	await opened.supervisor.whenReady();
	return opened;
}

test("a model that generates text is no encoder", async () => {
	const path = `${models}/starter-chat/starter-chat-q8_0.gguf`;
	expect(await readGgufEncoder(path)).toBeNull();
});

test("a GGUF file gives the tokens and nearly the vectors of the same model in ONNX, alone and in batches", async () => {
	const gguf = await openGguf();
	const onnx = await openOnnx();
	expect([gguf.service.state(), onnx.service.state()]).toEqual([
		{ phase: "ready" },
		{ phase: "ready" },
	]);
	expect(gguf.plan.profile.name).toBe("llama-q8_0-cpu");
	const inputs = [
		"a",
		"The river runs through the old town.",
		"Café Zürich, 1984: what's new?",
		...Array.from({ length: 70 }, (_, index) => `text ${index} of many`),
		"long ".repeat(300),
	];
	for (const text of inputs)
		expect([...gguf.service.tokenize(text)]).toEqual([
			...onnx.service.tokenize(text),
		]);
	const request = {
		id: "r",
		inputs,
		inputType: null,
		truncation: "none",
		dimensions: null,
		signal: new AbortController().signal,
	} as const;
	if (gguf.service.task !== "embedding" || onnx.service.task !== "embedding")
		throw new Error("no embedding model");
	const found = await gguf.service.embed(request);
	const wanted = await onnx.service.embed(request);
	expect(found.promptTokens).toBe(wanted.promptTokens);
	expect(found.inputTokens).toEqual(wanted.inputTokens);
	const cosines = found.vectors.map((vector, index) =>
		vector.reduce(
			(sum, value, column) =>
				sum + value * (wanted.vectors[index]?.[column] ?? 0),
			0,
		),
	);
	// Eight bits a weight in both, rounded differently; a text of one letter feels it most.
	const sorted = cosines.sort((left, right) => left - right);
	expect(sorted[0]).toBeGreaterThan(0.97);
	expect(sorted[1]).toBeGreaterThan(0.99);
	await Promise.all([gguf.service.drain(1000), onnx.service.drain(1000)]);
}, 60_000);

test("a reranking GGUF ranks as the same weights do in ONNX, but for the kind of text that llama.cpp doesn't pass on", async () => {
	const fixtures = `${import.meta.dirname}/../modalities/testing/fixtures`;
	const { plan, service } = await openGguf(`${fixtures}/tiny-rerank-f32.gguf`);
	expect(service.state()).toEqual({ phase: "ready" });
	expect(plan.profile.name).toBe("llama-f32-cpu");
	expect(plan.explanation).toContain("its ONNX files rank better");
	if (service.task !== "ranking") throw new Error("no reranking model");
	const request = {
		id: "r",
		query: "what runs in the sea?",
		truncation: "none",
		signal: new AbortController().signal,
	} as const;
	const passages = [
		"the ship runs in the sea",
		"a cat",
		"the galley cooks bread and serves a large green model of the house",
	];
	const together = await service.rank({ ...request, passages });
	// ONNX Runtime's for the same tokens, all of the first kind.
	const expected = [1.04153, 1.03973, 1.04435];
	for (const [index, logit] of together.logits.entries())
		expect(logit).toBeCloseTo(expected[index] ?? Number.NaN, 3);
	for (const [index, passage] of passages.entries()) {
		const alone = await service.rank({ ...request, passages: [passage] });
		expect(alone.logits[0]).toBeCloseTo(together.logits[index] ?? 0, 4);
	}
	await service.drain(1000);
}, 60_000);
