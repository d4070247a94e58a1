import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hardware } from "./hardware.ts";
import type { MeasuredProfile } from "./measured-profiles.ts";
import type { ModelDescription } from "./model-description.ts";
import type { AskedSettings } from "./profile.ts";
import {
	chooseProfile,
	type EngineState,
	listProfiles,
	type ProfileCandidate,
	type ProfileQuestion,
	planProfile,
} from "./profile-list.ts";
import { rankOf } from "./profile-order.ts";

const gibibyte = 1024 ** 3;
const parameters = 1_500_000_000;

/** Bits a weight, as llama.cpp's files have them. */
const precisions = {
	F16: 16,
	Q8_0: 8.5,
	Q6_K: 6.56,
	Q4_K_M: 4.85,
	Q2_K: 3.35,
} as const;

function candidate(
	precision: keyof typeof precisions,
	changes: Partial<ModelDescription> = {},
): ProfileCandidate {
	const weightBytes = (parameters * precisions[precision]) / 8;
	return {
		source: `/models/m-${precision.toLowerCase()}.gguf`,
		description: {
			path: "",
			name: "Medium",
			architecture: "qwen2",
			parameters,
			precision,
			layers: 28,
			embeddingLength: 1536,
			feedForwardLength: 8960,
			heads: 12,
			kvHeads: Array.from({ length: 28 }, () => 2),
			keyLength: 128,
			valueLength: 128,
			trainedContextLength: 32_768,
			vocabularySize: 151_936,
			hasChatTemplate: true,
			license: null,
			isRecurrent: false,
			slidingWindow: null,
			sizeBytes: weightBytes + 6_000_000,
			weightBytes,
			...changes,
		},
	};
}

const all = (Object.keys(precisions) as (keyof typeof precisions)[]).map(
	(precision) => candidate(precision),
);

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

const cpuEngine: EngineState = {
	accelerator: "cpu",
	isInstalled: true,
	gpu: null,
	failure: null,
	suitsHardware: true,
	downloadBytes: null,
};

function cuda(gpuBytes: number | null): EngineState {
	return {
		accelerator: "cuda",
		isInstalled: gpuBytes !== null,
		gpu: gpuBytes === null ? null : { kind: "cuda", availableBytes: gpuBytes },
		failure: null,
		suitsHardware: true,
		downloadBytes: 320_000_000,
	};
}

function machine(availableBytes: number): Hardware {
	return {
		platform: "linux",
		architecture: "x64",
		cpu: {
			model: "CPU",
			logicalProcessors: 8,
			physicalCores: 4,
			quota: null,
			features: [],
		},
		memory: { totalBytes: 512 * gibibyte, availableBytes, limitBytes: null },
		numaNodes: 1,
	};
}

function question(
	changes: Partial<Omit<ProfileQuestion, "asked" | "hardware">> & {
		memory?: number;
		asked?: Partial<AskedSettings>;
	} = {},
): ProfileQuestion {
	const { memory = 16 * gibibyte, asked = {}, ...rest } = changes;
	return {
		candidates: all,
		engines: [cpuEngine],
		measured: [],
		...rest,
		hardware: machine(memory),
		asked: { ...nothingAsked, ...asked },
	};
}

const chosenName = (asked: ProfileQuestion, wanted: string | null = null) =>
	planProfile({ ...asked, wanted }).name;

function measuredProfile(
	source: string,
	changes: Partial<MeasuredProfile> = {},
): MeasuredProfile {
	return {
		precision: "Q4_K_M",
		variantPath: source,
		variantBytes: 1,
		settings: {
			threads: 3,
			threadsBatch: 4,
			microBatchTokens: 256,
			flashAttention: "on",
			kvTypeK: "q8_0",
			kvTypeV: "q8_0",
			kvLayout: "streams",
			speculation: "off",
		},
		figures: {
			loads: [],
			peakMemoryBytes: 0,
			accuracy: null,
			score: 10,
			spread: 0,
			runs: 1,
		},
		isWinner: true,
		why: "It was the fastest.",
		...changes,
	};
}

