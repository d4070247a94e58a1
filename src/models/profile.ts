import { createHash } from "node:crypto";
import type { ServiceSettings } from "../config/service-options.ts";
import type { EngineOptions } from "../engine/engine.ts";
import { type ContextPlan, planContext } from "./context-plan.ts";
import { type Hardware, usableThreads } from "./hardware.ts";
import {
	computeBytes,
	kvBytesPerToken,
	logitBytes,
	processBytes,
} from "./memory-need.ts";
import type { ModelDescription } from "./model-description.ts";
import { explainProfile } from "./profile-explanation.ts";

/** What somebody may have asked for; null and `auto` leave it to the profile. */
export type AskedSettings = Pick<
	ServiceSettings,
	| "maxModelLen"
	| "maxNumSeqs"
	| "maxNumBatchedTokens"
	| "kvLayout"
	| "kvCacheTokens"
	| "kvCacheTypeK"
	| "kvCacheTypeV"
	| "threads"
	| "threadsBatch"
	| "gpuLayers"
	| "flashAttention"
	| "targetItlMs"
>;

/** A GPU that an installed engine package can use. */
export interface Accelerator {
	kind: "cuda" | "vulkan" | "metal";
	/** Null when nobody knows; then the machine's memory is what counts. */
	availableBytes: number | null;
}

/** What a profile decides of the engine's options; the rest is where the model lies and how its file is read. */
export type ProfileSettings = Omit<
	EngineOptions,
	"modelPath" | "memoryMap" | "memoryLock" | "onLoadProgress"
>;

export interface MemoryEstimate {
	weightBytes: number;
	kvBytes: number;
	computeBytes: number;
	processBytes: number;
	totalBytes: number;
	availableBytes: number;
}

/** One way to run a model here. */
export interface Profile {
	/** Hex SHA-256 of what the profile says; the same on every machine where it says the same. */
	id: string;
	/** E.g. `llama-q8_0-cpu`. */
	name: string;
	settings: ProfileSettings;
	/** Tokens of one step whose logits may be wanted. */
	maxLogitRows: number;
	memory: MemoryEstimate;
	/** One paragraph for people. */
	explanation: string;
}

export interface ProfileSources {
	model: ModelDescription;
	hardware: Hardware;
	asked: AskedSettings;
	accelerator?: Accelerator | null;
}

const maxMicroBatchTokens = 512;
/**
 * Rows of logits that a step may ask for beyond one a sequence, for `echo` and `prompt_logprobs`. More would be quicker
 * for those and cost everybody memory: a row of 152,000 words takes 0.6 MB here and as much in the buffers.
 */
const extraLogitRows = 56;

/**
 * The settings to run a model with. What was asked is kept or refused, never changed: GalleyError `insufficient_memory`
 * names the nearest values that fit, `invalid_configuration` what the model can't do.
 */
