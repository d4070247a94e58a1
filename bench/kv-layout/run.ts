/**
 * `npm run bench -- kv-layout [--model SHAPE|FILE] [--threads N] [--steps N] [--quick] [--out DIRECTORY]`
 * What one step costs in each layout of the KV cache, over the shapes a load can have. `src/scheduler/kv-layout-choice.ts`
 * takes its constants from here.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../../src/benchmark/statistics.ts";
import type { Engine, KvLayout } from "../../src/engine/engine.ts";
import { createLlamaModule } from "../../src/engine/llama/llama.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { ensureRandomModel } from "../random-model/random-model.ts";
import { isShapeName } from "../random-model/shapes.ts";

interface LoadShape {
	/** Sequences that decode. */
	sequences: number;
	/** Tokens that all of them begin with. */
	shared: number;
	/** Tokens of each one alone. */
	own: number;
	/** Cells of finished sequences that are kept for later. */
	retained: number;
	/** Prefill tokens of one more sequence in the same step. */
	prefill: number;
}

const shapes: LoadShape[] = [
	{ sequences: 1, shared: 0, own: 200, retained: 0, prefill: 0 },
	{ sequences: 1, shared: 0, own: 200, retained: 4096, prefill: 0 },
	{ sequences: 1, shared: 0, own: 200, retained: 12288, prefill: 0 },
	{ sequences: 4, shared: 0, own: 200, retained: 0, prefill: 0 },
	{ sequences: 4, shared: 0, own: 200, retained: 8192, prefill: 0 },
	{ sequences: 4, shared: 0, own: 1000, retained: 0, prefill: 0 },
	{ sequences: 8, shared: 0, own: 150, retained: 0, prefill: 0 },
	{ sequences: 8, shared: 0, own: 500, retained: 0, prefill: 0 },
	{ sequences: 8, shared: 0, own: 1500, retained: 0, prefill: 0 },
	{ sequences: 8, shared: 1200, own: 50, retained: 0, prefill: 0 },
	{ sequences: 8, shared: 1200, own: 50, retained: 8192, prefill: 0 },
	{ sequences: 8, shared: 1000, own: 500, retained: 0, prefill: 0 },
	{ sequences: 4, shared: 1200, own: 50, retained: 0, prefill: 0 },
	{ sequences: 4, shared: 0, own: 200, retained: 0, prefill: 16 },
	{ sequences: 4, shared: 0, own: 200, retained: 0, prefill: 64 },
	{ sequences: 7, shared: 0, own: 500, retained: 0, prefill: 32 },
];

const contextLength = 2048;
const maxSequences = 8;

async function open(
	path: string,
	layout: KvLayout,
	threads: number,
): Promise<Engine> {
	return createLlamaModule({}).load({
		modelPath: path,
		contextLength,
		maxSequences: layout === "unified" ? 3 * maxSequences : maxSequences,
		kvCells: contextLength * maxSequences,
		kvLayout: layout,
		kvTypeK: "f16",
		kvTypeV: "f16",
		maxBatchTokens: 2048,
		microBatchTokens: 512,
		threads,
		threadsBatch: threads,
		flashAttention: "auto",
		gpuLayers: 0,
		memoryMap: true,
		memoryLock: false,
	});
}

/** Positions that each sequence holds, and the engine that holds them. */
class Bench {
	readonly engine: Engine;
	readonly lengths = new Array<number>(256).fill(0);
	#saved: { tokens: number; state: Uint8Array } | null = null;

	constructor(engine: Engine) {
		this.engine = engine;
	}

	async compute(
		entries: readonly { sequence: number; count: number }[],
	): Promise<number> {
		const { tokens, positions, sequences, wantsLogits } = this.engine.batch;
		let index = 0;
		for (const { sequence, count } of entries) {
			for (let token = 0; token < count; token++, index++) {
				const position = this.lengths[sequence] as number;
				tokens[index] =
					1000 + ((position * 7919 + sequence * 104_729) % 20_000);
				positions[index] = position;
				sequences[index] = sequence;
				wantsLogits[index] = token === count - 1 ? 1 : 0;
				this.lengths[sequence] = position + 1;
			}
		}
		const startedAt = performance.now();
		const result = await this.engine.run(index);
		if (result !== "ok") throw new Error(`The step ended ${result}.`);
		return performance.now() - startedAt;
	}

	async prefill(sequence: number, tokens: number): Promise<void> {
		for (let left = tokens; left > 0; left -= 512)
			await this.compute([{ sequence, count: Math.min(512, left) }]);
	}

