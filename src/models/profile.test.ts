import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hardware } from "./hardware.ts";
import {
	type ComputeShape,
	computeBytes,
	kvBytesPerToken,
} from "./memory-need.ts";
import type { ModelDescription } from "./model-description.ts";
import {
	type AskedSettings,
	profileOptionValues,
	selectProfile,
} from "./profile.ts";

const gibibyte = 1024 ** 3;

/** The shape of a 135M model: 23,040 bytes of keys and values a token. */
const model: ModelDescription = {
	path: "/m.gguf",
	name: "Small",
	architecture: "llama",
	parameters: 134_515_008,
	precision: "Q8_0",
	layers: 30,
	embeddingLength: 576,
	feedForwardLength: 1536,
	heads: 9,
	kvHeads: Array.from({ length: 30 }, () => 3),
	keyLength: 64,
	valueLength: 64,
	trainedContextLength: 8192,
	vocabularySize: 49_152,
	hasChatTemplate: true,
	license: null,
	isRecurrent: false,
	slidingWindow: null,
	sizeBytes: 145_059_456,
	weightBytes: 143_025_408,
};

const nothingAsked: AskedSettings = {
	maxModelLen: null,
	maxNumSeqs: null,
	maxNumBatchedTokens: null,
	kvLayout: "auto",
	kvCacheTokens: null,
	targetItlMs: null,
	kvCacheTypeK: "f16",
	kvCacheTypeV: "f16",
	threads: null,
	threadsBatch: null,
	gpuLayers: null,
	flashAttention: "auto",
};

function machine(
	availableBytes: number,
	quota: number | null = null,
): Hardware {
	return {
		platform: "linux",
		architecture: "x64",
		cpu: {
			model: "CPU",
			logicalProcessors: 8,
			physicalCores: 4,
			quota,
			features: [],
		},
		memory: { totalBytes: 64 * gibibyte, availableBytes, limitBytes: null },
		numaNodes: 1,
	};
}

function select(
	asked: Partial<AskedSettings> = {},
	availableBytes = 16 * gibibyte,
	description = model,
) {
	return selectProfile({
		model: description,
		hardware: machine(availableBytes),
		asked: { ...nothingAsked, ...asked },
	});
}

describe("memory needs", () => {
	it("are what llama.cpp reports for this shape", () => {
		// "KV buffer size = 1440.00 MiB" at 65,536 cells; compute buffers at micro-batches of 512.
		expect((65_536 * kvBytesPerToken(model, "f16", "f16")) / 1024 ** 2).toBe(
			1440,
		);
		const mebibytes = (
			shape: Partial<ComputeShape>,
			description: ModelDescription = model,
		) =>
			computeBytes(description, {
				microBatchTokens: 512,
				cellsAttended: 2048,
				flashAttention: true,
				logitRows: 512,
				...shape,
			}) /
			1024 ** 2;
		const wide = {
			...model,
			embeddingLength: 896,
			feedForwardLength: 4864,
			vocabularySize: 151_936,
		};
		expect(mebibytes({})).toBeCloseTo(98.25, 2);
		expect(mebibytes({ logitRows: 8 })).toBeCloseTo(15.51, 1);
		expect(mebibytes({ logitRows: 1, cellsAttended: 16_384 })).toBeCloseTo(
			29.51,
			1,
		);
		expect(mebibytes({}, wide)).toBeCloseTo(300.25, 2);
		expect(mebibytes({ logitRows: 8 }, wide)).toBeCloseTo(37.51, 1);
		const slow = mebibytes({ cellsAttended: 65_536, flashAttention: false });
		expect(Math.abs(slow / 1286.38 - 1)).toBeLessThan(0.01);
	});

	it("shrink with the cache's number format", () => {
		expect(kvBytesPerToken(model, "q8_0", "q8_0")).toBe((23_040 * 34) / 64);
		expect(kvBytesPerToken(model, "f32", "f16")).toBe(23_040 * 1.5);
	});

	it("count layers without keys and values as nothing", () => {
		expect(
			kvBytesPerToken({ ...model, kvHeads: [0, 0, 3] }, "f16", "f16"),
		).toBe(768);
	});
});

