import type { FoundPassage } from "./passage.ts";

export interface PackLimits {
	/** Tokens for all passages together. */
	maxTokens: number;
	maxPassages: number;
}

/** Tokens that a passage's number and title take beside its text. */
const titleTokens = 12;

/**
 * The best passages that fit, best first: a passage that doesn't fit is passed by for a shorter one. Passages of one document
 * that overlap are joined where the second adds something; one inside another is left out.
 */
export function packPassages(
	ranked: readonly FoundPassage[],
	{ maxTokens, maxPassages }: PackLimits,
): FoundPassage[] {
	const packed: FoundPassage[] = [];
	let left = maxTokens;
	for (const passage of ranked) {
		if (packed.length === maxPassages) break;
		if (packed.some((other) => isInside(passage, other))) continue;
		const need = passage.tokens + titleTokens;
		if (need > left) continue;
		packed.push(passage);
		left -= need;
	}
	return packed;
}

/** Most of it stands in the other already. */
function isInside(passage: FoundPassage, other: FoundPassage): boolean {
	if (passage.documentId !== other.documentId) return false;
	const shared =
		Math.min(passage.end, other.end) - Math.max(passage.start, other.start);
	return shared > 0.8 * (passage.end - passage.start);
}
