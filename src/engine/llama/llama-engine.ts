import { GalleyError } from "../../core/errors.ts";
import type { SamplingParams } from "../../core/generation-request.ts";
import type {
	AppliedAdapter,
	Engine,
	EngineInfo,
	KvLayout,
	RunResult,
	Sampler,
	TokenBatch,
	Vocabulary,
} from "../engine.ts";
import { EngineLife } from "../engine-life.ts";
import { assertEntries, assertSequence } from "../engine-limits.ts";
import { Candidates } from "../sampling/candidates.ts";
import type { AbortFlag } from "./abort-flag.ts";
import { LlamaAdapters } from "./adapters.ts";
import type { NativeBindings } from "./bindings.ts";
import { LogitRows } from "./logit-rows.ts";
import type { LlamaModel } from "./model.ts";
import { NativeBatch } from "./native-batch.ts";
import type { OpenContext } from "./open-context.ts";
import { LlamaSampler, type SamplerHost } from "./sampler.ts";
import type { ThreadPool } from "./thread-pool.ts";

/** What `load-engine.ts` has put together; the engine owns all of it. */
export interface LlamaEngineParts {
	model: LlamaModel;
	abortFlag: AbortFlag;
	threadPool: ThreadPool | null;
	opened: OpenContext;
	/** Makes a context of another layout, once the present one is freed. */
	reopen: (kvLayout: KvLayout) => Promise<OpenContext>;
	devices: readonly string[];
	threads: number;
	threadsBatch: number;
	/** A GPU goes on computing after decode has returned. */
	computesAsynchronously: boolean;
}

/** Codes of `llama_decode`; -1 says that the batch itself was refused, every other one that computing failed. */
const decoded = 0;
const noSpace = 1;
const aborted = 2;
const refused = -1;

/**
 * One context of libllama. `run` computes in a libuv worker thread, so that the event loop goes on; give the process
 * UV_THREADPOOL_SIZE=1, so that it is always the same thread and its caches stay warm.
 */
export class LlamaEngine implements Engine {
	readonly vocabulary: Vocabulary;
	readonly #parts: LlamaEngineParts;
	readonly #native: NativeBindings;
	readonly #batch: NativeBatch;
	#opened: OpenContext;
	#info: EngineInfo;
	#logitRows: LogitRows;
	readonly #life = new EngineLife<LlamaSampler>();
	readonly #adapters: LlamaAdapters;
	readonly #samplerHost: SamplerHost;
	/** The run that a sequence was last seen in: finds sequences with several entries. */
	#lastRuns: Float64Array;
	#runs = 0;
	#threadsBatch: number;

