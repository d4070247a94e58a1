import type { EncoderSequence } from "../../engine/encoder-engine.ts";

/** Sequences as they travel between processes and threads: two arrays instead of many. */
export interface PackedBatch {
	/** All sequences' tokens, one behind the other. */
	tokens: Int32Array;
	/** Of each sequence: its length, and where its second text begins. */
	shapes: Int32Array;
}

export function packBatch(sequences: readonly EncoderSequence[]): PackedBatch {
	const length = sequences.reduce((sum, one) => sum + one.tokens.length, 0);
	const tokens = new Int32Array(length);
	const shapes = new Int32Array(2 * sequences.length);
	let from = 0;
	sequences.forEach((sequence, index) => {
		tokens.set(sequence.tokens, from);
		from += sequence.tokens.length;
		shapes[2 * index] = sequence.tokens.length;
		shapes[2 * index + 1] = sequence.secondStart;
	});
	return { tokens, shapes };
}

export function unpackBatch({
	tokens,
	shapes,
}: PackedBatch): EncoderSequence[] {
	const sequences: EncoderSequence[] = [];
	let from = 0;
	for (let index = 0; index < shapes.length; index += 2) {
		const to = from + (shapes[index] as number);
		sequences.push({
			tokens: tokens.subarray(from, to),
			secondStart: shapes[index + 1] as number,
		});
		from = to;
	}
	return sequences;
}
