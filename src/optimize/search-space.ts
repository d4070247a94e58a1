import { type Precision, precisions } from "../engine/llama/precisions.ts";
import { type Hardware, usableThreads } from "../models/hardware.ts";
import {
	type Candidate,
	type CandidateField,
	isPossible,
	sourceVariant,
} from "./candidate.ts";

/** One coordinate of the search: ways in which a candidate may differ from the best one so far. */
export interface Stage {
	name: string;
	changes: readonly Partial<Candidate>[];
	/** Those that are not accurate enough are measured once all the same: people want to see what the floor costs. */
	measuresInaccurate: boolean;
}

export interface SearchSpace {
	/** What runs when nothing was ever measured. */
	baseline: Candidate;
	/** In the order in which they are decided: what changes most comes first. */
	stages: readonly Stage[];
}

export interface SpaceOptions {
	baseline: Candidate;
	hardware: Hardware;
	/** Made from the source, highest first. */
	variants: readonly Precision[];
	/** Threads decide nothing where a GPU computes. */
	usesGpu: boolean;
	concurrencies: readonly number[];
	/** What somebody decided already: no stage changes it. */
	pinned: ReadonlySet<CandidateField>;
}

/** Those worth making of a source of so many bits a weight when nobody says which. */
const usualVariants: readonly Precision[] = [
	"Q8_0",
	"Q6_K",
	"Q5_K_M",
	"Q4_K_M",
	"IQ4_NL",
	"Q4_0",
];

/** The usual precisions below the source's own; none for a source that is as low as they are. */
export function variantsBelow(sourcePrecision: string): Precision[] {
	const bits =
		sourcePrecision in precisions
			? precisions[sourcePrecision as Precision].bits
			: sourcePrecision === "F32"
				? 32
				: 0;
	return usualVariants.filter(
		(name) => precisions[name].bits < bits && name !== sourcePrecision,
	);
}

/**
 * The stages, first to last: weights, threads, threads of prefill, micro-batch, flash attention, type and layout of the KV
 * cache, speculation. Decoding reads all weights for every token, so their precision moves more than all else.
 */
export function createSearchSpace(options: SpaceOptions): SearchSpace {
	const { baseline, variants, usesGpu, concurrencies, pinned } = options;
	const threads = usesGpu ? [] : threadCounts(options.hardware);
	const stages: Stage[] = [
		stage(
			"precision",
			variants.map((variant) => ({ variant })),
			true,
		),
		stage(
			"threads",
			threads.map((count) => ({ threads: count, threadsBatch: count })),
		),
		stage(
			"prefill threads",
			threads.map((count) => ({ threadsBatch: count })),
		),
		stage(
			"micro-batch",
			[128, 256, 512]
				.filter((tokens) => tokens <= baseline.microBatchTokens)
				.map((microBatchTokens) => ({ microBatchTokens })),
		),
		stage("flash attention", [
			// `auto` may mean off where a target is set, so the other way is said outright.
			{ flashAttention: baseline.flashAttention === "off" ? "on" : "off" },
		]),
		stage("KV cache type", [{ kvType: "q8_0" }]),
		stage(
			"KV cache layout",
			concurrencies.some((count) => count > 1)
				? [{ kvLayout: "unified" }, { kvLayout: "streams" }]
				: [],
		),
		stage("speculation", [{ speculation: "off" }]),
	];
	return {
		baseline,
		stages: stages
			.map((each) => ({
				...each,
				changes: each.changes.filter((change) =>
					Object.keys(change).every(
						(field) => !pinned.has(field as CandidateField),
					),
				),
			}))
			.filter(({ changes }) => changes.length > 0),
	};
}

/** The candidates that a stage compares with the best one so far: possible, different from it and from each other. */
export function alternativesOf(
	{ changes }: Stage,
	incumbent: Candidate,
): Candidate[] {
	const found: Candidate[] = [];
	const isSame = (left: Candidate, right: Candidate) =>
		JSON.stringify(left) === JSON.stringify(right);
	for (const change of changes) {
		const candidate = { ...incumbent, ...change };
		const isKnown = [incumbent, ...found].some((other) =>
			isSame(other, candidate),
		);
		if (!isKnown && isPossible(candidate)) found.push(candidate);
	}
	return found;
}

/** Average bits of a weight, to tell which of two variants is the finer; the source is finer than what is made of it. */
export function bitsOfVariant(variant: string): number {
	return variant === sourceVariant || !(variant in precisions)
		? Number.POSITIVE_INFINITY
		: precisions[variant as Precision].bits;
}

/** All cores, all hyper-threads, one core left to others, half of the cores. */
function threadCounts(hardware: Hardware): number[] {
	const { logicalProcessors, quota } = hardware.cpu;
	const cores = usableThreads(hardware);
	const most = Math.max(
		cores,
		Math.min(logicalProcessors, Math.floor(quota ?? logicalProcessors)),
	);
	return [...new Set([cores, most, cores - 1, Math.ceil(cores / 2)])].filter(
		(count) => count >= 1,
	);
}

function stage(
	name: string,
	changes: readonly Partial<Candidate>[],
	measuresInaccurate = false,
): Stage {
	return { name, changes, measuresInaccurate };
}
