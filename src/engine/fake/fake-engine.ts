import {
	setTimeout as sleep,
	setImmediate as yieldToEvents,
} from "node:timers/promises";
import { GalleyError } from "../../core/errors.ts";
import type { SamplingParams } from "../../core/generation-request.ts";
import type {
	AppliedAdapter,
	Engine,
	EngineInfo,
	EngineOptions,
	KvLayout,
	RunResult,
	Sampler,
	TokenBatch,
} from "../engine.ts";
import { EngineLife } from "../engine-life.ts";
import {
	assertEntries,
	assertUsableOptions,
	countSequenceSlots,
	resolveLayout,
} from "../engine-limits.ts";
import { Candidates } from "../sampling/candidates.ts";
import { FakeAdapters } from "./fake-adapters.ts";
import {
	extendPrefix,
	type FakeModel,
	favouriteToken,
	type PrefixState,
	writeLogits,
} from "./fake-logits.ts";
import { FakeMemory } from "./fake-memory.ts";
import type { FakeOptions } from "./fake-options.ts";
import { FakeSampler, type FakeSamplerHost } from "./fake-sampler.ts";
import { FakeVocabulary, isSpecialToken } from "./fake-vocabulary.ts";

const bytesPerCell = 16;

/**
 * An engine without weights: deterministic, with the real one's limits, refusals and failures. Instant unless its
 * options say otherwise.
 */
export class FakeEngine implements Engine {
	info: EngineInfo;
	readonly vocabulary: FakeVocabulary;
	readonly #fake: FakeOptions;
	readonly #model: FakeModel;
	#memory: FakeMemory;
	readonly #options: EngineOptions;
	readonly #batch: TokenBatch;
	readonly #samplerHost: FakeSamplerHost;
	readonly #life = new EngineLife<FakeSampler>();
	/** The state of each entry of the last run that wanted logits. */
	#states: (PrefixState | null)[] = [];
	/** Logits that were handed out since the last run: whoever has them may write on them before it samples. */
	readonly #handedOut = new Map<number, Float32Array>();
	readonly #adapters = new FakeAdapters();
	#runs = 0;
	#abort: AbortController | null = null;

