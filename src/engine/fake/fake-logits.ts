import { endToken, firstWordToken } from "./fake-vocabulary.ts";

/**
 * What the fake model "thinks". A sequence's state is 64 bits, made of every token in its order; a token out of place, left
 * out or left over gives other bits, and so other words. So does one that was computed with other adapters.
 *
 *     state(p) = mix(state(p - 1), token(p), p, adapters)
 *     logit(t) = 8 for the favourite word, 0 to 6 for other words, far below for bytes and control tokens
 */
export interface PrefixState {
	low: number;
	high: number;
	/** Tokens since the last special one, counting from the start when there is none. */
	sinceSpecial: number;
}

export const emptyPrefix: Readonly<PrefixState> = Object.freeze({
	low: 0x9e3779b9,
	high: 0x243f6a88,
	sinceSpecial: 0,
});

const favouriteLogit = 8;
/** Sampling must not miss the end either. */
const certainLogit = 100;
const spreadOfWords = 6;
const bytesLogit = -40;
const controlLogit = -1000;

export function extendPrefix(
	previous: PrefixState,
	token: number,
	position: number,
	isSpecial: boolean,
	adapterSeed = 0,
): PrefixState {
	return {
		low: scramble(
			previous.low ^ Math.imul(token + 1, 0x85ebca6b) ^ adapterSeed,
		),
		high: scramble(
			previous.high ^
				Math.imul(token + 0x51ed, 0xc2b2ae35) ^
				position ^
				(previous.low >>> 3),
		),
		sinceSpecial: isSpecial ? 0 : previous.sinceSpecial + 1,
	};
}

export interface FakeModel {
	vocabularySize: number;
	endAfter: number;
}

/** The argmax of the logits, without computing them. */
export function favouriteToken(model: FakeModel, state: PrefixState): number {
	if (model.endAfter > 0 && state.sinceSpecial >= model.endAfter)
		return endToken;
	return (
		firstWordToken +
		(((state.low ^ state.high) >>> 0) % (model.vocabularySize - firstWordToken))
	);
}

export function writeLogits(
	model: FakeModel,
	state: PrefixState,
	logits: Float32Array,
): void {
	logits.fill(bytesLogit, 0, 256);
	logits.fill(controlLogit, 256, firstWordToken);
	const seed = state.low ^ Math.imul(state.high, 0x27d4eb2f);
	for (let token = firstWordToken; token < model.vocabularySize; token++) {
		logits[token] =
			(scramble(seed ^ Math.imul(token, 0x9e3779b1)) >>> 8) *
			(spreadOfWords / 2 ** 24);
	}
	const favourite = favouriteToken(model, state);
	logits[favourite] = favourite === endToken ? certainLogit : favouriteLogit;
}

/** The finalizer of MurmurHash3 (Austin Appleby, public domain): every bit of the input moves every bit of the output. */
function scramble(value: number): number {
	let bits = value;
	bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
	bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
	return (bits ^ (bits >>> 16)) >>> 0;
}
