import { createHash } from "node:crypto";
import { enginesDirectory } from "../config/data-directory.ts";
import { describeOrigin } from "../config/origin.ts";
import { type ServiceConfig, withProfile } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type { ModelFacts } from "../core/language-service.ts";
import type { PackageSearch } from "../engine/llama/packages.ts";
import type { CachedModel } from "../models/cache/model-cache.ts";
import {
	formatModelReference,
	type ModelReference,
} from "../models/model-reference.ts";
import type { Profile } from "../models/profile.ts";
import { listedOptionValues } from "../models/profile-list.ts";
import type { LoadOptions } from "../runtime/engine-protocol.ts";
import type { SchedulingOptions } from "../runtime/scheduling-options.ts";
import { chooseProfileOfFile } from "./choose-profile.ts";
import { locateModel, type ModelLocation } from "./locate-model.ts";

/** A line of `--dry-run` about where the model comes from. */
export interface SourceFact {
	name: "reference" | "file" | "revision";
	value: string;
	origin: string;
}

/** What can be told of a model that may still have to be fetched. */
export interface PlanPreview {
	/** The configuration with the profile's choices filled in, where there is a profile. */
	config: ServiceConfig;
	source: readonly SourceFact[];
	explanation: string;
}

/** What is known of a model before anything is loaded: where it is, how it will run here, and what to tell of it. */
export interface ModelPlan extends PlanPreview {
	reference: ModelReference;
	name: string;
	facts: ModelFacts;
	load: LoadOptions;
	/** The cache's entry of the model, whose use is noted when it is served. */
	cached: CachedModel | null;
}

/** Plans a model that is on this machine; GalleyError `model_not_found` says what to do about any other. */
export async function planModel(config: ServiceConfig): Promise<ModelPlan> {
	const location = await locateModel(requireModel(config), config);
	switch (location.kind) {
		case "fake":
		case "here":
			return planLocated(location, config);
		case "encoder":
			throw new GalleyError(
				"model_unusable",
				`"${config.model}" is an embedding or reranking model; galley run serves it, but it generates no text.`,
			);
		case "unconverted":
			throw new GalleyError(
				"model_not_found",
				`"${location.directory}" holds safetensors; convert them with galley convert, or serve them with galley run.`,
			);
		case "away":
			throw new GalleyError(
				"model_not_found",
				`"${config.model}" is not on this machine. Fetch it with galley pull ${config.model}.`,
			);
	}
}

export function requireModel({ model }: ServiceConfig): string {
	if (model !== null) return model;
	throw new GalleyError(
		"invalid_configuration",
		"No model is given: name a starter model, a GGUF file, or hf://organisation/repository.",
	);
}

export async function planLocated(
	location: Extract<ModelLocation, { kind: "fake" | "here" }>,
	config: ServiceConfig,
): Promise<ModelPlan> {
	return location.kind === "fake"
		? planFake(location.reference, location.path, config)
		: planLlama(location, config);
}

async function planLlama(
	{ reference, path, cached }: Extract<ModelLocation, { kind: "here" }>,
	config: ServiceConfig,
): Promise<ModelPlan> {
	const search = { packagesFolder: enginesDirectory(process.env) };
	const chosen = await chooseProfileOfFile(path, config);
	const { profile, model, source } = chosen;
	const profiled = withProfile(config, {
		name: profile.name,
		settings: listedOptionValues(chosen),
	});
	return {
		reference,
		cached,
		config: profiled,
		source: sourceFacts(reference, source, cached, config),
		name: config.servedModelName ?? reference.name,
		facts: {
			architecture: model.architecture,
			name: model.name,
			parameters: model.parameters,
			precision: model.precision,
			trainedContextLength: model.trainedContextLength,
			vocabularySize: model.vocabularySize,
			license: model.license,
			sizeBytes: model.sizeBytes,
			sha256: digestOf(source, cached),
			origin:
				cached === null
					? null
					: {
							reference: cached.reference,
							repository: cached.repository,
							revision: cached.revision,
						},
			hasChatTemplate: model.hasChatTemplate,
			profile: { id: profile.id, name: profile.name },
		},
		load: toLoadOptions(source, profile, profiled, search),
		explanation: profile.explanation,
	};
}

/** A file that was converted or quantised here has no digest that anybody else knows. */
function digestOf(path: string, cached: CachedModel | null): string | null {
	return cached?.files.find((file) => file.path === path)?.sha256 ?? null;
}

