import { GalleyError } from "../core/errors.ts";
import type { Engine } from "../engine/engine.ts";

/** A text as accuracy is measured on it. */
export interface TextPlan {
	tokens: Int32Array;
	/** Tokens that a model sees at once. */
	windowTokens: number;
	windows: number;
	/** Goes before each window, where the vocabulary wants one: it takes the place of the window's first token. */
	bos: number | null;
}

const usualWindowTokens = 512;
const leastWindowTokens = 16;

/** Cuts a text into windows. GalleyError `invalid_request` when it is too short to say anything. */
export function planText(
	tokens: Int32Array,
	options: {
		contextLength: number;
		mostWindows: number;
		bos: number | null;
	},
): TextPlan {
	const windowTokens = Math.min(
		usualWindowTokens,
		options.contextLength,
		tokens.length - (tokens.length % 2),
	);
	if (windowTokens < leastWindowTokens)
		throw new GalleyError(
			"invalid_request",
			`The text has ${tokens.length} tokens; accuracy needs ${leastWindowTokens} at least, and a few thousand to mean something. Give a longer text.`,
		);
	const windows = Math.min(
		options.mostWindows,
		Math.floor(tokens.length / windowTokens),
	);
	return { tokens, windowTokens, windows, bos: options.bos };
}

/** Positions that are scored: those of each window's second half whose next token is in the window. */
export function countPositions({ windowTokens, windows }: TextPlan): number {
	return windows * (windowTokens - 1 - firstScored(windowTokens));
}

/** In the first half the model has too little to go by: its guesses would say more of the text than of the model. */
function firstScored(windowTokens: number): number {
	return Math.floor(windowTokens / 2);
}

/**
 * Computes a text window by window, as llama.cpp's perplexity tool does, and gives the logits of each scored position with the
 * token that follows it. They are a view of the engine's memory: valid during the call only.
 *
 *     window   | BOS t1 t2 ... t255 | t256 ... t510 | t511 |
 *                 context only         scored         only a next token
 */
export async function scoreText(
	engine: Engine,
	text: TextPlan,
	onPosition: (logits: Float32Array, nextToken: number) => void,
): Promise<void> {
	const { tokens, windowTokens, windows, bos } = text;
	const { batch, info } = engine;
	const first = firstScored(windowTokens);
	for (let window = 0; window < windows; window++) {
		const start = window * windowTokens;
		for (let from = 0; from < windowTokens; from += info.maxBatchTokens) {
			const count = Math.min(info.maxBatchTokens, windowTokens - from);
			for (let index = 0; index < count; index++) {
				const position = from + index;
				const own = tokens[start + position] as number;
				batch.tokens[index] = position === 0 && bos !== null ? bos : own;
				batch.positions[index] = position;
				batch.sequences[index] = 0;
				batch.wantsLogits[index] =
					position >= first && position < windowTokens - 1 ? 1 : 0;
			}
			const result = await engine.run(count);
			if (result !== "ok")
				throw new GalleyError(
					"engine_error",
					`A window of ${windowTokens} tokens could not be computed (${result}).`,
				);
			for (let index = 0; index < count; index++) {
				if (batch.wantsLogits[index] !== 1) continue;
				const next = tokens[start + from + index + 1] as number;
				onPosition(engine.logits(index), next);
			}
		}
		engine.removeSequence(0, 0, -1);
	}
}