describe("the choice of a profile", () => {
	it.each([
		["the highest precision under 16 bits on a CPU", 16, "llama-q8_0-cpu"],
		["less precision where memory is short", 1.45, "llama-q4_k_m-cpu"],
		["few bits only where nothing else fits", 1.1, "llama-q2_k-cpu"],
	])("is %s", (_, memoryGib, name) => {
		expect(chosenName(question({ memory: memoryGib * gibibyte }))).toBe(name);
	});

	it("is full precision on a CPU only where nothing quantised to 4 bits or more is there, and says why it is slow", () => {
		const listed = listProfiles(question());
		expect(listed.map(({ name }) => name)).toEqual([
			"llama-q8_0-cpu",
			"llama-q6_k-cpu",
			"llama-q4_k_m-cpu",
			"llama-f16-cpu",
			"llama-q2_k-cpu",
		]);
		expect(listed[3]?.reason).toMatch(/quantised file is several times faster/);
		const two = [candidate("F16"), candidate("Q2_K")];
		expect(chosenName(question({ candidates: two }))).toBe("llama-f16-cpu");
		const alone = listProfiles(question({ candidates: [candidate("F16")] }));
		expect(alone[0]).toMatchObject({ fit: "compatible", reason: null });
	});

	it("is a GPU where the model fits in its memory, in the highest precision", () => {
		const engines = [cuda(24 * gibibyte), cpuEngine];
		expect(chosenName(question({ engines }))).toBe("llama-f16-cuda");
		const small = [cuda(3 * gibibyte), cpuEngine];
		expect(chosenName(question({ engines: small }))).toBe("llama-q8_0-cuda");
		const tiny = [cuda(gibibyte / 2), cpuEngine];
		expect(chosenName(question({ engines: tiny }))).toBe("llama-q8_0-cpu");
		const forbidden = question({ engines, asked: { gpuLayers: 0 } });
		expect(chosenName(forbidden)).toBe("llama-q8_0-cpu");
	});

	it("is what was measured to be best, with its settings where nobody asked for others", () => {
		const measured = [measuredProfile("/models/m-q4_k_m.gguf")];
		const best = planProfile({ ...question({ measured }), wanted: null });
		expect(best.name).toBe("llama-q4_k_m-cpu-optimized");
		expect(best.profile.settings).toMatchObject({
			threads: 3,
			threadsBatch: 4,
			kvTypeK: "q8_0",
			kvLayout: "streams",
			flashAttention: "on",
		});
		expect(best.profile.explanation).toContain("It was the fastest.");
		const asked = question({ measured, asked: { threads: 1 } });
		expect(
			planProfile({ ...asked, given: new Set(["threads"]), wanted: null })
				.profile.settings.threads,
		).toBe(1);
		const losers = [
			measuredProfile("/models/m-q4_k_m.gguf", { isWinner: false }),
		];
		expect(chosenName(question({ measured: losers }))).toBe("llama-q8_0-cpu");
	});

	it("of a file that was measured with several settings there is one profile: with the best of them", () => {
		const source = "/models/m-q4_k_m.gguf";
		const slower = measuredProfile(source, { isWinner: false });
		const measured = [
			{ ...slower, settings: { ...slower.settings, threads: 1 } },
			measuredProfile(source),
			{ ...slower, settings: { ...slower.settings, threads: 2 } },
		];
		const listed = listProfiles(question({ measured }));
		const ids = listed.map(({ id }) => id);
		expect(new Set(ids).size).toBe(ids.length);
		const optimized = listed.filter((one) => one.measured !== null);
		expect(optimized.map(({ profile }) => profile?.settings.threads)).toEqual([
			3,
		]);
	});

	it("is what somebody wants, by name, by id or by the beginning of an id", () => {
		const listed = listProfiles(question());
		const wanted = listed.find(({ name }) => name === "llama-q6_k-cpu");
		const id = wanted?.id ?? "";
		expect(chosenName(question(), "llama-q6_k-cpu")).toBe("llama-q6_k-cpu");
		expect(chosenName(question(), "LLAMA-Q6_K-CPU")).toBe("llama-q6_k-cpu");
		expect(chosenName(question(), id)).toBe("llama-q6_k-cpu");
		expect(chosenName(question(), id.slice(0, 12))).toBe("llama-q6_k-cpu");
		expect(() => chosenName(question(), "llama-q5-cpu")).toThrow(
			/There are: llama-q8_0-cpu, llama-q6_k-cpu/,
		);
		expect(() => chosenName(question(), id.slice(0, 7))).toThrow(/no profile/);
	});

	it("has ids that are the same on a machine with other memory, threads and settings", () => {
		const ids = (asked: ProfileQuestion) =>
			new Map(listProfiles(asked).map(({ name, id }) => [name, id]));
		const here = ids(question());
		expect(new Set(here.values()).size).toBe(all.length);
		expect(
			ids(
				question({
					memory: 2 * gibibyte,
					asked: { maxNumSeqs: 2, threads: 1 },
				}),
			),
		).toEqual(here);
		const lora = ids(question({ asked: { adapters: { count: 2, rank: 16 } } }));
		expect([...lora.keys()][0]).toBe("llama-q8_0-cpu-lora");
		expect([...lora.values()]).not.toContain([...here.values()][0]);
	});
});

