import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { enginesDirectory } from "../config/data-directory.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import type { Preparation } from "../core/language-service.ts";
import type { CachedModel } from "../models/cache/model-cache.ts";
import { readHardware, usableThreads } from "../models/hardware.ts";
import { convertedPath } from "./converted-models.ts";
import { locateCached, type ModelLocation } from "./locate-model.ts";
import { chooseRemote } from "./remote-choice.ts";

export interface PreparationListener {
	onPreparation(preparation: Preparation): void;
	/** What the result does otherwise than the original. */
	onWarning(warning: string): void;
	signal: AbortSignal;
}

type Here = Extract<ModelLocation, { kind: "here" }>;
type Pending = Extract<ModelLocation, { kind: "away" | "unconverted" }>;

const nothingKnown = {
	progress: null,
	receivedBytes: null,
	totalBytes: null,
	bytesPerSecond: null,
	etaSeconds: null,
} as const;

/**
 * Brings a model to the point where it can be opened: downloads it, checks it, converts it. What was done stays in the cache, so
 * that an interrupted download goes on where it was. Throws GalleyError; an AbortError when the signal ends it.
 */
export async function prepareModel(
	location: Pending,
	config: ServiceConfig,
	listener: PreparationListener,
): Promise<Here> {
	const ready =
		location.kind === "away"
			? await locateCached(
					location.reference,
					await obtain(location, config, listener),
					config,
				)
			: location;
	if (ready.kind === "here") return ready;
	if (ready.kind !== "unconverted")
		throw new Error("A cached model is either ready or to be converted.");
	await convert(ready, config, listener);
	const { path } = await convertedPath(ready.directory, ready.cached, config);
	const { reference, cached } = ready;
	return { kind: "here", reference, path, cached };
}

async function obtain(
	{ reference, sources }: Extract<Pending, { kind: "away" }>,
	config: ServiceConfig,
	{ onPreparation, signal }: PreparationListener,
): Promise<CachedModel> {
	onPreparation({ stage: "resolve", ...nothingKnown });
	// Looked at before it is fetched: what can't run here is refused now and not after gigabytes.
	const choice =
		reference.kind === "hub"
			? await chooseRemote(reference, sources, config, signal)
			: null;
	const { obtainModel } = await import("../models/download/obtain-model.ts");
	return obtainModel(reference, {
		...sources,
		// What the cache has is not what is wanted, or it would not be asked for here.
		isRefresh: true,
		signal,
		...(choice === null
			? {}
			: { chooseFile: async () => choice.variant.mainFile }),
		onProgress: ({ stage, ...progress }) =>
			onPreparation({
				stage,
				progress: shareOf(progress.receivedBytes, progress.totalBytes),
				receivedBytes: progress.receivedBytes,
				totalBytes: progress.totalBytes,
				bytesPerSecond: progress.bytesPerSecond,
				etaSeconds: progress.etaSeconds,
			}),
	});
}

/** The converter writes these itself; the others are made of f16 by the quantizer. */
const written = ["f32", "f16", "bf16", "q8_0"] as const;

async function convert(
	{ directory, cached }: Extract<Pending, { kind: "unconverted" }>,
	config: ServiceConfig,
	{ onPreparation, onWarning, signal }: PreparationListener,
): Promise<void> {
	const { path } = await convertedPath(directory, cached, config);
	await mkdir(dirname(path), { recursive: true });
	const direct = written.find((precision) => precision === config.convertTo);
	const unquantized =
		direct === undefined ? `${path}.${process.pid}.f16.gguf` : path;
	const { convertModel } = await import(
		"../models/conversion/convert-model.ts"
	);
	const estimate = createEstimate();
	onPreparation({ stage: "convert", ...nothingKnown, progress: 0 });
	const { warnings } = await convertModel({
		directory,
		output: unquantized,
		precision: direct ?? "f16",
		// Its folder in the cache is called by the revision.
		name: cached?.repository?.split("/")[1],
		signal,
		onProgress: (writtenBytes, totalBytes) =>
			onPreparation({
				stage: "convert",
				...estimate(writtenBytes, totalBytes),
			}),
	});
	warnings.forEach(onWarning);
	if (direct !== undefined) return;
	try {
		const { quantizeModel } = await import("../engine/llama/quantizer.ts");
		const estimateTensors = createEstimate();
		const result = await quantizeModel({
			input: unquantized,
			output: path,
			precision: config.convertTo,
			threads: config.threads ?? usableThreads(readHardware()),
			signal,
			search: { packagesFolder: enginesDirectory(process.env) },
			onProgress: ({ tensorsDone, tensors }) => {
				const { progress, etaSeconds } = estimateTensors(tensorsDone, tensors);
				onPreparation({
					stage: "quantize",
					...nothingKnown,
					progress,
					etaSeconds,
				});
			},
		});
		result.warnings.forEach(onWarning);
	} finally {
		await rm(unquantized, { force: true });
	}
}

function shareOf(done: number, total: number | null): number | null {
	return total === null || total === 0 ? null : Math.min(1, done / total);
}

/** Rate and time left since the first look; the work is even enough for that. */
function createEstimate() {
	const startedAt = performance.now();
	return (done: number, total: number) => {
		const seconds = (performance.now() - startedAt) / 1000;
		const rate = seconds > 0.5 ? done / seconds : null;
		return {
			progress: shareOf(done, total),
			receivedBytes: done,
			totalBytes: total,
			bytesPerSecond: rate,
			etaSeconds: rate === null || rate === 0 ? null : (total - done) / rate,
		};
	};
}