describe("selectProfile", () => {
	it("runs all of a small model's context for 8 sequences", () => {
		const { settings, name, memory, explanation } = select();
		expect(name).toBe("llama-q8_0-cpu");
		expect(settings).toEqual({
			contextLength: 8192,
			maxSequences: 8,
			kvCells: 65_536,
			kvLayout: "auto",
			kvTypeK: "f16",
			kvTypeV: "f16",
			maxBatchTokens: 512,
			microBatchTokens: 512,
			threads: 4,
			threadsBatch: 4,
			flashAttention: "auto",
			gpuLayers: 0,
		});
		expect(memory.totalBytes).toBe(
			memory.weightBytes +
				memory.kvBytes +
				memory.computeBytes +
				memory.adapterBytes +
				memory.processBytes,
		);
		expect(explanation).toContain(
			"8 sequences at a time of up to 8192 tokens, all that the model was trained for",
		);
		expect(explanation).not.toContain("Memory is short");
	});

	it("shortens the context to a quarter of memory, to a multiple of 256, and says so", () => {
		const { settings, memory, explanation } = select({}, 4 * gibibyte);
		expect(settings.contextLength).toBeLessThan(8192);
		expect(settings.contextLength % 256).toBe(0);
		expect(settings.maxSequences).toBe(8);
		expect(memory.kvBytes).toBeLessThanOrEqual(gibibyte);
		expect(memory.kvBytes + 256 * 8 * 23_040).toBeGreaterThan(gibibyte);
		expect(explanation).toContain(
			`the context is ${settings.contextLength} instead of 8192 tokens`,
		);
	});

	it("gives up sequences before contexts get uncomfortable", () => {
		const { settings, explanation } = select({}, gibibyte);
		expect(settings.contextLength).toBeGreaterThanOrEqual(2048);
		expect(settings.maxSequences).toBeLessThan(8);
		expect(explanation).toContain("fewer sequences than the usual 8");
	});

	it("keeps the context that was asked and fits sequences to it", () => {
		const { settings } = select({ maxModelLen: 8000 }, 4 * gibibyte);
		expect(settings.contextLength).toBe(8000);
		expect(settings.maxSequences).toBe(5);
		expect(settings.kvCells).toBe(40_000);
	});

	it("keeps the sequences that were asked and fits the context to them", () => {
		const { settings } = select({ maxNumSeqs: 32 }, 4 * gibibyte);
		expect(settings.maxSequences).toBe(32);
		expect(settings.contextLength).toBe(2048);
		expect(
			select({ maxNumSeqs: 64 }, 2.5 * gibibyte).settings.contextLength,
		).toBeLessThan(2048);
	});

	it("puts sequences of several adapters into one pool, unless somebody asked for another layout", () => {
		const adapters = { count: 2, rank: 16 };
		expect(select({ adapters }).settings.kvLayout).toBe("unified");
		expect(select({ adapters, kvLayout: "streams" }).settings.kvLayout).toBe(
			"streams",
		);
		expect(select({ adapters: null }).settings.kvLayout).toBe("auto");
	});

	it("counts adapters and the states of recurrent layers", () => {
		const plain = select({ maxModelLen: 2048, maxNumSeqs: 4 });
		const adapted = select({
			maxModelLen: 2048,
			maxNumSeqs: 4,
			adapters: { count: 2, rank: 16 },
		});
		expect(adapted.name).toBe("llama-q8_0-cpu-lora");
		// 30 layers: 4 attention matrices and 3 of the feed-forward part, both factors of rank 16 as floats.
		const width = 2 * (576 + 576) + 2 * (576 + 192) + 3 * (576 + 1536);
		expect(adapted.memory.adapterBytes).toBe(2 * 30 * width * 16 * 4);
		expect(adapted.memory.totalBytes - plain.memory.totalBytes).toBe(
			adapted.memory.adapterBytes,
		);
		const recurrent = select({ maxModelLen: 2048, maxNumSeqs: 4 }, undefined, {
			...model,
			recurrentStateBytes: 1_000_000,
		});
		expect(recurrent.memory.kvBytes - plain.memory.kvBytes).toBe(4_000_000);
	});

	it("takes more than a quarter of memory when both were asked", () => {
		const { settings, memory } = select(
			{ maxModelLen: 8192, maxNumSeqs: 8 },
			2 * gibibyte,
		);
		expect(settings).toMatchObject({ contextLength: 8192, maxSequences: 8 });
		expect(memory.kvBytes).toBeGreaterThan(gibibyte);
	});

	it("refuses what doesn't fit and names the nearest that does", () => {
		expect(() =>
			select({ maxModelLen: 8192, maxNumSeqs: 16 }, 2 * gibibyte),
		).toThrow(
			/needs about 3\.\d+ GiB of memory; 2\.00 GiB are available\. What fits: --max-model-len \d+, or --max-num-seqs 9\.$/,
		);
		expect(() => select({}, 200 * 1024 ** 2)).toThrow(
			/Free memory, or take a smaller model/,
		);
	});

	it("names values that do fit when taken", () => {
		const available = 2 * gibibyte;
		let message = "";
		try {
			select({ maxModelLen: 8192, maxNumSeqs: 16 }, available);
		} catch (error) {
			message = (error as Error).message;
		}
		const context = Number(/--max-model-len (\d+)/.exec(message)?.[1]);
		const sequences = Number(/--max-num-seqs (\d+)/.exec(message)?.[1]);
		expect(
			select({ maxModelLen: context, maxNumSeqs: 16 }, available).settings
				.contextLength,
		).toBe(context);
		expect(
			select({ maxModelLen: 8192, maxNumSeqs: sequences }, available).settings
				.maxSequences,
		).toBe(sequences);
		expect(() =>
			select({ maxModelLen: context + 256, maxNumSeqs: 16 }, available),
		).toThrow();
	});

	it("refuses a context longer than trained", () => {
		expect(() => select({ maxModelLen: 8193 })).toThrow(
			/more than the 8192 tokens that Small was trained for/,
		);
	});

	it("lets one sequence of a unified pool be long where streams would be short", () => {
		const { settings, memory } = select({ kvLayout: "unified" }, 4 * gibibyte);
		expect(settings).toMatchObject({
			kvLayout: "unified",
			contextLength: 8192,
			maxSequences: 8,
		});
		expect(settings.kvCells).toBeGreaterThanOrEqual(8192);
		expect(settings.kvCells).toBeLessThan(65_536);
		expect(memory.kvBytes).toBe(settings.kvCells * 23_040);
	});

	it("starts a thread a core, fewer under a container's ration, and as many as asked", () => {
		const asked = (changes: Partial<AskedSettings>, quota: number | null) =>
			selectProfile({
				model,
				hardware: machine(16 * gibibyte, quota),
				asked: { ...nothingAsked, ...changes },
			}).settings;
		expect(asked({}, 2.5)).toMatchObject({ threads: 2, threadsBatch: 2 });
		expect(asked({ threads: 3 }, null)).toMatchObject({
			threads: 3,
			threadsBatch: 3,
		});
		expect(asked({ threads: 1, threadsBatch: 8 }, null)).toMatchObject({
			threads: 1,
			threadsBatch: 8,
		});
	});

	it("uses a GPU when one can be had and nobody forbids it", () => {
		const accelerator = {
			kind: "cuda",
			availableBytes: 24 * gibibyte,
		} as const;
		const profile = (asked: Partial<AskedSettings>) =>
			selectProfile({
				model,
				hardware: machine(2 * gibibyte),
				asked: { ...nothingAsked, ...asked },
				accelerator,
			});
		expect(profile({})).toMatchObject({
			name: "llama-q8_0-cuda",
			settings: { gpuLayers: -1, contextLength: 8192 },
		});
		expect(profile({ gpuLayers: 0 })).toMatchObject({ name: "llama-q8_0-cpu" });
	});

	it("always leaves room in a step for each sequence", () => {
		expect(
			select({ maxNumSeqs: 256, maxModelLen: 256 }).settings.maxBatchTokens,
		).toBeGreaterThanOrEqual(256);
		expect(select({ maxNumBatchedTokens: 64 }).settings).toMatchObject({
			maxBatchTokens: 64,
			microBatchTokens: 64,
		});
		expect(select({ maxNumBatchedTokens: 4096 }).settings).toMatchObject({
			maxBatchTokens: 4096,
			microBatchTokens: 512,
		});
	});

	it("has an id that is the same on every machine and another for each model, precision, device and use of adapters", () => {
		expect(select().id).toBe(select({}, 17 * gibibyte).id);
		expect(select().id).toBe(select({ threads: 2, maxModelLen: 512 }).id);
		const others = [
			select({ adapters: { count: 1, rank: 8 } }),
			select({}, undefined, { ...model, precision: "Q4_K_M" }),
			select({}, undefined, { ...model, weightBytes: model.weightBytes + 1 }),
			select({}, undefined, { ...model, architecture: "qwen2" }),
		];
		expect(new Set([select(), ...others].map(({ id }) => id)).size).toBe(5);
		expect(select().id).toMatch(/^[0-9a-f]{64}$/);
	});

	it("serves models that don't say their context", () => {
		expect(
			select({}, 16 * gibibyte, { ...model, trainedContextLength: null })
				.settings.contextLength,
		).toBe(4096);
		const asked = select({ maxModelLen: 5000 }, 16 * gibibyte, {
			...model,
			trainedContextLength: null,
		});
		expect(asked.settings.contextLength).toBe(5000);
	});

	it("keeps what was asked, fits in memory, or refuses: always", () => {
		fc.assert(
			fc.property(
				fc.record({
					maxModelLen: fc.option(fc.integer({ min: 1, max: 8192 })),
					maxNumSeqs: fc.option(fc.integer({ min: 1, max: 64 })),
					kvLayout: fc.constantFrom("auto", "unified", "streams"),
					threads: fc.option(fc.integer({ min: 1, max: 64 })),
				}),
				fc.integer({ min: 0, max: 8 * 1024 }),
				(asked, availableMebibytes) => {
					const availableBytes = availableMebibytes * 1024 ** 2;
					let profile: ReturnType<typeof select>;
					try {
						profile = select(asked, availableBytes);
					} catch (error) {
						expect(error).toMatchObject({ code: "insufficient_memory" });
						return;
					}
					const { settings, memory } = profile;
					if (asked.maxModelLen !== null)
						expect(settings.contextLength).toBe(asked.maxModelLen);
					if (asked.maxNumSeqs !== null)
						expect(settings.maxSequences).toBe(asked.maxNumSeqs);
					if (asked.threads !== null)
						expect(settings.threads).toBe(asked.threads);
					if (asked.kvLayout !== "auto")
						expect(settings.kvLayout).toBe(asked.kvLayout);
					expect(memory.totalBytes).toBeLessThanOrEqual(availableBytes);
					expect(settings.kvCells).toBeGreaterThanOrEqual(
						settings.contextLength,
					);
					if (settings.kvLayout !== "unified") {
						expect(settings.kvCells).toBe(
							settings.contextLength * settings.maxSequences,
						);
					}
				},
			),
		);
	});
});

describe("profileOptionValues", () => {
	it("speaks the options' names", () => {
		expect(profileOptionValues(select())).toEqual({
			maxModelLen: 8192,
			maxNumSeqs: 8,
			maxNumBatchedTokens: 512,
			kvLayout: "auto",
			kvCacheTypeK: "f16",
			kvCacheTypeV: "f16",
			flashAttention: "auto",
			threads: 4,
			threadsBatch: 4,
			gpuLayers: 0,
		});
	});

	it("turns flash attention off for a target between tokens, on a CPU and where nobody said otherwise", () => {
		const chosen = (asked: Parameters<typeof select>[0]) => {
			const { flashAttention, kvLayout } = select(asked).settings;
			return [flashAttention, kvLayout];
		};
		expect(chosen({ targetItlMs: 80 })).toEqual(["off", "streams"]);
		expect(chosen({ targetItlMs: 80, flashAttention: "on" })).toEqual([
			"on",
			"auto",
		]);
		expect(chosen({ targetItlMs: 80, kvLayout: "unified" })).toEqual([
			"auto",
			"unified",
		]);
		expect(chosen({ targetItlMs: 80, kvCacheTypeV: "q8_0" })).toEqual([
			"auto",
			"auto",
		]);
	});
});
