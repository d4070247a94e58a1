import type { StepCost } from "./step-cost.ts";
import { type AttentionShape, toStepWork } from "./step-work.ts";

/** What moving cached tokens costs compared with computing them again; seconds. */
export interface MemoryCosts {
	/** To compute so many tokens that begin at a position. */
	prefillSeconds(tokens: number, position: number): number;
	/** To copy a prefix into another slot. */
	copySeconds(tokens: number): number;
	/** To save and to restore a sequence of so many tokens, each. */
	saveSeconds(tokens: number): number;
	restoreSeconds(tokens: number): number;
}

/** Memory that is copied once is read and written: a cautious rate until a copy was measured, in bytes a second. */
const cautiousBytesPerSecond = 2e9;
/** Before a step was measured, a prompt token is taken to cost so many seconds: sharing is tried. */
const unknownPrefillSeconds = 0.001;

export interface MemorySizes {
	/** Bytes of the KV cache that one token takes. */
	bytesPerToken: number;
	/** Bytes that a copy between slots moves whatever its length; 0 when it moves none. */
	bytesPerCopy: number;
	attention: AttentionShape;
}

/** Learns how fast states are saved and restored here; the step cost says what computing them again would take. */
export class LearnedMemoryCosts implements MemoryCosts {
	readonly #stepCost: StepCost;
	readonly #sizes: MemorySizes;
	#stateBytesPerToken: number;
	#savedBytesPerSecond = cautiousBytesPerSecond;
	#restoredBytesPerSecond = cautiousBytesPerSecond;

	constructor(stepCost: StepCost, sizes: MemorySizes) {
		this.#stepCost = stepCost;
		this.#sizes = sizes;
		this.#stateBytesPerToken = sizes.bytesPerToken;
	}

	observeSave(tokens: number, seconds: number, bytes: number): void {
		this.#stateBytesPerToken = bytes / Math.max(1, tokens);
		this.#savedBytesPerSecond = average(
			this.#savedBytesPerSecond,
			bytes,
			seconds,
		);
	}

	observeRestore(bytes: number, seconds: number): void {
		this.#restoredBytesPerSecond = average(
			this.#restoredBytesPerSecond,
			bytes,
			seconds,
		);
	}

	prefillSeconds(tokens: number, position: number): number {
		if (!this.#stepCost.isLearned) return tokens * unknownPrefillSeconds;
		const run = { position, count: tokens, isPrefill: true };
		const { attention } = this.#sizes;
		// A step is taken in any case: what counts is what these tokens add.
		return (
			this.#stepCost.predict(toStepWork([run], attention, position)) -
			this.#stepCost.predict(toStepWork([], attention, position))
		);
	}

	copySeconds(): number {
		return this.#sizes.bytesPerCopy / this.#restoredBytesPerSecond;
	}

	saveSeconds(tokens: number): number {
		return (tokens * this.#stateBytesPerToken) / this.#savedBytesPerSecond;
	}

	restoreSeconds(tokens: number): number {
		return (tokens * this.#stateBytesPerToken) / this.#restoredBytesPerSecond;
	}
}

/** Small states say little about the rate: a call has its own cost. */
function average(rate: number, bytes: number, seconds: number): number {
	if (bytes < 1e6 || seconds <= 0) return rate;
	return rate + 0.2 * (bytes / seconds - rate);
}
