import { createHash } from "node:crypto";
import { toKebabCase } from "../config/option.ts";
import type { ServiceSettings } from "../config/service-options.ts";
import { GalleyError } from "../core/errors.ts";
import type { EngineOptions } from "../engine/engine.ts";
import { type ContextPlan, planContext } from "./context-plan.ts";
import { type Hardware, usableThreads } from "./hardware.ts";
import {
	type AdapterDemand,
	adapterBytes,
	computeBytes,
	kvBytesPerToken,
	logitBytes,
	processBytes,
	recurrentBytes,
	workBytes,
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
> & {
	/** LoRA adapters that are to be in memory at the same time; absent or null is none. */
	adapters?: AdapterDemand | null;
};

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
	/** LoRA adapters; 0 without. */
	adapterBytes: number;
	processBytes: number;
	totalBytes: number;
	availableBytes: number;
}

/** One way to run a model here. */
export interface Profile {
	/**
	 * Hex SHA-256 of what can be chosen: engine, model, precision, device, adapters or none. What follows from a machine
	 * (threads, context) is not in it, so that an id in a manifest means the same on every machine.
	 */
	id: string;
	/** E.g. `llama-q8_0-cpu`, `llama-q4_k_m-cuda-lora`. */
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
	/** What sets this way to run the model apart from others of the same precision and device, e.g. `optimized`. */
	variant?: string | null;
	/** Why these settings, where they were measured. */
	reason?: string | null;
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
	variant = null,
	reason = null,
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

	assertKvTypes(model, asked);
	const adapters = asked.adapters ?? null;
	const loraBytes = adapters === null ? 0 : adapterBytes(model, adapters);
	const plan = planContext({
		model,
		maxModelLen: asked.maxModelLen,
		maxNumSeqs: asked.maxNumSeqs,
		kvLayout: wantedLayout(asked, keepsTarget),
		kvCacheTokens: asked.kvCacheTokens,
		bytesPerToken: kvBytesPerToken(
			model,
			asked.kvCacheTypeK,
			asked.kvCacheTypeV,
		),
		availableBytes,
		fixedBytes: model.weightBytes + loraBytes + processBytes(model),
		sequenceBytes: recurrentBytes(model, 1),
		computeBytes: ({ cellsAttended, kvCells, maxSequences }) => {
			// A CPU's buffers are touched as far as they are used; a GPU's are there as a whole, with a row a token.
			const logitRows =
				device === "cpu"
					? maxSequences + extraLogitRows
					: Math.max(maxSequences + extraLogitRows, microBatchOf(kvCells));
			const shape = {
				microBatchTokens: microBatchOf(kvCells),
				cellsAttended,
				flashAttention: flashAttention !== "off",
				logitRows,
			};
			return (
				computeBytes(model, shape) +
				logitBytes(model, logitRows) +
				(device === "cpu" ? workBytes(model, shape) : 0)
			);
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
	const memory = estimate(model, plan, loraBytes, availableBytes);
	const name = profileName(model, device, adapters !== null, variant);
	return {
		id: profileId(model, device, adapters !== null, variant),
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
			asked,
			reason,
		}),
	};
}

export function profileName(
	{ precision }: ModelDescription,
	device: string,
	hasAdapters: boolean,
	variant: string | null = null,
): string {
	const parts = ["llama", precision.toLowerCase(), device];
	if (hasAdapters) parts.push("lora");
	if (variant !== null) parts.push(variant);
	return parts.join("-");
}

export function profileId(
	model: ModelDescription,
	device: string,
	hasAdapters: boolean,
	variant: string | null = null,
): string {
	const { architecture, parameters, weightBytes, precision } = model;
	const content = {
		engine: "llama",
		model: { architecture, parameters, weightBytes },
		precision: precision.toLowerCase(),
		device,
		lora: hasAdapters,
		variant,
	};
	return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

/** The library packs 32 numbers of a head together, and refuses heads that this doesn't divide. */
function assertKvTypes(model: ModelDescription, asked: AskedSettings): void {
	const lengths = [
		["kvCacheTypeK", asked.kvCacheTypeK, model.keyLength],
		["kvCacheTypeV", asked.kvCacheTypeV, model.valueLength],
	] as const;
	for (const [param, type, length] of lengths) {
		if (!/^q\d/.test(type) || length % 32 === 0) continue;
		throw new GalleyError(
			"invalid_configuration",
			`--${toKebabCase(param)} ${type} packs 32 numbers together, and the heads of ${model.name} are ${length} wide; take f16.`,
			{ param },
		);
	}
}

/**
 * Where adapters take turns, a step computes some of the sequences; streams that don't lie side by side are computed in passes
 * of their own. Eight adapters on the 135M shape, 64 requests at once, turns of 48 steps: unified 121 tokens a second, streams 98.
 */
function wantedLayout(
	{ kvLayout, adapters }: AskedSettings,
	keepsTarget: boolean,
): AskedSettings["kvLayout"] {
	if (kvLayout !== "auto") return kvLayout;
	if (keepsTarget) return "streams";
	return (adapters ?? null) === null ? "auto" : "unified";
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
		kvCacheTypeK: settings.kvTypeK,
		kvCacheTypeV: settings.kvTypeV,
		flashAttention: settings.flashAttention,
		threads: settings.threads,
		threadsBatch: settings.threadsBatch,
		gpuLayers: settings.gpuLayers,
	};
}

function estimate(
	model: ModelDescription,
	plan: ContextPlan,
	loraBytes: number,
	availableBytes: number,
): MemoryEstimate {
	const { kvBytes, computeBytes } = plan;
	const ownBytes = processBytes(model);
	const totalBytes =
		model.weightBytes + kvBytes + computeBytes + loraBytes + ownBytes;
	return {
		weightBytes: model.weightBytes,
		kvBytes,
		computeBytes,
		adapterBytes: loraBytes,
		processBytes: ownBytes,
		totalBytes,
		availableBytes,
	};
}
