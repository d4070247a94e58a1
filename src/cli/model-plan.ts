import { createHash } from "node:crypto";
import { enginesDirectory } from "../config/data-directory.ts";
import { type ServiceConfig, withProfile } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type { ModelFacts } from "../core/language-service.ts";
import type { PackageSearch } from "../engine/llama/packages.ts";
import { readHardware } from "../models/hardware.ts";
import { describeModel } from "../models/model-description.ts";
import {
	type ModelReference,
	parseModelReference,
} from "../models/model-reference.ts";
import {
	type Profile,
	profileOptionValues,
	selectProfile,
} from "../models/profile.ts";
import type { LoadOptions } from "../runtime/engine-protocol.ts";
import type { SchedulingOptions } from "../runtime/scheduling-options.ts";
import { findAccelerator } from "./engine-devices.ts";

/** What is known of a model before anything is loaded: where it is, how it will run here, and what to tell of it. */
export interface ModelPlan {
	reference: ModelReference;
	/** The configuration with the profile's choices filled in. */
	config: ServiceConfig;
	name: string;
	facts: ModelFacts;
	load: LoadOptions;
	explanation: string;
}

export async function planModel(config: ServiceConfig): Promise<ModelPlan> {
	if (config.model === null) {
		throw new GalleyError(
			"invalid_configuration",
			"No model is given: name a GGUF file or a starter model.",
		);
	}
	const reference = parseModelReference(config.model);
	return reference.kind === "fake"
		? planFake(reference, config)
		: planLlama(reference, config);
}

async function planLlama(
	reference: ModelReference,
	config: ServiceConfig,
): Promise<ModelPlan> {
	const search = { packagesFolder: enginesDirectory(process.env) };
	const [model, accelerator] = await Promise.all([
		describeModel(reference.path),
		findAccelerator(),
	]);
	const profile = selectProfile({
		model,
		hardware: readHardware(),
		asked: config,
		accelerator,
	});
	return {
		reference,
		config: withProfile(config, {
			name: profile.name,
			settings: profileOptionValues(profile),
		}),
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
			sha256: null,
			hasChatTemplate: model.hasChatTemplate,
			profile: { id: profile.id, name: profile.name },
		},
		load: toLoadOptions(reference, profile, config, search),
		explanation: profile.explanation,
	};
}

function toLoadOptions(
	reference: ModelReference,
	{ settings, maxLogitRows, memory }: Profile,
	config: ServiceConfig,
	search: PackageSearch,
): LoadOptions {
	const options = {
		...settings,
		modelPath: reference.path,
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
function planFake(reference: ModelReference, config: ServiceConfig): ModelPlan {
	const contextLength = config.maxModelLen ?? 8192;
	const maxSequences = config.maxNumSeqs ?? 64;
	const maxBatchTokens = Math.max(
		config.maxNumBatchedTokens ?? 2048,
		maxSequences,
	);
	const kvLayout = config.kvCacheTokens === null ? config.kvLayout : "unified";
	const options = {
		modelPath: reference.path,
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
