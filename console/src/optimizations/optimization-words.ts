import type { Candidate, OptimizationRequest } from "../api/job-types.ts";
import { formatBytes, formatMs } from "../components/quantities.ts";

/** What a winner had to keep, in a line. */
export function limitWords({
	targetItlMs,
	targetTtftMs,
	maxKl,
	maxPerplexityLoss,
	maxMemory,
	concurrency,
}: OptimizationRequest): string {
	const limits = [
		...(targetItlMs === undefined ? [] : [`ITL ≤ ${formatMs(targetItlMs)}`]),
		...(targetTtftMs === undefined ? [] : [`TTFT ≤ ${formatMs(targetTtftMs)}`]),
		...(maxPerplexityLoss === undefined || maxPerplexityLoss === "off"
			? []
			: [`perplexity +${percentOf(maxPerplexityLoss)} at most`]),
		...(maxKl === undefined || maxKl === "off" ? [] : [`KL ≤ ${maxKl}`]),
		...(maxMemory === undefined ? [] : [`memory ≤ ${formatBytes(maxMemory)}`]),
	];
	const load = `${(concurrency ?? [1, 8]).join(", ")} at a time`;
	return limits.length === 0 ? load : `${load}; ${limits.join(", ")}`;
}

/** `1.34 ×` */
export function formatGain(
	score: number | null,
	baseline: number | null,
): string {
	return score === null || baseline === null || baseline === 0
		? "–"
		: `${(score / baseline).toFixed(2)} ×`;
}

/** A share as percent with its sign: a loss that is a gain shows as one. */
export function formatLoss(share: number | null): string {
	if (share === null) return "–";
	const percent = (100 * share).toFixed(1);
	return `${share > 0 ? "+" : ""}${percent === "-0.0" ? "0.0" : percent} %`;
}

const settingNames: Readonly<Record<keyof Candidate, string>> = {
	variant: "Weights",
	threads: "Threads, decoding",
	threadsBatch: "Threads, prompts",
	microBatchTokens: "Tokens a compute batch",
	flashAttention: "Flash attention",
	kvType: "KV cache type",
	kvLayout: "KV cache layout",
	speculation: "Speculation",
};

export interface SettingChange {
	name: string;
	value: string;
	/** As the model runs without being optimized; null where that was not measured. */
	before: string | null;
	isChanged: boolean;
}

/** Every setting of a candidate beside the one it had before. */
export function settingChanges(
	candidate: Candidate,
	before: Candidate | null,
): SettingChange[] {
	const names = Object.keys(settingNames) as (keyof Candidate)[];
	return names.map((name) => {
		const value = wordOf(name, candidate[name]);
		const was = before === null ? null : wordOf(name, before[name]);
		return {
			name: settingNames[name],
			value,
			before: was,
			isChanged: was !== null && was !== value,
		};
	});
}

/** In which settings a candidate is other than by default, its weights aside. */
export function changeWords(
	candidate: Candidate,
	before: Candidate | null,
): string {
	const changed = settingChanges(candidate, before).filter(
		({ name, isChanged }) => isChanged && name !== settingNames.variant,
	);
	return changed.length === 0
		? "–"
		: changed
				.map(({ name, value, before: was }) => `${name}: ${value}, not ${was}`)
				.join("; ");
}

function wordOf(name: keyof Candidate, value: string | number): string {
	return name === "variant" && value === "source"
		? "the file as it is"
		: String(value);
}

function percentOf(share: number): string {
	return `${Number((100 * share).toFixed(2))} %`;
}
