import { GalleyError } from "../core/errors.ts";
import { formatBytes } from "./byte-format.ts";
import type { ModelDescription } from "./model-description.ts";

/** How the KV cache is cut: tokens a sequence, sequences, and cells of the whole. */
export interface ContextPlan {
	contextLength: number;
	maxSequences: number;
	kvCells: number;
	/** `auto`: the engine decides, so the cache suits both. */
	kvLayout: "auto" | "unified" | "streams";
	kvBytes: number;
	computeBytes: number;
	/** What was given up because memory is short; null when nothing was. */
	concession: "context" | "sequences" | "both" | null;
}

export interface ContextWish {
	model: ModelDescription;
	maxModelLen: number | null;
	maxNumSeqs: number | null;
	kvLayout: "auto" | "unified" | "streams";
	/** Cells of the whole cache where somebody asked for a number; that makes it one pool. */
	kvCacheTokens: number | null;
	bytesPerToken: number;
	/** Bytes of a sequence whatever its length: recurrent states. */
	sequenceBytes?: number;
	availableBytes: number;
	/** Weights and processes. */
	fixedBytes: number;
	computeBytes(cells: {
		cellsAttended: number;
		kvCells: number;
		maxSequences: number;
	}): number;
}

/** The library rounds each sequence's cells up to this. */
const cellStep = 256;
const defaultSequences = 8;
/** Where a model doesn't say what it was trained for. */
const defaultContextLength = 4096;
/** Rather fewer sequences than contexts below this. */
const comfortableContextLength = 2048;
/** The share of available memory that the KV cache takes of its own accord. */
const modestShare = 4;

/**
 * Decides context and sequences:
 *
 *  1. asked for more context than trained            -> refuse
 *  2. context and sequences asked                    -> as asked if it fits in memory, else refuse
 *  3. context asked                                  -> as many sequences up to 8 as fit in a quarter of memory, at least 1
 *  4. sequences asked                                -> the longest context that fits in a quarter of memory
 *  5. neither                                        -> 8 sequences, the longest context in a quarter of memory; when
 *                                                       that is below 2,048 tokens, fewer sequences
 *  6. a quarter holds less than 2,048 tokens (4, 5), -> the least sequences, and up to 2,048 tokens in all of memory; where
 *     or no sequence (3)                                not even 256 fit, refuse
 */
export function planContext(wish: ContextWish): ContextPlan {
	const trained = wish.model.trainedContextLength ?? defaultContextLength;
	const { maxModelLen, maxNumSeqs } = wish;
	if (
		maxModelLen !== null &&
		wish.model.trainedContextLength !== null &&
		maxModelLen > trained
	) {
		throw new GalleyError(
			"invalid_configuration",
			`--max-model-len ${maxModelLen} is more than the ${trained} tokens that ${wish.model.name} was trained for; ` +
				`give ${trained} or less.`,
			{ param: "maxModelLen" },
		);
	}
	if (wish.kvCacheTokens !== null)
		return planPool(wish, wish.kvCacheTokens, trained);
	const modest = Math.min(
		wish.availableBytes / modestShare,
		wish.availableBytes - wish.fixedBytes,
	);
	const everything = wish.availableBytes - wish.fixedBytes;

	if (maxModelLen !== null && maxNumSeqs !== null) {
		return (
			planFor(wish, maxModelLen, maxNumSeqs, everything) ??
			refuse(wish, maxModelLen, maxNumSeqs, everything)
		);
	}
	if (maxModelLen !== null) {
		for (let sequences = defaultSequences; sequences >= 1; sequences--) {
			const plan = planFor(wish, maxModelLen, sequences, modest);
			if (plan !== null)
				return {
					...plan,
					concession: sequences < defaultSequences ? "sequences" : null,
				};
		}
		const plan = planFor(wish, maxModelLen, 1, everything);
		return plan === null
			? refuse(wish, maxModelLen, 1, everything)
			: { ...plan, concession: "sequences" };
	}

	const mostSequences = maxNumSeqs ?? defaultSequences;
	const leastSequences = maxNumSeqs ?? 1;
	const enough = Math.min(trained, comfortableContextLength);
	for (
		let sequences = mostSequences;
		sequences >= leastSequences;
		sequences--
	) {
		const plan = longest(wish, trained, sequences, modest);
		if (plan !== null && plan.contextLength >= enough)
			return { ...plan, concession: concession(plan, trained, mostSequences) };
	}
	const least = Math.min(trained, cellStep);
	const plan = longest(
		wish,
		Math.min(trained, comfortableContextLength),
		leastSequences,
		everything,
	);
	if (plan === null) return refuse(wish, least, leastSequences, everything);
	return { ...plan, concession: concession(plan, trained, mostSequences) };
}

