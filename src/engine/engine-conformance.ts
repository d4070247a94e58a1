import { describe, expect, it } from "vitest";
import { describeAdapters, type WriteAdapter } from "./conformance-adapters.ts";
import { describeSequences } from "./conformance-memory.ts";
import { describeSamplers, greedySampling } from "./conformance-sampling.ts";
import { entriesOf, fill } from "./conformance-sequences.ts";
import { describeVocabulary } from "./conformance-vocabulary.ts";
import type { Engine, EngineOptions, KvLayout } from "./engine.ts";

export interface ConformanceSubject {
	name: string;
	load(options: EngineOptions): Promise<Engine>;
	modelPath: string;
	/**
	 * How far logits of the same tokens may differ when they were computed in other company or at other places. Floating point
	 * adds up in another order then: other kernels for one token than for many, other cells, other padding.
	 */
	tolerance: number;
	writeAdapter: WriteAdapter;
}

const contextLength = 256;
const maxSequences = 4;
const layouts: readonly KvLayout[] = ["unified", "streams"];

/** What every engine must do, whatever computes inside. */
export function describeEngine(subject: ConformanceSubject): void {
	const optionsFor = (
		kvLayout: KvLayout,
		overrides: Partial<EngineOptions> = {},
	): EngineOptions => ({
		modelPath: subject.modelPath,
		contextLength,
		maxSequences,
		kvCells: contextLength * maxSequences,
		kvLayout,
		kvTypeK: "f16",
		kvTypeV: "f16",
		maxBatchTokens: 128,
		microBatchTokens: 32,
		threads: 1,
		threadsBatch: 1,
		flashAttention: "auto",
		gpuLayers: 0,
		memoryMap: true,
		memoryLock: false,
		...overrides,
	});

	describe(`${subject.name}: vocabulary`, () => {
		describeVocabulary(() => subject.load(optionsFor("unified")));
	});

	describe.each(layouts)(
		`${subject.name}: sequences in the layout %s`,
		(kvLayout) => {
			describeSequences(
				() => subject.load(optionsFor(kvLayout)),
				kvLayout,
				subject.tolerance,
			);
		},
	);

	describe(`${subject.name}: samplers`, () => {
		describeSamplers(() => subject.load(optionsFor("unified")));
	});

	describe(`${subject.name}: adapters`, () => {
		describeAdapters(
			(kvLayout) => subject.load(optionsFor(kvLayout)),
			subject.writeAdapter,
			subject.tolerance,
		);
	});

	describe(`${subject.name}: life`, () => {
		describeLife(subject, optionsFor);
	});
}

function describeLife(
	subject: ConformanceSubject,
	optionsFor: (
		kvLayout: KvLayout,
		overrides?: Partial<EngineOptions>,
	) => EngineOptions,
): void {
	it("tells what it is", async () => {
		using engine = await subject.load(optionsFor("unified"));
		const { info } = engine;
		expect(info.maxSequences).toBe(maxSequences);
		expect(info.contextLength).toBe(contextLength);
		expect(info.kvCells).toBeGreaterThanOrEqual(contextLength * maxSequences);
		expect(info.canShareMemory).toBe(true);
		expect(info.vocabularySize).toBe(engine.vocabulary.size);
		expect(info.kvBytes).toBeGreaterThan(0);
		expect(info.devices.length).toBeGreaterThan(0);
		expect(engine.batch.tokens.length).toBe(info.maxBatchTokens);
	});

	it("refuses options that it can't keep", async () => {
		await expect(
			subject.load(optionsFor("unified", { maxBatchTokens: 3 })),
		).rejects.toThrow(/maxBatchTokens/);
		await expect(
			subject.load(optionsFor("unified", { maxSequences: 257 })),
		).rejects.toThrow(/maxSequences/);
		await expect(
			subject.load(optionsFor("streams", { kvCells: 300 })),
		).rejects.toThrow(/kvCells/);
	});

	it("reports the progress of loading, and stops when told to", async () => {
		const progress: number[] = [];
		const watched = optionsFor("unified", {
			onLoadProgress: (value) => progress.push(value) > 0,
		});
		(await subject.load(watched))[Symbol.dispose]();
		expect(progress.at(-1)).toBe(1);
		expect(progress).toEqual([...progress].sort((a, b) => a - b));
		await expect(
			subject.load(optionsFor("unified", { onLoadProgress: () => false })),
		).rejects.toThrow(/cancelled/);
	});

	it("refuses to be used while it computes", async () => {
		using engine = await subject.load(optionsFor("unified"));
		const running = engine.run(fill(engine, entriesOf(0, [300, 301, 302])));
		await expect(engine.run(1)).rejects.toThrow(/computing/);
		expect(() => engine.removeSequence(0, 0, -1)).toThrow(/computing/);
		expect(() => engine.copySequence(0, 1, 0, -1)).toThrow(/computing/);
		expect(() => engine.saveSequence(0)).toThrow(/computing/);
		expect(() => engine.logits(0)).toThrow(/computing/);
		expect(() => engine[Symbol.dispose]()).toThrow(/computing/);
		expect(await running).toBe("ok");
	});

	it("lets the event loop go on while it computes", async () => {
		using engine = await subject.load(optionsFor("unified"));
		let ticks = 0;
		const running = engine.run(fill(engine, entriesOf(0, [300, 301, 302])));
		setImmediate(() => ticks++);
		await running;
		await new Promise((resolve) => setImmediate(resolve));
		expect(ticks).toBe(1);
	});

	it("goes only after its samplers, goes twice without harm, and is not used afterwards", async () => {
		const engine = await subject.load(optionsFor("unified"));
		const sampler = engine.createSampler(greedySampling);
		const { vocabulary } = engine;
		expect(() => engine[Symbol.dispose]()).toThrow(/samplers/);
		sampler[Symbol.dispose]();
		sampler[Symbol.dispose]();
		expect(() => sampler.accept(300)).toThrow(/disposed/);
		expect(() => sampler.sample(0)).toThrow(/disposed/);
		engine[Symbol.dispose]();
		engine[Symbol.dispose]();
		await expect(engine.run(1)).rejects.toThrow(/disposed/);
		expect(() => engine.batch).toThrow(/disposed/);
		expect(() => engine.logits(0)).toThrow(/disposed/);
		expect(() => engine.createSampler(greedySampling)).toThrow(/disposed/);
		expect(() => engine.removeSequence(0, 0, -1)).toThrow(/disposed/);
		expect(() =>
			vocabulary.tokenize("a", { addSpecial: false, parseSpecial: false }),
		).toThrow(/disposed/);
	});
}
