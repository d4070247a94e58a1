import { GalleyError } from "../../core/errors.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { assertUsableOptions } from "../engine-limits.ts";
import { AbortFlag } from "./abort-flag.ts";
import { readKvBytes, toContextParams } from "./context-params.ts";
import { listDevices } from "./devices.ts";
import {
	type LibraryLocation,
	type LlamaLibrary,
	openLibrary,
} from "./library.ts";
import { LlamaEngine } from "./llama-engine.ts";
import { toLoadFailure } from "./load-failure.ts";
import type { NativeLogLine } from "./log.ts";
import { LlamaModel } from "./model.ts";
import { NativeBatch } from "./native-batch.ts";
import { SequenceMemory } from "./sequence-memory.ts";
import type { NativeContextParams, Pointer } from "./structs.ts";
import { ThreadPool } from "./thread-pool.ts";

/** Loads weights, makes a context and computes one token, so that the first request finds everything in place. */
export async function loadEngine(
	location: LibraryLocation,
	options: EngineOptions,
): Promise<Engine> {
	assertUsableOptions(options);
	const owned: Disposable[] = [];
	const own = <Part extends Disposable>(part: Part): Part => {
		owned.push(part);
		return part;
	};
	try {
		const library = own(openLibrary(location));
		const recording = library.log.record();
		const model = own(await LlamaModel.load(library, options));
		if (model.obstacle !== null) {
			throw new GalleyError(
				"engine_error",
				`${options.modelPath} can't generate text: ${model.obstacle}.`,
			);
		}
		const { canShareMemory } = model;
		const abortFlag = own(new AbortFlag(library.native));
		const params = toContextParams(
			library.native.llama_context_default_params(),
			options,
			{ canShareMemory, abortFlag },
		);
		const context = await createContext(model, params, options.modelPath);
		own({ [Symbol.dispose]: () => library.native.llama_free(context) });
		const threadPool = ThreadPool.create(library.native, {
			threads: Math.max(options.threads, options.threadsBatch),
		});
		if (threadPool !== null)
			library.native.llama_attach_threadpool(
				context,
				own(threadPool).address,
				null,
			);
		recording.stop();

		const engine = new LlamaEngine({
			model,
			context,
			memory: createMemory({
				library,
				context,
				abortFlag,
				canShareMemory,
				options,
			}),
			abortFlag,
			threadPool,
			threads: options.threads,
			threadsBatch: options.threadsBatch,
			computesAsynchronously:
				options.gpuLayers !== 0 &&
				listDevices(library.native).some(({ type }) => type !== "cpu"),
			info: {
				engine: "llama",
				version: library.version,
				devices: describeDevices(library, options, recording.lines),
				vocabularySize: model.vocabulary.size,
				contextLength: Math.min(
					options.contextLength,
					library.native.llama_n_ctx_seq(context),
				),
				maxSequences: options.maxSequences,
				kvCells: library.native.llama_n_ctx(context),
				maxBatchTokens: Math.min(
					options.maxBatchTokens,
					library.native.llama_n_batch(context),
				),
				canShareMemory,
				modelBytes: model.bytes,
				kvBytes: readKvBytes(recording.lines),
			},
		});
		await warmUp(engine);
		return engine;
	} catch (error) {
		for (const part of owned.reverse()) part[Symbol.dispose]();
		throw error;
	}
}

async function createContext(
	model: LlamaModel,
	params: NativeContextParams,
	modelPath: string,
): Promise<Pointer> {
	const { native, log } = model.library;
	log.forgetProblems();
	const context = await new Promise<Pointer | null>((resolve, reject) => {
		native.llama_init_from_model.async(
			model.address,
			params,
			(error, result) => (error ? reject(error) : resolve(result)),
		);
	});
	if (context === null)
		throw toLoadFailure(
			`No context can be made for ${modelPath}`,
			log.problems(),
		);
	return context;
}

function createMemory(parts: {
	library: LlamaLibrary;
	context: Pointer;
	abortFlag: AbortFlag;
	canShareMemory: boolean;
	options: EngineOptions;
}): SequenceMemory {
	const { library, context, abortFlag, canShareMemory, options } = parts;
	const { native, log } = library;
	const memory = native.llama_get_memory(context);
	if (memory === null)
		throw new GalleyError(
			"engine_error",
			`${options.modelPath} has no memory for sequences.`,
		);
	return new SequenceMemory({
		native,
		log,
		context,
		memory,
		layout: options.kvLayout,
		canShareMemory,
		// Copies are carried out at the start of a decode, so: decode a token, abort it at once and take it back.
		flushCopies(sequence, nextPosition) {
			const batch = new NativeBatch(1);
			batch.sequences[0] = sequence;
			batch.positions[0] = nextPosition;
			abortFlag.set(true);
			native.llama_decode(context, batch.firstEntries(1));
			abortFlag.set(false);
			native.llama_memory_seq_rm(memory, sequence, batch.positions[0], -1);
		},
	});
}

/** E.g. `CPU (zen4)`: the variant is in the name of the library that was chosen. */
function describeDevices(
	library: LlamaLibrary,
	options: EngineOptions,
	lines: readonly NativeLogLine[],
): string[] {
	const devices = listDevices(library.native);
	const used =
		options.gpuLayers === 0
			? devices.filter(({ type }) => type === "cpu")
			: devices;
	const variant = lines.map(
		({ text }) =>
			/loaded CPU backend from .*ggml-cpu-([\w.]+?)\.(?:so|dll)/.exec(
				text,
			)?.[1],
	);
	return used.map(({ name, description, type }) => {
		if (type !== "cpu") return description;
		return `${name} (${variant.find((found) => found !== undefined) ?? description})`;
	});
}

/** Touches the weights, which a memory map has not read yet, and the compute buffers. */
async function warmUp(engine: LlamaEngine): Promise<void> {
	const { tokens, positions, sequences, wantsLogits } = engine.batch;
	tokens[0] = engine.vocabulary.bos ?? 0;
	positions[0] = 0;
	sequences[0] = 0;
	wantsLogits[0] = 1;
	await engine.run(1);
	engine.removeSequence(0, 0, -1);
}
