import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type { CachedModel } from "../models/cache/model-cache.ts";
import { isEncoderListing } from "../models/encoder-listing.ts";
import {
	formatModelReference,
	type ModelReference,
	type RemoteReference,
} from "../models/model-reference.ts";
import { convertedPath } from "./converted-models.ts";
import {
	type ModelSources,
	openModelSources,
	parseConfiguredReference,
} from "./model-sources.ts";

/** Where a model is; found out without the network. */
export type ModelLocation =
	| { kind: "fake"; reference: ModelReference; path: string }
	/** Ready to be opened. */
	| {
			kind: "here";
			reference: ModelReference;
			/** The (first) GGUF file. */
			path: string;
			cached: CachedModel | null;
	  }
	/** Here, but it has to be converted before it can run. */
	| {
			kind: "unconverted";
			reference: ModelReference;
			directory: string;
			cached: CachedModel | null;
	  }
	/** An embedding or reranking model: a folder with ONNX files and a tokenizer. */
	| {
			kind: "encoder";
			reference: ModelReference;
			directory: string;
			cached: CachedModel | null;
	  }
	| {
			kind: "away";
			reference: RemoteReference;
			sources: ModelSources;
	  };

export async function locateModel(
	text: string,
	config: ServiceConfig,
): Promise<ModelLocation> {
	const reference = parseConfiguredReference(text, config);
	if (reference.kind === "fake")
		return { kind: "fake", reference, path: reference.path };
	if (reference.kind === "file" || reference.kind === "starter")
		return { kind: "here", reference, path: reference.path, cached: null };
	if (reference.kind === "directory")
		return locateDirectory(reference, reference.path, null, config);
	const sources = await openModelSources(config);
	const known = await sources.cache.find(reference);
	const cached = known && (await findWanted(known, reference, sources, config));
	if (cached !== null) return locateCached(reference, cached, config);
	if (sources.isOffline) throw notHere(reference);
	return { kind: "away", reference, sources };
}

export async function locateCached(
	reference: ModelReference,
	cached: CachedModel,
	config: ServiceConfig,
): Promise<ModelLocation> {
	switch (cached.format) {
		case "gguf":
			return { kind: "here", reference, path: cached.mainPath, cached };
		case "safetensors":
			return locateDirectory(reference, cached.mainPath, cached, config);
		case "onnx":
			return {
				kind: "encoder",
				reference,
				directory: encoderDirectoryOf(cached.mainPath),
				cached,
			};
	}
}

/**
 * What was chosen of a repository before stands for a reference without a selector. Where a profile is asked for, all that
 * is here of the repository is looked at; null when none of it has that profile, and the hub may be asked.
 */
async function findWanted(
	cached: CachedModel,
	reference: RemoteReference,
	{ cache, isOffline }: ModelSources,
	config: ServiceConfig,
): Promise<CachedModel | null> {
	const isOpen = reference.kind === "hub" && reference.selector === null;
	if (config.profile === null || !isOpen || cached.format !== "gguf")
		return cached;
	const { chooseProfileOfFile } = await import("./choose-profile.ts");
	const here = (await cache.list()).filter(
		({ repository, revision, format }) =>
			repository === cached.repository &&
			revision === cached.revision &&
			format === "gguf",
	);
	let failure: unknown = null;
	for (const model of here) {
		try {
			await chooseProfileOfFile(model.mainPath, config);
			return model;
		} catch (error) {
			failure = error;
		}
	}
	if (isOffline) throw failure;
	return null;
}

async function locateDirectory(
	reference: ModelReference,
	directory: string,
	cached: CachedModel | null,
	config: ServiceConfig,
): Promise<ModelLocation> {
	if (await isEncoderDirectory(directory))
		return { kind: "encoder", reference, directory, cached };
	const path = await convertedPath(directory, cached, config);
	return path.exists
		? { kind: "here", reference, path: path.path, cached }
		: { kind: "unconverted", reference, directory, cached };
}

/** Language models are published with ONNX files too: those stay what they are. */
async function isEncoderDirectory(directory: string): Promise<boolean> {
	if (!isEncoderListing(await readdir(directory))) return false;
	const config = await readFile(join(directory, "config.json"), "utf8");
	return !/For(?:CausalLM|ConditionalGeneration)"/.test(config);
}

/** The folder of a cached ONNX file; repositories keep those in a folder `onnx` of their own. */
function encoderDirectoryOf(path: string): string {
	const folder = path.endsWith(".onnx") ? dirname(path) : path;
	return basename(folder) === "onnx" ? dirname(folder) : folder;
}

function notHere(reference: RemoteReference): GalleyError {
	const text = formatModelReference(reference);
	return new GalleyError(
		"model_not_found",
		`"${text}" is not in the cache of this machine, and --offline keeps the network off. ` +
			`Where there is a network: galley pull ${text}, then galley export ${text} model.tar; ` +
			"bring the file here and run galley import model.tar.",
	);
}