export function selectProfile({
	model,
	hardware,
	asked,
	accelerator = null,
}: ProfileSources): Profile {
	const gpuLayers = asked.gpuLayers ?? (accelerator === null ? 0 : -1);
	const device =
		gpuLayers === 0 || accelerator === null ? "cpu" : accelerator.kind;
	const availableBytes =
		(device === "cpu" ? null : accelerator?.availableBytes) ??
		hardware.memory.availableBytes;
	const threads = asked.threads ?? usableThreads(hardware);
	const keepsTarget = keepsTargetOnCpu(asked, device);
	const flashAttention = keepsTarget ? "off" : asked.flashAttention;
	const microBatchOf = (cells: number) =>
		Math.min(
			maxMicroBatchTokens,
			asked.maxNumBatchedTokens ?? maxMicroBatchTokens,
			cells,
		);

	const plan = planContext({
		model,
		maxModelLen: asked.maxModelLen,
		maxNumSeqs: asked.maxNumSeqs,
		kvLayout:
			keepsTarget && asked.kvLayout === "auto" ? "streams" : asked.kvLayout,
		kvCacheTokens: asked.kvCacheTokens,
		bytesPerToken: kvBytesPerToken(
			model,
			asked.kvCacheTypeK,
			asked.kvCacheTypeV,
		),
		availableBytes,
		fixedBytes: model.weightBytes + processBytes,
		computeBytes: ({ cellsAttended, kvCells, maxSequences }) => {
			const logitRows = maxSequences + extraLogitRows;
			const shape = {
				microBatchTokens: microBatchOf(kvCells),
				cellsAttended,
				flashAttention: flashAttention !== "off",
				logitRows,
			};
			return computeBytes(model, shape) + logitBytes(model, logitRows);
		},
	});

	const maxBatchTokens = Math.max(
		asked.maxNumBatchedTokens ?? Math.min(maxMicroBatchTokens, plan.kvCells),
		plan.maxSequences,
	);
	const settings: ProfileSettings = {
		contextLength: plan.contextLength,
		maxSequences: plan.maxSequences,
		kvCells: plan.kvCells,
		kvLayout: plan.kvLayout,
		kvTypeK: asked.kvCacheTypeK,
		kvTypeV: asked.kvCacheTypeV,
		maxBatchTokens,
		microBatchTokens: Math.min(maxBatchTokens, maxMicroBatchTokens),
		threads,
		threadsBatch: asked.threadsBatch ?? threads,
		flashAttention,
		gpuLayers,
	};
	const memory = estimate(model, plan, availableBytes);
	const precision = model.precision.toLowerCase();
	const name = `llama-${precision}-${device}`;
	const content = {
		engine: "llama",
		precision,
		device,
		architecture: model.architecture,
		settings,
	};
	return {
		id: createHash("sha256").update(JSON.stringify(content)).digest("hex"),
		name,
		settings,
		maxLogitRows: settings.maxSequences + extraLogitRows,
		memory,
		explanation: explainProfile({
			model,
			hardware,
			settings,
			memory,
			plan,
			device,
			name,
		}),
	};
}

/**
 * With a target for the time between tokens, prompts are computed in small pieces beside decoding. ggml's flash attention on a
 * CPU is slow for fewer than 64 tokens: behind 1,200 tokens of the 135M shape a piece of 16 takes 113 ms with it and 68
 * without, a decode step of eight 76 and 57. Whole prompts are the other way round (2,048 tokens: 5.5 s with, 8.0 without), so
 * without a target it stays on. A unified cache needs it: without, attention computes all cells of all sequences.
 */
function keepsTargetOnCpu(asked: AskedSettings, device: string): boolean {
	return (
		asked.targetItlMs !== null &&
		device === "cpu" &&
		asked.flashAttention === "auto" &&
		asked.kvLayout !== "unified" &&
		asked.kvCacheTokens === null &&
		["f16", "f32"].includes(asked.kvCacheTypeV)
	);
}

/** The profile's values under the options' names, for `withProfile` and `--dry-run`. */
export function profileOptionValues(profile: Profile) {
	const { settings } = profile;
	return {
		maxModelLen: settings.contextLength,
		maxNumSeqs: settings.maxSequences,
		maxNumBatchedTokens: settings.maxBatchTokens,
		kvLayout: settings.kvLayout,
		flashAttention: settings.flashAttention,
		threads: settings.threads,
		threadsBatch: settings.threadsBatch,
		gpuLayers: settings.gpuLayers,
	};
}

function estimate(
	model: ModelDescription,
	plan: ContextPlan,
	availableBytes: number,
): MemoryEstimate {
	const { kvBytes, computeBytes } = plan;
	const totalBytes = model.weightBytes + kvBytes + computeBytes + processBytes;
	return {
		weightBytes: model.weightBytes,
		kvBytes,
		computeBytes,
		processBytes,
		totalBytes,
		availableBytes,
	};
}
