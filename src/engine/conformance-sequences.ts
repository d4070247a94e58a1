import type { Engine, RunResult } from "./engine.ts";

/** Feeding an engine by hand, as the conformance suite's tests do. */

export interface Entry {
	sequence: number;
	position: number;
	token: number;
	wantsLogits?: boolean;
}

export function fill(engine: Engine, entries: readonly Entry[]): number {
	const { tokens, positions, sequences, wantsLogits } = engine.batch;
	for (const [index, entry] of entries.entries()) {
		tokens[index] = entry.token;
		positions[index] = entry.position;
		sequences[index] = entry.sequence;
		wantsLogits[index] = entry.wantsLogits === true ? 1 : 0;
	}
	return entries.length;
}

export function run(
	engine: Engine,
	entries: readonly Entry[],
): Promise<RunResult> {
	return engine.run(fill(engine, entries));
}

/** Entries of one sequence from a position on; the last one wants logits. */
export function entriesOf(
	sequence: number,
	tokens: readonly number[],
	from = 0,
): Entry[] {
	return tokens.map((token, index) => ({
		sequence,
		token,
		position: from + index,
		wantsLogits: index === tokens.length - 1,
	}));
}

/** Computes tokens in chunks; a copy of the last one's logits. */
export async function feed(
	engine: Engine,
	sequence: number,
	tokens: readonly number[],
	options: { from?: number; chunk?: number } = {},
): Promise<Float32Array> {
	const { from = 0, chunk = engine.info.maxBatchTokens } = options;
	let logits = new Float32Array(0);
	for (let start = 0; start < tokens.length; start += chunk) {
		const entries = entriesOf(
			sequence,
			tokens.slice(start, start + chunk),
			from + start,
		);
		const result = await run(engine, entries);
		if (result !== "ok") throw new Error(`The run ended with ${result}.`);
		logits = engine.logits(entries.length - 1).slice();
	}
	return logits;
}

export function clear(engine: Engine): void {
	for (let sequence = 0; sequence < engine.info.sequenceSlots; sequence++)
		engine.removeSequence(sequence, 0, -1);
}

export function indexOfHighest(logits: Float32Array): number {
	let best = 0;
	for (let token = 1; token < logits.length; token++) {
		if ((logits[token] ?? 0) > (logits[best] ?? 0)) best = token;
	}
	return best;
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
	if (a.length !== b.length) return Number.POSITIVE_INFINITY;
	let largest = 0;
	for (let token = 0; token < a.length; token++)
		largest = Math.max(largest, Math.abs((a[token] ?? 0) - (b[token] ?? 0)));
	return largest;
}
