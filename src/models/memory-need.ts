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

/**
 * What ggml's CPU code takes beside the buffers that are reserved, to turn one side of a product into the other side's format: of
 * attention without flash attention all scores as 16-bit floats, of the widest layer its activations in 8 bits.
 */
export function workBytes(
	model: ModelDescription,
	shape: Omit<ComputeShape, "logitRows">,
): number {
	const { microBatchTokens, cellsAttended, flashAttention } = shape;
	const scores = flashAttention ? 0 : 2 * cellsAttended * model.heads;
	const activations = (34 / 32) * model.feedForwardLength;
	return Math.ceil(microBatchTokens * Math.max(scores, activations));
}

/** What the caller reads after a step. */
export function logitBytes(model: ModelDescription, logitRows: number): number {
	return 4 * model.vocabularySize * logitRows;
}

/**
 * The two Node processes with their libraries and no model, and what each token of the vocabulary costs: its text and its
 * merges are in both, and in the HTTP process twice more, for detokenizing. Measured (proportional set sizes): 84 and 49 MiB
 * with 1,024 tokens; 49,152 tokens add about 290 bytes each in the HTTP process and 230 in the engine's.
 */
const bareProcessBytes = 135 * 1024 ** 2;
const vocabularyTokenBytes = 550;

/** What both processes take beside the model itself. */
export function processBytes(model: ModelDescription): number {
	return bareProcessBytes + vocabularyTokenBytes * model.vocabularySize;
}

/** States of the layers that keep one instead of keys and values. */
export function recurrentBytes(
	model: ModelDescription,
	sequences: number,
): number {
	return (model.recurrentStateBytes ?? 0) * sequences;
}

/** Adapters that are in memory at the same time. */
export interface AdapterDemand {
	count: number;
	/** Of the largest. */
	rank: number;
}

/** Both factors of every matrix of a layer, as 32-bit floats: an upper bound for adapters that leave some matrices out. */
export function adapterBytes(
	model: ModelDescription,
	{ count, rank }: AdapterDemand,
): number {
	const { embeddingLength, feedForwardLength, heads, keyLength, valueLength } =
		model;
	let width = 0;
	for (let layer = 0; layer < model.layers; layer++) {
		const kvHeads = model.kvHeads[layer] ?? model.kvHeads.at(-1) ?? heads;
		const query = embeddingLength + heads * keyLength;
		const key = embeddingLength + kvHeads * keyLength;
		const value = embeddingLength + kvHeads * valueLength;
		const output = heads * valueLength + embeddingLength;
		const feedForward = 3 * (embeddingLength + feedForwardLength);
		width += query + key + value + output + feedForward;
	}
	return 4 * rank * width * count;
}