/** A pool of so many cells: sequences take what they need of it, the longest one all. */
function planPool(
	wish: ContextWish,
	kvCacheTokens: number,
	trained: number,
): ContextPlan {
	const kvCells = Math.ceil(kvCacheTokens / cellStep) * cellStep;
	const contextLength = Math.min(wish.maxModelLen ?? trained, kvCells);
	const maxSequences = wish.maxNumSeqs ?? defaultSequences;
	const kvBytes = cacheBytes(wish, kvCells, maxSequences);
	const computeBytes = wish.computeBytes({
		cellsAttended: kvCells,
		kvCells,
		maxSequences,
	});
	const needBytes = kvBytes + computeBytes + wish.fixedBytes;
	if (needBytes > wish.availableBytes) {
		throw new GalleyError(
			"insufficient_memory",
			`--kv-cache-tokens ${kvCacheTokens} needs about ${formatBytes(needBytes)} of memory with ${wish.model.name}; ` +
				`${formatBytes(wish.availableBytes)} are available. Ask for fewer.`,
			{ param: "kvCacheTokens" },
		);
	}
	return {
		contextLength,
		maxSequences,
		kvCells,
		kvLayout: "unified",
		kvBytes,
		computeBytes,
		concession: contextLength < trained ? "context" : null,
	};
}

function concession(
	plan: ContextPlan,
	trained: number,
	mostSequences: number,
): ContextPlan["concession"] {
	const hasLessContext = plan.contextLength < trained;
	if (plan.maxSequences < mostSequences)
		return hasLessContext ? "both" : "sequences";
	return hasLessContext ? "context" : null;
}

/** The longest context up to `trained` whose cache fits; below `trained` a multiple of 256. */
function longest(
	wish: ContextWish,
	trained: number,
	sequences: number,
	budgetBytes: number,
): ContextPlan | null {
	const whole = planFor(wish, trained, sequences, budgetBytes);
	if (whole !== null) return whole;
	// Need grows with context, so halving finds the boundary.
	let fitting = 0;
	let tooLong = Math.ceil(trained / cellStep);
	while (tooLong - fitting > 1) {
		const middle = Math.floor((fitting + tooLong) / 2);
		if (planFor(wish, middle * cellStep, sequences, budgetBytes) === null)
			tooLong = middle;
		else fitting = middle;
	}
	return fitting === 0
		? null
		: planFor(wish, fitting * cellStep, sequences, budgetBytes);
}

/**
 * Streams need every sequence's full part. A unified pool needs room for one full sequence; more, up to all of them,
 * is better, so it takes what the budget gives.
 */
function planFor(
	wish: ContextWish,
	contextLength: number,
	maxSequences: number,
	budgetBytes: number,
): ContextPlan | null {
	const { kvLayout } = wish;
	const part = Math.ceil(contextLength / cellStep) * cellStep;
	const candidates =
		kvLayout !== "unified"
			? [maxSequences]
			: Array.from(
					{ length: maxSequences },
					(_, index) => maxSequences - index,
				);
	for (const fullSequences of candidates) {
		const cells = part * fullSequences;
		const kvBytes = cacheBytes(wish, cells, maxSequences);
		const computeBytes = wish.computeBytes({
			cellsAttended: kvLayout === "streams" ? part : cells,
			kvCells: cells,
			maxSequences,
		});
		if (
			kvBytes > budgetBytes ||
			kvBytes + computeBytes + wish.fixedBytes > wish.availableBytes
		)
			continue;
		return {
			contextLength,
			maxSequences,
			kvCells: kvLayout === "unified" ? cells : contextLength * maxSequences,
			kvLayout,
			kvBytes,
			computeBytes,
			concession: null,
		};
	}
	return null;
}

function cacheBytes(
	{ bytesPerToken, sequenceBytes = 0 }: ContextWish,
	cells: number,
	sequences: number,
): number {
	return Math.ceil(cells * bytesPerToken) + sequences * sequenceBytes;
}

function refuse(
	wish: ContextWish,
	contextLength: number,
	sequences: number,
	budgetBytes: number,
): never {
	const { model, availableBytes } = wish;
	const cells =
		Math.ceil(contextLength / cellStep) *
		cellStep *
		(wish.kvLayout === "unified" ? 1 : sequences);
	const needBytes =
		wish.fixedBytes +
		cacheBytes(wish, cells, sequences) +
		wish.computeBytes({
			cellsAttended: contextLength,
			kvCells: cells,
			maxSequences: sequences,
		});
	const shorter = longest(wish, contextLength, sequences, budgetBytes);
	const options: string[] = [];
	if (shorter !== null)
		options.push(`--max-model-len ${shorter.contextLength}`);
	for (let fewer = sequences - 1; fewer >= 1; fewer--) {
		if (planFor(wish, contextLength, fewer, budgetBytes) === null) continue;
		options.push(`--max-num-seqs ${fewer}`);
		break;
	}
	const advice =
		options.length > 0
			? `What fits: ${options.join(", or ")}.`
			: "Free memory, or take a smaller model or one of lower precision.";
	throw new GalleyError(
		"insufficient_memory",
		`${model.name} (${model.precision}) with ${sequences} x ${contextLength} tokens of context needs about ` +
			`${formatBytes(needBytes)} of memory; ${formatBytes(availableBytes)} are available. ${advice}`,
	);
}
