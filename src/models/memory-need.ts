import type { KvType } from "../engine/engine.ts";
import type { ModelDescription } from "./model-description.ts";

const bytesPerElement: Readonly<Record<KvType, number>> = {
	f32: 4,
	f16: 2,
	q8_0: 34 / 32,
	q4_0: 18 / 32,
};

/** Bytes of keys and values of one token in all layers. An upper bound where layers forget or share. */
export function kvBytesPerToken(
	model: ModelDescription,
	typeK: KvType,
	typeV: KvType,
): number {
	const perHead =
		model.keyLength * bytesPerElement[typeK] +
		model.valueLength * bytesPerElement[typeV];
	return model.kvHeads.reduce((sum, heads) => sum + heads * perHead, 0);
}

export interface ComputeShape {
	microBatchTokens: number;
	/** Cells that one token can attend to: the whole pool when unified, the sequence's part else. */
	cellsAttended: number;
	flashAttention: boolean;
	/** Tokens of one step whose logits may be wanted. */
	logitRows: number;
}

/**
 * The buffers of one micro-batch, as llama.cpp v0.5.0 reserves them on a CPU. It reuses memory, so what counts is the
 * larger of the widest layer and the output layer. Compared with what the library reported for two shapes (30 layers of
 * 576 and 24 of 896; 49,152 and 151,936 words; 4,096 to 65,536 cells; 1, 8 and 512 rows of logits): off by less than 1 %.
 */
export function computeBytes(
	model: ModelDescription,
	shape: ComputeShape,
): number {
	const { microBatchTokens, cellsAttended, flashAttention, logitRows } = shape;
	const { embeddingLength, feedForwardLength, vocabularySize, heads } = model;
	const attention = flashAttention
		? 2 * cellsAttended
		: 4 * cellsAttended * (heads + 1);
	const layer =
		microBatchTokens *
		(4 * (4 * embeddingLength + 3 * feedForwardLength) + attention);
	const output =
		4 *
		(vocabularySize * Math.min(logitRows, microBatchTokens) +
			2 * embeddingLength * microBatchTokens);
	return Math.max(layer, output);
}

/** What the caller reads after a step. */
export function logitBytes(model: ModelDescription, logitRows: number): number {
	return 4 * model.vocabularySize * logitRows;
}

/** The two Node processes, the vocabulary in each, and the library itself. */
export const processBytes = 200 * 1024 * 1024;
