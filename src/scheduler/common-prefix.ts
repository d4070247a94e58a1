import type { Sequence } from "./sequence.ts";

export interface CommonPrefixes {
	/** How many tokens two sequences begin with in common. */
	length(left: Sequence, right: Sequence): number;
}

/** Prompts don't change, and the same pairs are asked about in every step: each is compared once. */
export function createCommonPrefixes(): CommonPrefixes {
	const known = new WeakMap<Sequence, WeakMap<Sequence, number>>();
	return {
		length(left, right) {
			const ofLeft = known.get(left) ?? new WeakMap<Sequence, number>();
			known.set(left, ofLeft);
			const remembered = ofLeft.get(right);
			if (remembered !== undefined) return remembered;
			const one = left.spec.promptTokens;
			const other = right.spec.promptTokens;
			const most = Math.min(one.length, other.length);
			let common = 0;
			while (common < most && one[common] === other[common]) common++;
			ofLeft.set(right, common);
			return common;
		},
	};
}