	/** Contents do not matter, so all long sequences take the same saved ones. */
	async fill(sequence: number, tokens: number): Promise<void> {
		if (this.#saved === null || this.#saved.tokens < tokens) {
			await this.prefill(sequence, tokens - (this.lengths[sequence] as number));
			this.#saved = { tokens, state: this.engine.saveSequence(sequence) };
		} else {
			this.engine.restoreSequence(sequence, this.#saved.state);
			this.engine.removeSequence(sequence, tokens, -1);
		}
		this.lengths[sequence] = tokens;
	}

	copy(from: number, to: number): void {
		this.engine.copySequence(from, to, 0, -1);
		this.lengths[to] = this.lengths[from] as number;
	}

	clear(sequence: number): void {
		this.engine.removeSequence(sequence, 0, -1);
		this.lengths[sequence] = 0;
	}
}

async function measure(
	bench: Bench,
	layout: KvLayout,
	shape: LoadShape,
	steps: number,
): Promise<number> {
	const { sequences, shared, own, retained, prefill } = shape;
	// Streams keep finished sequences where nobody attends to them.
	let retainedIn = 0;
	if (layout === "unified") {
		for (let left = retained; left > 0; left -= contextLength - 64)
			await bench.fill(
				maxSequences + retainedIn++,
				Math.min(left, contextLength - 64),
			);
	}
	if (shared > 0) {
		await bench.fill(0, shared);
		for (let sequence = 1; sequence < sequences; sequence++)
			bench.copy(0, sequence);
		for (let sequence = 0; sequence < sequences; sequence++)
			await bench.prefill(sequence, own);
	} else {
		for (let sequence = 0; sequence < sequences; sequence++)
			await bench.fill(sequence, own);
	}
	const entries = Array.from({ length: sequences }, (_, sequence) => ({
		sequence,
		count: 1,
	}));
	if (prefill > 0) entries.push({ sequence: sequences, count: prefill });
	const times: number[] = [];
	for (let step = 0; step < steps + 2; step++) {
		const milliseconds = await bench.compute(entries);
		if (step >= 2) times.push(milliseconds);
		if (prefill > 0) bench.clear(sequences);
	}
	for (let sequence = 0; sequence < maxSequences + retainedIn; sequence++)
		bench.clear(sequence);
	return median(times);
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			model: { type: "string", default: "135m" },
			threads: { type: "string", default: "2" },
			steps: { type: "string", default: "15" },
			rounds: { type: "string", default: "2" },
			out: {
				type: "string",
				default: fileURLToPath(new URL("../results", import.meta.url)),
			},
		},
	});
	const path = isShapeName(values.model)
		? ensureRandomModel(values.model)
		: values.model;
	const environment = describeEnvironment();
	const times = new Map<string, number[]>();
	for (let round = 0; round < Number(values.rounds); round++) {
		for (const layout of ["unified", "streams"] as const) {
			const bench = new Bench(await open(path, layout, Number(values.threads)));
			for (const [index, shape] of shapes.entries()) {
				const key = `${index} ${layout}`;
				const time = await measure(bench, layout, shape, Number(values.steps));
				times.set(key, [...(times.get(key) ?? []), time]);
				console.log(layout, JSON.stringify(shape), time.toFixed(1));
			}
			bench.engine[Symbol.dispose]();
		}
	}
	const rows = shapes.map((shape, index) => {
		const unified = Math.min(...(times.get(`${index} unified`) ?? []));
		const streams = Math.min(...(times.get(`${index} streams`) ?? []));
		return [
			...[
				shape.sequences,
				shape.shared,
				shape.own,
				shape.retained,
				shape.prefill,
			].map(String),
			unified.toFixed(1),
			streams.toFixed(1),
			`${(unified / streams).toFixed(2)}x`,
		];
	});
	const written = writeResult(
		values.out,
		{
			suite: `kv-layout-${isShapeName(values.model) ? values.model : "file"}`,
			title: `What a step costs in each KV layout (${values.model})`,
			environment,
		},
		{
			conditions: [
				`model: ${values.model}, ${values.threads} threads; context ${contextLength} x ${maxSequences}; milliseconds a step, the better round's median`,
			],
			tables: [
				{
					title: "Milliseconds a step",
					head: [
						"decoding",
						"shared",
						"own",
						"retained cells",
						"prefill tokens",
						"unified",
						"streams",
						"unified / streams",
					],
					rows,
				},
			],
			notes: [],
			data: { shapes, times: Object.fromEntries(times) },
		},
	);
	console.log(written);
}

await main();
