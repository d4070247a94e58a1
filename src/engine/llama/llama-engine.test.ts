import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { writeRandomAdapter } from "../../../bench/random-model/random-adapter.ts";
import { ensureRandomModel } from "../../../bench/random-model/random-model.ts";
import { defaultSampling } from "../../core/generation-request.ts";
import {
	entriesOf,
	feed,
	fill,
	largestDifference,
	run,
} from "../conformance-sequences.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { describeEngine } from "../engine-conformance.ts";
import { llamaEngine } from "./llama.ts";

const starterModel = fileURLToPath(
	new URL(
		"../../../models/starter-chat/starter-chat-q8_0.gguf",
		import.meta.url,
	),
);

// Random f16 weights show mistakes best. How far logits of the same tokens were seen apart over 1,000 pairs of runs: 0.003,
// where a wrong first token makes 0.9 at least. The starter model's q8_0 activations round in steps, up to 0.06 apart, and
// a wrong token far back may matter less than that.
const tolerance = { random: 0.05, starter: 0.2 };

const { load } = llamaEngine;
describeEngine({
	name: "llama",
	modelPath: ensureRandomModel("tiny", "f16"),
	load,
	tolerance: tolerance.random,
	writeAdapter: (path, seed, architecture) =>
		writeRandomAdapter({
			modelPath: ensureRandomModel("tiny", "f16"),
			path,
			seed,
			rank: 4,
			...(architecture === undefined ? {} : { architecture }),
		}),
});
describe("llama with the starter model", () => {
	const loaded: Engine[] = [];
	const loadStarter = async (
		overrides: Partial<EngineOptions> = {},
	): Promise<Engine> => {
		const engine = await load({
			modelPath: starterModel,
			contextLength: 512,
			maxSequences: 2,
			kvCells: 1024,
			kvLayout: "unified",
			kvTypeK: "f16",
			kvTypeV: "f16",
			maxBatchTokens: 256,
			microBatchTokens: 16,
			threads: 1,
			threadsBatch: 1,
			flashAttention: "auto",
			gpuLayers: 0,
			memoryMap: true,
			memoryLock: false,
			...overrides,
		});
		loaded.push(engine);
		return engine;
	};
	afterEach(() => {
		for (const engine of loaded.splice(0)) engine[Symbol.dispose]();
	});
	const prompt = Array.from(
		{ length: 200 },
		(_, index) => 300 + ((index * index) % 500),
	);

	it("says something that a language model would say", async () => {
		const engine = await loadStarter();
		const { vocabulary } = engine;
		const text =
			"<|im_start|>user\nHello! How are you?<|im_end|>\n<|im_start|>assistant\n";
		const tokens = [
			...vocabulary.tokenize(text, { addSpecial: true, parseSpecial: true }),
		];
		await feed(engine, 0, tokens);
		using sampler = engine.createSampler({
			...defaultSampling,
			temperature: 0,
		});
		const answer: number[] = [];
		let entry = tokens.length - 1;
		while (answer.length < 40) {
			const token = sampler.sample(entry);
			if (vocabulary.endOfGenerationTokens.has(token)) break;
			answer.push(token);
			await run(
				engine,
				entriesOf(0, [token], tokens.length + answer.length - 1),
			);
			entry = 0;
		}
		const words = Buffer.concat(
			answer.map((token) => vocabulary.tokenBytes(token, false)),
		).toString("utf8");
		expect(words).toMatch(/[a-z]+ [a-z]+/i);
	});

	it("leaves nothing of an aborted run, however many micro-batches were done before", async () => {
		const engine = await loadStarter();
		const expected = await feed(engine, 1, prompt);
		await feed(engine, 0, prompt.slice(0, 20));
		for (let turns = 0; turns < 15; turns++) {
			const running = engine.run(
				fill(engine, entriesOf(0, prompt.slice(20), 20)),
			);
			for (let turn = 0; turn < turns * turns; turn++)
				await new Promise((resolve) => setImmediate(resolve));
			engine.abort();
			if ((await running) === "ok") engine.removeSequence(0, 20, -1);
		}
		const actual = await feed(engine, 0, prompt.slice(20), { from: 20 });
		expect(largestDifference(actual, expected)).toBeLessThanOrEqual(
			tolerance.starter,
		);
	});

	it("computes the same with other threads, cache types and ways to load", async () => {
		const expected = await feed(await loadStarter(), 0, prompt);
		const variants: [Partial<EngineOptions>, number][] = [
			[{ threads: 2, threadsBatch: 2 }, tolerance.starter],
			[{ memoryMap: false }, tolerance.starter],
			[{ kvTypeK: "f32", kvTypeV: "f32" }, tolerance.starter],
			[{ flashAttention: "off" }, 0.5],
			[{ kvTypeK: "q8_0", kvTypeV: "q8_0" }, 1],
		];
		for (const [overrides, limit] of variants) {
			const actual = await feed(await loadStarter(overrides), 0, prompt);
			expect(
				largestDifference(actual, expected),
				JSON.stringify(overrides),
			).toBeLessThanOrEqual(limit);
		}
	});

	it("takes less memory for its cache when that is quantised", async () => {
		const plain = await loadStarter();
		const quantised = await loadStarter({ kvTypeK: "q8_0", kvTypeV: "q8_0" });
		// 6 layers, 1,024 cells, keys and values of 4 heads of 64, two bytes each
		expect(plain.info.kvBytes).toBeCloseTo(6 * 1024 * 2 * 256 * 2, -5);
		expect(quantised.info.kvBytes / plain.info.kvBytes).toBeCloseTo(34 / 64, 1);
	});

	it("says why a cache type does not fit the model", async () => {
		const modelPath = ensureRandomModel("tiny", "f16");
		await expect(loadStarter({ modelPath, kvTypeK: "q8_0" })).rejects.toThrow(
			/K cache type q8_0/,
		);
	});

	it("uses threads for decoding and for prefill as told, without disturbing results", async () => {
		const engine = await loadStarter({ threads: 2, threadsBatch: 1 });
		const whole = await feed(engine, 1, prompt.slice(0, 60));
		await feed(engine, 0, prompt.slice(0, 50));
		const stepped = await feed(engine, 0, prompt.slice(50, 60), {
			from: 50,
			chunk: 1,
		});
		expect(largestDifference(stepped, whole)).toBeLessThanOrEqual(
			tolerance.starter,
		);
	});

	it("hands out logits without copying them", async () => {
		const engine = await loadStarter();
		await feed(engine, 0, prompt);
		const entry = prompt.length - 1;
		expect(engine.logits(entry).buffer).toBe(engine.logits(entry).buffer);
	});
});
