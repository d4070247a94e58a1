import { GalleyError } from "../core/errors.ts";
import type { PackageSearch } from "../engine/llama/packages.ts";
import type { Hardware } from "../models/hardware.ts";
import type { ModelDescription } from "../models/model-description.ts";
import {
	type Accelerator,
	type AskedSettings,
	type Profile,
	selectProfile,
} from "../models/profile.ts";
import type { LoadOptions } from "../runtime/engine-protocol.ts";
import { type Candidate, sourceVariant } from "./candidate.ts";
import type { SpeedLoad } from "./measure-speed.ts";

/** How a candidate is loaded: exactly as `galley run` would with its settings. */
export interface MeasuringSetting {
	hardware: Hardware;
	accelerator: Accelerator | null;
	/** What somebody asked for; what measuring decides replaces the rest. */
	asked: AskedSettings & { speculation: "auto" | "off" };
	search: PackageSearch;
	memoryMap: boolean;
	memoryLock: boolean;
}

export function baselineOf(
	model: ModelDescription,
	setting: MeasuringSetting,
): { candidate: Candidate; profile: Profile } {
	const { asked, hardware, accelerator } = setting;
	const profile = selectProfile({ model, hardware, asked, accelerator });
	const { settings } = profile;
	const candidate: Candidate = {
		variant: sourceVariant,
		threads: settings.threads,
		threadsBatch: settings.threadsBatch,
		microBatchTokens: settings.microBatchTokens,
		flashAttention: settings.flashAttention,
		kvType: settings.kvTypeK,
		kvLayout: settings.kvLayout,
		speculation: asked.speculation,
	};
	return { candidate, profile };
}

/** Throws GalleyError `insufficient_memory` where it doesn't fit. */
export function toLoad(
	candidate: Candidate,
	model: ModelDescription,
	setting: MeasuringSetting,
): LoadOptions {
	const { hardware, accelerator, search, memoryMap, memoryLock } = setting;
	const asked: AskedSettings = {
		...setting.asked,
		threads: candidate.threads,
		threadsBatch: candidate.threadsBatch,
		kvLayout: candidate.kvLayout,
		kvCacheTypeK: candidate.kvType,
		// Keys and values of different types are the asker's own idea: measured as it is.
		kvCacheTypeV:
			candidate.kvType === setting.asked.kvCacheTypeK
				? setting.asked.kvCacheTypeV
				: candidate.kvType,
		flashAttention: candidate.flashAttention,
	};
	const { settings, maxLogitRows } = selectProfile({
		model,
		hardware,
		asked,
		accelerator,
	});
	return {
		engine: "llama",
		search,
		options: {
			...settings,
			microBatchTokens: Math.min(
				candidate.microBatchTokens,
				settings.maxBatchTokens,
			),
			modelPath: model.path,
			memoryMap,
			memoryLock,
		},
		scheduling: {
			maxLogitRows,
			targetItlMs: asked.targetItlMs,
			prefixCache: true,
			maxIdleCells: null,
			speculation: candidate.speculation === "auto",
			// Prompts don't come twice here.
			hostCacheBytes: 0,
			prefixCacheDirectory: null,
			prefixCacheDiskBytes: 0,
			adaptsKvLayout: settings.kvLayout === "auto",
		},
	};
}

/** The load must fit into the context that is served, or it would measure refusals. */
export function assertLoadFits(load: SpeedLoad, { settings }: Profile): void {
	const needed = load.prefixTokens + load.inputTokens + load.outputTokens;
	if (needed > settings.contextLength)
		throw new GalleyError(
			"invalid_configuration",
			`The load has ${needed} tokens a request (prompt and answer), and the context holds ${settings.contextLength}. Ask for fewer with --input-tokens and --output-tokens, or for more with --max-model-len.`,
		);
	const most = Math.max(...load.concurrencies);
	if (most > settings.maxSequences)
		throw new GalleyError(
			"invalid_configuration",
			`--concurrency ${most} is more than the ${settings.maxSequences} sequences that run at the same time; ask for more of these with --max-num-seqs.`,
		);
}