describe("what doesn't run as asked", () => {
	it("is listed with the context that fits and the flags that do it, and refused with them", () => {
		const asked = question({
			candidates: [candidate("Q8_0")],
			memory: 4 * gibibyte,
			asked: { maxModelLen: 32_768, maxNumSeqs: 4 },
		});
		const [listed] = listProfiles(asked);
		expect(listed).toMatchObject({ fit: "low-memory" });
		const { fittingContextLength } = listed ?? {};
		expect(listed?.advice).toBe(`--max-model-len ${fittingContextLength}`);
		expect(listed?.reason).toContain("--kv-cache-type-k q8_0");
		expect(() => chosenName(asked)).toThrow(
			expect.objectContaining({ code: "insufficient_memory" }),
		);
		const longer = (tokens: number) =>
			listProfiles(
				question({
					candidates: asked.candidates,
					memory: 4 * gibibyte,
					asked: { maxModelLen: tokens, maxNumSeqs: 4 },
				}),
			)[0]?.fit;
		expect(longer(fittingContextLength ?? 0)).toBe("compatible");
		expect(longer((fittingContextLength ?? 0) + 256)).toBe("low-memory");
	});

	it("names the smaller precision of the same repository when the weights alone are too big", () => {
		const listed = listProfiles(question({ memory: 1.6 * gibibyte }));
		const f16 = listed.find(({ model }) => model.precision === "F16");
		expect(f16).toMatchObject({ fit: "incompatible", isTooBig: true });
		expect(f16?.reason).toContain("The next smaller precision here is Q8_0");
		expect(() => chooseProfile(listed, "llama-f16-cpu")).toThrow(
			/Or take the profile llama-q6_k-cpu, which fits/,
		);
	});

	it("needs an engine that isn't installed, which is said where the machine has what it drives", () => {
		const listed = listProfiles(question({ engines: [cuda(null), cpuEngine] }));
		const gpu = listed.filter(({ device }) => device === "cuda");
		expect(gpu).toHaveLength(all.length);
		expect(gpu[0]).toMatchObject({ fit: "incompatible" });
		expect(gpu[0]?.reason).toContain("galley engines install cuda (305 MiB");
		const without = { ...cuda(null), suitsHardware: false };
		expect(
			listProfiles(question({ engines: [without, cpuEngine] })),
		).toHaveLength(all.length);
	});

	it.each([
		["newmodel9", /unknown to the bundled library/],
		["bert", /encodes text/],
		["llada", /diffusion/],
	])("has an architecture that can't: %s", (architecture, reason) => {
		const asked = question({
			candidates: [candidate("Q8_0", { architecture })],
		});
		expect(listProfiles(asked)[0]?.reason).toMatch(reason);
		expect(() => chosenName(asked)).toThrow(
			expect.objectContaining({ code: "model_unusable" }),
		);
	});

	it("asks for more context than the model was trained for", () => {
		const asked = question({ asked: { maxModelLen: 40_000 } });
		expect(listProfiles(asked)[0]).toMatchObject({
			fit: "incompatible",
			isTooBig: false,
			reason: expect.stringContaining("more than the 32768 tokens"),
		});
	});
});

describe("for every machine and every wish", () => {
	const wishes = fc.record({
		maxModelLen: fc.option(fc.integer({ min: 256, max: 32_768 })),
		maxNumSeqs: fc.option(fc.integer({ min: 1, max: 32 })),
		kvLayout: fc.constantFrom("auto", "unified", "streams"),
		adapters: fc.option(
			fc.record({
				count: fc.integer({ min: 1, max: 8 }),
				rank: fc.integer({ min: 1, max: 64 }),
			}),
		),
	});
	const mebibytes = fc.integer({ min: 100, max: 24 * 1024 });
	const gpus = fc.option(mebibytes);

	it("what is chosen fits by its own estimate, and what is advised does too", () => {
		fc.assert(
			fc.property(wishes, mebibytes, gpus, (asked, memory, gpu) => {
				const engines =
					gpu === null ? [cpuEngine] : [cuda(gpu * 1024 ** 2), cpuEngine];
				const listed = listProfiles(
					question({ asked, memory: memory * 1024 ** 2, engines }),
				);
				for (const { fit, profile } of listed) {
					if (fit === "incompatible") expect(profile).toBeNull();
					else
						expect(profile?.memory.totalBytes).toBeLessThanOrEqual(
							profile?.memory.availableBytes ?? 0,
						);
				}
			}),
			{ numRuns: 60 },
		);
	});

	it("more memory never gives a worse choice", () => {
		fc.assert(
			fc.property(
				wishes,
				mebibytes,
				fc.integer({ min: 0, max: 8 * 1024 }),
				(asked, memory, more) => {
					const best = (available: number) =>
						listProfiles(question({ asked, memory: available * 1024 ** 2 }))[0];
					const [less, greater] = [best(memory), best(memory + more)];
					if (less === undefined || greater === undefined)
						throw new Error("Nothing is listed.");
					const difference = rankOf(greater)
						.map((rank, index) => rank - (rankOf(less)[index] ?? 0))
						.find((rank) => rank !== 0);
					expect(difference ?? 0).toBeGreaterThanOrEqual(0);
				},
			),
			{ numRuns: 60 },
		);
	});
});
