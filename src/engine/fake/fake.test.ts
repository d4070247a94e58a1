import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { defaultSampling } from "../../core/generation-request.ts";
import { entriesOf, feed, fill, run } from "../conformance-sequences.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { fakeEngine } from "./fake.ts";

const optionsFor = (modelPath: string): EngineOptions => ({
	modelPath,
	contextLength: 512,
	maxSequences: 4,
	kvCells: 1024,
	kvLayout: "unified",
	kvTypeK: "f16",
	kvTypeV: "f16",
	maxBatchTokens: 512,
	microBatchTokens: 512,
	threads: 1,
	threadsBatch: 1,
	flashAttention: "auto",
	gpuLayers: 0,
	memoryMap: true,
	memoryLock: false,
});
const load = (path: string): Promise<Engine> =>
	fakeEngine.load(optionsFor(path));

async function generate(
	engine: Engine,
	prompt: readonly number[],
	count: number,
	temperature = 0,
): Promise<number[]> {
	using sampler = engine.createSampler({
		...defaultSampling,
		temperature,
		seed: 5,
	});
	const tokens = [...prompt];
	let computed = 0;
	while (tokens.length < prompt.length + count) {
		const entries = entriesOf(0, tokens.slice(computed), computed);
		await run(engine, entries);
		computed = tokens.length;
		tokens.push(sampler.sample(entries.length - 1));
	}
	engine.removeSequence(0, 0, -1);
	return tokens.slice(prompt.length);
}

function textOf(engine: Engine, tokens: readonly number[]): string {
	return Buffer.concat(
		tokens.map((token) => engine.vocabulary.tokenBytes(token, true)),
	).toString("utf8");
}

describe("the fake engine", () => {
	it("generates words and spaces, never an end that nobody asked for", async () => {
		using engine = await load("fake:");
		for (const temperature of [0, 1]) {
			const tokens = await generate(engine, [256, 70, 300], 200, temperature);
			expect(textOf(engine, tokens)).toMatch(/^( [a-z]+){200}$/);
			expect(new Set(tokens).size).toBeGreaterThan(50);
		}
	});

	it("ends an answer where endAfter says, counting from the last special token", async () => {
		using engine = await load("fake:?endAfter=12");
		const prompt = engine.vocabulary.tokenize(
			"<|user|>hello<|end|><|assistant|>",
			{ addSpecial: true, parseSpecial: true },
		);
		for (const temperature of [0, 1]) {
			const tokens = await generate(engine, [...prompt], 13, temperature);
			expect(
				tokens.findIndex((token) =>
					engine.vocabulary.endOfGenerationTokens.has(token),
				),
			).toBe(12);
		}
	});

	it("fails the run that failRun names and goes on afterwards", async () => {
		using engine = await load("fake:?failRun=2");
		await feed(engine, 0, [300, 301]);
		await expect(run(engine, entriesOf(0, [302], 2))).rejects.toThrow(
			/failRun/,
		);
		expect(await run(engine, entriesOf(0, [302], 2))).toBe("ok");
	});

	it("ends its process like a crash in the run that crashRun names", async () => {
		const script = `
			import { fakeEngine } from ${JSON.stringify(new URL("./fake.ts", import.meta.url).href)};
			const engine = await fakeEngine.load(${JSON.stringify(optionsFor("fake:?crashRun=1"))});
			engine.batch.tokens[0] = 300;
			await engine.run(1);
			console.log("survived");`;
		const child = spawn(process.execPath, [
			"--import",
			"tsx",
			"--input-type=module",
			"--eval",
			script,
		]);
		const [, signal] = await once(child, "exit");
		expect(signal).toBe("SIGKILL");
	});

	it("takes the time that stepMs asks for, unless aborted", async () => {
		using engine = await load("fake:?stepMs=3600000");
		const running = engine.run(
			fill(engine, entriesOf(0, [300, 301, 302, 303])),
		);
		engine.abort();
		expect(await running).toBe("aborted");
	});

	it("imitates a model whose memory can't be shared", async () => {
		using engine = await load("fake:?canShareMemory=0");
		expect(engine.info.canShareMemory).toBe(false);
		await feed(engine, 0, [300, 301, 302]);
		expect(engine.removeSequence(0, 1, -1)).toBe(false);
		expect(() => engine.copySequence(0, 1, 0, -1)).toThrow(/canShareMemory/);
		expect(engine.removeSequence(0, 0, -1)).toBe(true);
	});

	it("refuses to go on after a hole", async () => {
		using engine = await load("fake:");
		await feed(engine, 0, [300, 301, 302, 303]);
		engine.removeSequence(0, 1, 2);
		await expect(run(engine, entriesOf(0, [304], 4))).rejects.toThrow(/hole/);
	});

	it("has a vocabulary with a template, of the size that was asked for", () => {
		using vocabulary = fakeEngine.loadVocabulary(
			"fake:?vocabulary=20000&trainedContext=4096",
		);
		expect(vocabulary.size).toBe(20_000);
		expect(vocabulary.metadata.get("fake.context_length")).toBe("4096");
		expect(vocabulary.chatTemplate()).toContain("<|assistant|>");
		const texts = Array.from({ length: vocabulary.size }, (_, token) =>
			Buffer.from(vocabulary.tokenBytes(token, true)).toString("latin1"),
		);
		expect(new Set(texts).size).toBe(vocabulary.size);
	});

	it.each([
		"fake:?stepms=1",
		"fake:?stepMs=-1",
		"fake:?stepMs=",
		"fake:?vocabulary=10",
		"fake:stepMs=1",
	])("refuses the path %s", (path) => {
		expect(() => fakeEngine.loadVocabulary(path)).toThrow(/can't be loaded/);
	});
});