function sourceFacts(
	reference: ModelReference,
	path: string,
	cached: CachedModel | null,
	config: ServiceConfig,
): SourceFact[] {
	const asked = describeOrigin(config.origins.model);
	const facts: SourceFact[] = [
		{
			name: "reference",
			value: cached?.reference ?? formatModelReference(reference),
			origin: asked,
		},
		{
			name: "file",
			value: path,
			origin: fileOrigin(reference, path, cached) ?? asked,
		},
	];
	if (cached !== null && cached.revision !== "")
		facts.push({ name: "revision", value: cached.revision, origin: "cache" });
	return facts;
}

function fileOrigin(
	{ kind }: ModelReference,
	path: string,
	cached: CachedModel | null,
): string | null {
	if (cached !== null)
		return cached.mainPath === path ? "cache" : "made of the cached model";
	if (kind === "directory") return "converted";
	return kind === "starter" ? "part of Galley" : null;
}

function toLoadOptions(
	modelPath: string,
	{ settings, maxLogitRows, memory }: Profile,
	config: ServiceConfig,
	search: PackageSearch,
): LoadOptions {
	const options = {
		...settings,
		modelPath,
		memoryMap: config.mmap,
		memoryLock: config.mlock,
	};
	return {
		engine: "llama",
		search,
		options,
		scheduling: toScheduling(
			config,
			maxLogitRows,
			memory.availableBytes - memory.totalBytes,
			settings.kvLayout === "auto",
		),
	};
}

/** Host memory that evicted prefixes may take where nobody said: an eighth of what is left, and not more than this. */
const mostHostCacheBytes = 2 * 1024 ** 3;

function toScheduling(
	config: ServiceConfig,
	maxLogitRows: number,
	availableBytes: number,
	adaptsKvLayout: boolean,
): SchedulingOptions {
	return {
		maxLogitRows,
		targetItlMs: config.targetItlMs,
		prefixCache: config.prefixCache,
		maxIdleCells: null,
		speculation: config.speculation === "auto",
		hostCacheBytes:
			config.hostCacheBytes ??
			Math.floor(Math.min(mostHostCacheBytes, availableBytes / 8)),
		prefixCacheDirectory: config.prefixCacheDir,
		prefixCacheDiskBytes: config.prefixCacheDiskBytes,
		adaptsKvLayout,
	};
}

/** The engine without weights takes what is asked as it is: it needs no memory worth a plan. */
function planFake(
	reference: ModelReference,
	path: string,
	config: ServiceConfig,
): ModelPlan {
	const contextLength = config.maxModelLen ?? 8192;
	const maxSequences = config.maxNumSeqs ?? 64;
	const maxBatchTokens = Math.max(
		config.maxNumBatchedTokens ?? 2048,
		maxSequences,
	);
	const kvLayout = config.kvCacheTokens === null ? config.kvLayout : "unified";
	const options = {
		modelPath: path,
		contextLength,
		maxSequences,
		kvCells: config.kvCacheTokens ?? contextLength * maxSequences,
		kvLayout,
		kvTypeK: config.kvCacheTypeK,
		kvTypeV: config.kvCacheTypeV,
		maxBatchTokens,
		microBatchTokens: maxBatchTokens,
		threads: 1,
		threadsBatch: 1,
		flashAttention: config.flashAttention,
		gpuLayers: 0,
		memoryMap: false,
		memoryLock: false,
	} as const;
	const id = createHash("sha256").update(JSON.stringify(options)).digest("hex");
	return {
		reference,
		cached: null,
		source: sourceFacts(reference, path, null, config),
		config: withProfile(config, {
			name: "fake",
			settings: {
				maxModelLen: contextLength,
				maxNumSeqs: maxSequences,
				maxNumBatchedTokens: maxBatchTokens,
				kvLayout,
			},
		}),
		name: config.servedModelName ?? reference.name,
		facts: {
			architecture: "fake",
			name: "Fake engine",
			parameters: null,
			precision: "none",
			trainedContextLength: null,
			vocabularySize: 0,
			license: null,
			sizeBytes: 0,
			sha256: null,
			origin: null,
			hasChatTemplate: true,
			profile: { id, name: "fake" },
		},
		load: {
			engine: "fake",
			search: {},
			options,
			scheduling: toScheduling(
				config,
				maxBatchTokens,
				mostHostCacheBytes,
				kvLayout === "auto",
			),
		},
		explanation:
			"The fake engine computes nothing: its answers are for tests and benchmarks.",
	};
}
