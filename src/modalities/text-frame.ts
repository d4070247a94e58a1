import { GalleyError } from "../core/errors.ts";

/** The tokens that a model wants around one text and around a pair of them. */
export interface TextFrame {
	prefix: readonly number[];
	suffix: readonly number[];
	pairPrefix: readonly number[];
	pairMiddle: readonly number[];
	pairSuffix: readonly number[];
	/** How many of the middle tokens count as the first text's. */
	firstMiddleTokens: number;
}

export interface FrameProbe {
	/** Tokens of a text alone. */
	bare(text: string): readonly number[];
	framed(text: string): readonly number[];
	/** Null where the tokenizer has no form for pairs. */
	pair(
		first: string,
		second: string,
	): { ids: readonly number[]; typeIds: readonly number[] } | null;
}

/**
 * Finds the frame by looking at what the tokenizer makes of short texts, since the ways to write it down in a
 * tokenizer.json are several: template, BERT's, RoBERTa's, sequences of them.
 */
export function findTextFrame(probe: FrameProbe): TextFrame {
	const [first, second] = ["1", "2"];
	const one = probe.bare(first);
	const single = probe.framed(first);
	const at = indexOfRun(single, one, 0);
	if (one.length === 0 || at < 0)
		throw new GalleyError(
			"model_unusable",
			"The tokenizer changes a text when it adds its special tokens; Galley can't tell where they go.",
		);
	const prefix = single.slice(0, at);
	const suffix = single.slice(at + one.length);
	const pair = probe.pair(first, second);
	const two = probe.bare(second);
	const firstAt = pair === null ? -1 : indexOfRun(pair.ids, one, 0);
	const secondAt =
		pair === null ? -1 : indexOfRun(pair.ids, two, firstAt + one.length);
	if (pair === null || firstAt < 0 || secondAt < 0)
		return {
			prefix,
			suffix,
			pairPrefix: prefix,
			pairMiddle: suffix,
			pairSuffix: suffix,
			firstMiddleTokens: suffix.length,
		};
	const firstOfSecond = pair.typeIds.indexOf(1);
	return {
		prefix,
		suffix,
		pairPrefix: pair.ids.slice(0, firstAt),
		pairMiddle: pair.ids.slice(firstAt + one.length, secondAt),
		pairSuffix: pair.ids.slice(secondAt + two.length),
		firstMiddleTokens:
			firstOfSecond < 0
				? secondAt - firstAt - one.length
				: firstOfSecond - firstAt - one.length,
	};
}

function indexOfRun(
	ids: readonly number[],
	run: readonly number[],
	from: number,
): number {
	for (let start = from; start + run.length <= ids.length; start++)
		if (run.every((id, index) => ids[start + index] === id)) return start;
	return -1;
}
