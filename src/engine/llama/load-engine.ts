import { GalleyError } from "../../core/errors.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { assertUsableOptions, resolveLayout } from "../engine-limits.ts";
import { AbortFlag } from "./abort-flag.ts";
import { listDevices } from "./devices.ts";
import {
	type LibraryLocation,
	type LlamaLibrary,
	openLibrary,
} from "./library.ts";
import { LlamaEngine } from "./llama-engine.ts";
import type { NativeLogLine } from "./log.ts";
import { LlamaModel } from "./model.ts";
import { openContext } from "./open-context.ts";
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
		const abortFlag = own(new AbortFlag(library.native));
		const pool = ThreadPool.create(library.native, {
			threads: Math.max(options.threads, options.threadsBatch),
		});
		const threadPool = pool === null ? null : own(pool);
		const surroundings = { model, abortFlag, threadPool };
		const kvLayout = resolveLayout(options);
		const opened = await openContext(surroundings, { ...options, kvLayout });
		own({ [Symbol.dispose]: () => library.native.llama_free(opened.context) });
		recording.stop();

		const engine = new LlamaEngine({
			...surroundings,
			opened,
			reopen: (layout) =>
				openContext(surroundings, { ...options, kvLayout: layout }),
			devices: describeDevices(library, options, recording.lines),
			threads: options.threads,
			threadsBatch: options.threadsBatch,
			computesAsynchronously:
				options.gpuLayers !== 0 &&
				listDevices(library.native).some(({ type }) => type !== "cpu"),
		});
		await warmUp(engine);
		return engine;
	} catch (error) {
		for (const part of owned.reverse()) part[Symbol.dispose]();
		throw error;
	}
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
