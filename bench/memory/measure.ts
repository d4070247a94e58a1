import type { EngineOptions } from "../../src/engine/engine.ts";
import { resolveLayout } from "../../src/engine/engine-limits.ts";
import { AbortFlag } from "../../src/engine/llama/abort-flag.ts";
import { openLibrary } from "../../src/engine/llama/library.ts";
import { LlamaEngine } from "../../src/engine/llama/llama-engine.ts";
import { LlamaModel } from "../../src/engine/llama/model.ts";
import { openContext } from "../../src/engine/llama/open-context.ts";
import { selectEnginePackage } from "../../src/engine/llama/packages.ts";
import { ThreadPool } from "../../src/engine/llama/thread-pool.ts";
import {
	type ProcessMemory,
	readTreeMemory,
} from "../harness/process-memory.ts";
import { type Buffers, readBuffers } from "./buffers.ts";

export interface Measurement {
	buffers: Buffers;
	lines: readonly string[];
	/** Of this process: before a model, with the library open, with the model loaded, after full batches. Empty off Linux. */
	memory: Readonly<
		Record<"before" | "opened" | "loaded" | "full", ProcessMemory | null>
	>;
}

/**
 * Loads a model as the engine process does, computes full micro-batches of every sequence in turn with `logitRows` rows of
 * logits each, `batches` of them at most, and tells what that took.
 */
export async function measureEngine(
	options: EngineOptions,
	logitRows: number,
	batches = 4,
): Promise<Measurement> {
	const before = ownMemory();
	using library = openLibrary(selectEnginePackage());
	library.loadBackends();
	const opened = ownMemory();
	const recording = library.log.record();
	const model = await LlamaModel.load(library, options);
	const abortFlag = new AbortFlag(library.native);
	const threadPool = ThreadPool.create(library.native, {
		threads: options.threads,
	});
	const surroundings = { model, abortFlag, threadPool };
	const context = await openContext(surroundings, {
		...options,
		kvLayout: resolveLayout(options),
	});
	recording.stop();
	using engine = new LlamaEngine({
		...surroundings,
		opened: context,
		reopen: () => Promise.reject(new Error("not here")),
		devices: [],
		threads: options.threads,
		threadsBatch: options.threadsBatch,
		computesAsynchronously: false,
	});
	if (batches > 0) await computeFull(engine, 1, 1);
	const loaded = ownMemory();
	await computeFull(engine, logitRows, batches);
	const lines = recording.lines.map(({ text }) => text);
	return {
		buffers: readBuffers(lines),
		lines,
		memory: { before, opened, loaded, full: ownMemory() },
	};
}

/**
 * Fills sequence after sequence, a micro-batch at a time, up to `mostBatches` of them; the last `logitRows` tokens of each want
 * logits.
 */
async function computeFull(
	engine: LlamaEngine,
	logitRows: number,
	mostBatches: number,
): Promise<void> {
	const { info, batch } = engine;
	let batches = 0;
	for (let sequence = 0; sequence < info.maxSequences; sequence++) {
		engine.removeSequence(sequence, 0, -1);
		let position = 0;
		while (position < info.contextLength) {
			if (batches++ === mostBatches) return;
			const count = Math.min(
				info.maxBatchTokens,
				info.contextLength - position,
			);
			for (let index = 0; index < count; index++, position++) {
				batch.tokens[index] = (300 + position * 7919) % info.vocabularySize;
				batch.positions[index] = position;
				batch.sequences[index] = sequence;
				batch.wantsLogits[index] = index >= count - logitRows ? 1 : 0;
			}
			const result = await engine.run(count);
			if (result !== "ok") throw new Error(`A full batch ended ${result}.`);
		}
	}
}

function ownMemory(): ProcessMemory | null {
	return readTreeMemory(process.pid)[0] ?? null;
}
