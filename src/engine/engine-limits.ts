import { GalleyError } from "../core/errors.ts";
import type {
	EngineInfo,
	EngineOptions,
	KvLayout,
	TokenBatch,
} from "./engine.ts";

/** Limits that every engine keeps. Native code would end the process on most of what is refused here. */

/** `LLAMA_MAX_SEQ` of llama.cpp; the fake engine has the same limit. */
const mostSequences = 256;

/** With streams each slot is a buffer. Slots of a unified cache cost next to nothing: a few more keep what has ended. */
export function countSequenceSlots({
	kvLayout,
	maxSequences,
}: {
	kvLayout: KvLayout;
	maxSequences: number;
}): number {
	if (kvLayout === "streams") return maxSequences;
	return Math.min(mostSequences, Math.max(32, 2 * maxSequences));
}

/** `auto` begins with the layout that is never much worse. */
export function resolveLayout({ kvLayout }: EngineOptions): KvLayout {
	return kvLayout === "auto" ? "streams" : kvLayout;
}

export function assertUsableOptions(options: EngineOptions): void {
	const {
		contextLength,
		maxSequences,
		kvCells,
		kvLayout,
		maxBatchTokens,
		microBatchTokens,
	} = options;
	const counts = {
		contextLength,
		maxSequences,
		kvCells,
		maxBatchTokens,
		microBatchTokens,
	};
	for (const [name, value] of Object.entries(counts)) {
		if (!Number.isInteger(value) || value < 1)
			throw unusable(
				`${name} must be a whole number of at least 1, not ${value}`,
			);
	}
	if (maxSequences > mostSequences)
		throw unusable(
			`maxSequences can be ${mostSequences} at most, not ${maxSequences}`,
		);
	if (maxBatchTokens < maxSequences) {
		throw unusable(
			`maxBatchTokens (${maxBatchTokens}) must hold one token of each of the ${maxSequences} sequences`,
		);
	}
	if (kvLayout !== "unified" && kvCells !== contextLength * maxSequences) {
		throw unusable(
			`the layout "${kvLayout}" needs kvCells = contextLength * maxSequences = ${contextLength * maxSequences}`,
		);
	}
}

/** The first entries of a batch name tokens and sequences that exist. Positions are the memory's to check. */
export function assertEntries(
	batch: TokenBatch,
	tokenCount: number,
	info: EngineInfo,
): void {
	const { maxBatchTokens, vocabularySize, sequenceSlots } = info;
	if (
		!Number.isInteger(tokenCount) ||
		tokenCount < 1 ||
		tokenCount > maxBatchTokens
	) {
		throw new GalleyError(
			"engine_error",
			`A run takes 1 to ${maxBatchTokens} tokens, not ${tokenCount}.`,
		);
	}
	for (let index = 0; index < tokenCount; index++) {
		const token = batch.tokens[index] ?? -1;
		const sequence = batch.sequences[index] ?? -1;
		if (token < 0 || token >= vocabularySize)
			throw badEntry(index, `token ${token} is not in the vocabulary`);
		if (sequence < 0 || sequence >= sequenceSlots)
			throw badEntry(index, `there is no sequence ${sequence}`);
	}
}

export function assertSequence(
	sequence: number,
	{ sequenceSlots }: EngineInfo,
): void {
	if (Number.isInteger(sequence) && sequence >= 0 && sequence < sequenceSlots)
		return;
	throw new GalleyError(
		"engine_error",
		`There is no sequence ${sequence}: they go from 0 to ${sequenceSlots - 1}.`,
	);
}

export function assertToken(
	token: number,
	vocabularySize: number,
	param?: string,
): void {
	if (Number.isInteger(token) && token >= 0 && token < vocabularySize) return;
	throw new GalleyError(
		"invalid_request",
		`Token ${token} is not in the vocabulary: ids go from 0 to ${vocabularySize - 1}.`,
		{ param },
	);
}

function unusable(reason: string): GalleyError {
	return new GalleyError(
		"engine_error",
		`The engine can't be started: ${reason}.`,
	);
}

function badEntry(index: number, reason: string): GalleyError {
	return new GalleyError(
		"engine_error",
		`Entry ${index} of the batch can't be computed: ${reason}.`,
	);
}