	constructor(parts: LlamaEngineParts) {
		const { model, opened, threadsBatch } = parts;
		const { info } = opened;
		const { vocabulary } = model;
		this.#parts = parts;
		this.#native = model.library.native;
		this.#opened = opened;
		this.#info = { ...info, devices: parts.devices };
		this.vocabulary = vocabulary;
		this.#batch = new NativeBatch(info.maxBatchTokens);
		this.#logitRows = new LogitRows(info);
		this.#lastRuns = new Float64Array(info.sequenceSlots);
		this.#threadsBatch = threadsBatch;
		this.#adapters = new LlamaAdapters(model);
		this.#samplerHost = {
			model: {
				native: this.#native,
				vocabulary,
				contextLength: info.contextLength,
			},
			drawingMemory: {
				candidates: new Candidates(info.vocabularySize),
				scratch: new Float32Array(info.vocabularySize),
			},
			logits: (batchIndex) => this.logits(batchIndex),
			contextWithLogits: (batchIndex) => {
				this.#life.assertIdle();
				this.#logitRows.assertHas(batchIndex);
				return this.#opened.context;
			},
			release: (sampler) => this.#life.release(sampler),
		};
	}

	get info(): EngineInfo {
		return this.#info;
	}

	get batch(): TokenBatch {
		this.#life.assertAlive();
		return this.#batch;
	}

	run(tokenCount: number): Promise<RunResult> {
		return this.#life.during(async () => {
			assertEntries(this.#batch, tokenCount, this.info);
			const { model, abortFlag } = this.#parts;
			const { context, memory } = this.#opened;
			this.#useThreads(this.#hasPrefill(tokenCount));
			this.#logitRows.forget();
			model.library.log.forgetProblems();
			abortFlag.set(false);
			const code = await this.#decode(tokenCount);
			if (code !== refused) memory.copiesAreDone();
			if (code === decoded) {
				const { wantsLogits } = this.#batch;
				this.#logitRows.find(wantsLogits.subarray(0, tokenCount), () =>
					this.#native.llama_get_logits(context),
				);
				return "ok";
			}
			if (code === noSpace) return "no-space";
			if (code !== refused) this.#removeBatch(tokenCount);
			if (code === aborted) return "aborted";
			const reason =
				model.library.log.problems().at(0) ?? "the engine gave no reason";
			throw new GalleyError(
				"engine_error",
				`Computing a step failed with code ${code}: ${reason}`,
			);
		});
	}

	logits(batchIndex: number): Float32Array {
		this.#life.assertIdle();
		return this.#logitRows.get(batchIndex);
	}

	createSampler(sampling: SamplingParams): Sampler {
		this.#life.assertAlive();
		return this.#life.adopt(new LlamaSampler(this.#samplerHost, sampling));
	}

	copySequence(
		source: number,
		target: number,
		from: number,
		end: number,
	): void {
		this.#assertIdleSequence(source);
		this.#assertIdleSequence(target);
		this.#opened.memory.copy(source, target, from, end);
	}

	removeSequence(sequence: number, from: number, end: number): boolean {
		this.#assertIdleSequence(sequence);
		return this.#opened.memory.remove(sequence, from, end);
	}

	/** Ends the validity of the last run's logits when a copy between streams is put off. */
	saveSequence(sequence: number): Uint8Array {
		this.#assertIdleSequence(sequence);
		return this.#opened.memory.save(sequence);
	}

	/** Ends the validity of the last run's logits when a copy between streams is put off. */
	restoreSequence(sequence: number, state: Uint8Array): boolean {
		this.#assertIdleSequence(sequence);
		return this.#opened.memory.restore(sequence, state);
	}

	loadAdapter(path: string): Promise<number> {
		return this.#life.during(() => this.#adapters.load(path));
	}

	unloadAdapter(handle: number): void {
		this.#life.assertIdle();
		this.#adapters.unload(handle);
	}

	setAdapters(adapters: readonly AppliedAdapter[]): void {
		this.#life.assertIdle();
		this.#adapters.set(this.#opened.context, adapters);
	}

	/** On a CPU the run ends within one operation of the graph; on a GPU after what is queued. */
	abort(): void {
		if (this.#life.isRunning) this.#parts.abortFlag.set(true);
	}

	async changeLayout(kvLayout: KvLayout): Promise<void> {
		await this.#life.during(async () => {
			const before = this.#opened.info.kvLayout;
			if (kvLayout === before) return;
			this.#native.llama_free(this.#opened.context);
			// Both would not fit in memory at once. Where the new one doesn't fit at all, the old one did.
			this.#opened = await this.#parts
				.reopen(kvLayout)
				.catch(() => this.#parts.reopen(before));
			this.#adapters.setAgain(this.#opened.context);
			const { info } = this.#opened;
			this.#info = { ...info, devices: this.#parts.devices };
			this.#logitRows = new LogitRows(info);
			this.#lastRuns = new Float64Array(info.sequenceSlots);
			this.#threadsBatch = this.#parts.threadsBatch;
		});
	}

	[Symbol.dispose](): void {
		if (!this.#life.end()) return;
		const { threadPool, abortFlag, model } = this.#parts;
		this.#native.llama_free(this.#opened.context);
		this.#adapters[Symbol.dispose]();
		threadPool?.[Symbol.dispose]();
		abortFlag[Symbol.dispose]();
		model[Symbol.dispose]();
		model.library[Symbol.dispose]();
	}

	/** A step that only decodes has one entry of each of its sequences. */
	#hasPrefill(tokenCount: number): boolean {
		const { sequences } = this.#batch;
		const run = ++this.#runs;
		for (let index = 0; index < tokenCount; index++) {
			const sequence = sequences[index] ?? 0;
			if (this.#lastRuns[sequence] === run) return true;
			this.#lastRuns[sequence] = run;
		}
		return false;
	}

	/** The library takes its "batch" threads for all but a lone token; here the kind of step decides. */
	#useThreads(hasPrefill: boolean): void {
		const { threads, threadsBatch } = this.#parts;
		const wanted = hasPrefill ? threadsBatch : threads;
		if (wanted === this.#threadsBatch) return;
		const { context } = this.#opened;
		this.#native.llama_set_n_threads(context, threads, wanted);
		this.#threadsBatch = wanted;
	}

	async #decode(tokenCount: number): Promise<number> {
		const { computesAsynchronously } = this.#parts;
		const { context } = this.#opened;
		const code = await new Promise<number>((resolve, reject) => {
			this.#native.llama_decode.async(
				context,
				this.#batch.firstEntries(tokenCount),
				(error, result) => {
					if (error) reject(error);
					else resolve(result);
				},
			);
		});
		if (code === decoded && computesAsynchronously) {
			await new Promise<void>((resolve, reject) => {
				this.#native.llama_synchronize.async(context, (error) =>
					error ? reject(error) : resolve(),
				);
			});
		}
		return code;
	}

	/** A run of several micro-batches may leave the first ones behind. */
	#removeBatch(tokenCount: number): void {
		const { positions, sequences } = this.#batch;
		const firstPositions = new Map<number, number>();
		for (let index = tokenCount - 1; index >= 0; index--)
			firstPositions.set(sequences[index] ?? 0, positions[index] ?? 0);
		for (const [sequence, position] of firstPositions)
			this.#opened.memory.remove(sequence, position, -1);
	}

	#assertIdleSequence(sequence: number): void {
		this.#life.assertIdle();
		assertSequence(sequence, this.info);
	}
}