	constructor(fake: FakeOptions, options: EngineOptions) {
		assertUsableOptions(options);
		const { maxBatchTokens, maxSequences, kvCells } = options;
		const { vocabulary, endAfter, canShareMemory } = fake;
		const contextLength = Math.min(options.contextLength, kvCells);
		this.#fake = fake;
		this.#options = { ...options, contextLength };
		this.vocabulary = new FakeVocabulary(fake);
		this.#model = { vocabularySize: vocabulary, endAfter };
		const kvLayout = resolveLayout(options);
		this.#memory = this.#createMemory(kvLayout);
		this.#batch = {
			tokens: new Int32Array(maxBatchTokens),
			positions: new Int32Array(maxBatchTokens),
			sequences: new Int32Array(maxBatchTokens),
			wantsLogits: new Int8Array(maxBatchTokens),
		};
		this.info = {
			engine: "fake",
			version: "1",
			devices: ["fake"],
			vocabularySize: vocabulary,
			contextLength,
			maxSequences,
			sequenceSlots: countSequenceSlots({ kvLayout, maxSequences }),
			kvCells,
			kvLayout,
			maxBatchTokens,
			attentionTile: 0,
			canShareMemory,
			modelBytes: 0,
			kvBytes: bytesPerCell * kvCells,
		};
		this.#samplerHost = {
			vocabularySize: vocabulary,
			contextLength,
			drawingMemory: {
				candidates: new Candidates(vocabulary),
				scratch: new Float32Array(vocabulary),
			},
			copyLogits: (batchIndex) => this.logits(batchIndex).slice(),
			favourite: (batchIndex) => {
				const logits = this.#handedOut.get(batchIndex);
				return logits === undefined
					? favouriteToken(this.#model, this.#stateOf(batchIndex))
					: highest(logits);
			},
			tokenText: (token) =>
				Buffer.from(this.vocabulary.tokenBytes(token, true)).toString("utf8"),
			release: (sampler) => this.#life.release(sampler),
		};
	}

	get batch(): TokenBatch {
		this.#life.assertAlive();
		return this.#batch;
	}

	run(tokenCount: number): Promise<RunResult> {
		return this.#life.during(async () => {
			assertEntries(this.#batch, tokenCount, this.info);
			this.#handedOut.clear();
			const { stepMs, tokenMs, failRun, crashRun } = this.#fake;
			this.#runs++;
			this.#abort = new AbortController();
			const { signal } = this.#abort;
			await waitFor(stepMs + tokenMs * tokenCount, signal);
			// SIGKILL and not an exit: a crash runs no handlers.
			if (this.#runs === crashRun) process.kill(process.pid, "SIGKILL");
			if (this.#runs === failRun)
				throw new GalleyError(
					"engine_error",
					"Computing a step failed, as failRun asked for.",
				);
			return this.#compute(tokenCount, signal.aborted);
		});
	}

	logits(batchIndex: number): Float32Array {
		this.#life.assertIdle();
		const known = this.#handedOut.get(batchIndex);
		if (known !== undefined) return known;
		const logits = new Float32Array(this.info.vocabularySize);
		writeLogits(this.#model, this.#stateOf(batchIndex), logits);
		this.#handedOut.set(batchIndex, logits);
		return logits;
	}

	createSampler(sampling: SamplingParams): Sampler {
		this.#life.assertAlive();
		return this.#life.adopt(new FakeSampler(this.#samplerHost, sampling));
	}

	copySequence(
		source: number,
		target: number,
		from: number,
		end: number,
	): void {
		this.#life.assertIdle();
		this.#memory.copy(source, target, from, end);
	}

	removeSequence(sequence: number, from: number, end: number): boolean {
		this.#life.assertIdle();
		return this.#memory.remove(sequence, from, end);
	}

	saveSequence(sequence: number): Uint8Array {
		this.#life.assertIdle();
		return this.#memory.save(sequence);
	}

	restoreSequence(sequence: number, state: Uint8Array): boolean {
		this.#life.assertIdle();
		return this.#memory.restore(sequence, state);
	}

	async changeLayout(kvLayout: KvLayout): Promise<void> {
		this.#life.assertIdle();
		this.#memory = this.#createMemory(kvLayout);
		const { maxSequences } = this.info;
		const sequenceSlots = countSequenceSlots({ kvLayout, maxSequences });
		this.info = { ...this.info, kvLayout, sequenceSlots };
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
		this.#adapters.set(adapters);
	}

	abort(): void {
		if (this.#life.isRunning) this.#abort?.abort();
	}

	/** For tests that check a scheduler's accounts: cells that some sequence holds. */
	get usedCells(): number {
		return this.#memory.usedCells;
	}

	[Symbol.dispose](): void {
		if (this.#life.end()) this.vocabulary[Symbol.dispose]();
	}

	#createMemory(layout: KvLayout): FakeMemory {
		const { kvCells, contextLength, maxSequences } = this.#options;
		return new FakeMemory({
			layout,
			kvCells,
			contextLength,
			sequenceSlots: countSequenceSlots({ kvLayout: layout, maxSequences }),
			canShareMemory: this.#fake.canShareMemory,
		});
	}

	#compute(tokenCount: number, isAborted: boolean): RunResult {
		const { tokens, positions, sequences, wantsLogits } = this.#batch;
		this.#states = [];
		if (!this.#memory.accepts(sequences.subarray(0, tokenCount), positions))
			return "no-space";
		// An aborted run leaves some of its entries behind, as a real one of several micro-batches may.
		const computed = isAborted ? Math.floor(tokenCount / 2) : tokenCount;
		for (let index = 0; index < computed; index++) {
			const token = tokens[index] ?? 0;
			const sequence = sequences[index] ?? 0;
			const before = this.#memory.lastState(sequence);
			const state = extendPrefix(
				before,
				token,
				positions[index] ?? 0,
				isSpecialToken(token),
				this.#adapters.seed,
			);
			this.#memory.append(sequence, token, state);
			this.#states[index] = wantsLogits[index] === 0 ? null : state;
		}
		if (!isAborted) return "ok";
		this.#states = [];
		return "aborted";
	}

	#stateOf(batchIndex: number): PrefixState {
		const state = this.#states[batchIndex];
		if (state !== null && state !== undefined) return state;
		throw new GalleyError(
			"engine_error",
			`The last run left no logits for entry ${batchIndex}: set wantsLogits for it.`,
		);
	}
}

function highest(logits: Float32Array): number {
	let best = 0;
	for (let token = 1; token < logits.length; token++)
		if ((logits[token] as number) > (logits[best] as number)) best = token;
	return best;
}

/** Even an instant run lets events in, as a computing one does. Timers are too coarse below a millisecond. */
async function waitFor(
	milliseconds: number,
	signal: AbortSignal,
): Promise<void> {
	const end = performance.now() + milliseconds;
	const wholeMilliseconds = Math.floor(milliseconds);
	if (wholeMilliseconds >= 1) {
		const isEarly = await sleep(wholeMilliseconds, false, { signal }).catch(
			() => true,
		);
		if (isEarly) return;
	}
	do {
		await yieldToEvents();
	} while (performance.now() < end && !signal.aborted);
}
