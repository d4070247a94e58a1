import { type BlockType, blockTypes } from "./blocks.ts";
import type { ModelShape, Precision } from "./shapes.ts";

export interface Tensor {
	name: string;
	/** Row length first, as GGUF has it. */
	dimensions: readonly number[];
	type: BlockType;
	/** Mean of the weights: 1 for norms. */
	mean: number;
	deviation: number;
	isTokenEmbedding: boolean;
}

type Role = "embedding" | "value" | "down" | "other";

/** Which layers get more bits in a Q4_K_M file: the first and last eighth, and every third between (llama.cpp's `use_more_bits`). */
export function usesMoreBits(layer: number, layers: number): boolean {
	const eighth = Math.floor(layers / 8);
	return (
		layer < eighth ||
		layer >= Math.floor((7 * layers) / 8) ||
		(layer - eighth) % 3 === 2
	);
}

/** The type that llama.cpp's quantiser gives a matrix, with its fallbacks for rows that K-quants can't take. */
export function matrixType(
	precision: Precision,
	role: Role,
	rowLength: number,
	layer: number,
	layers: number,
): BlockType {
	const { f16, q8_0, q5_0, q4_k, q6_k } = blockTypes;
	if (precision === "f16") return f16;
	const isWideEnough = rowLength % 256 === 0;
	const takesBlocksOf32 = rowLength % 32 === 0;
	if (!takesBlocksOf32) return f16;
	if (precision === "q8_0") return q8_0;
	if (role === "embedding") return isWideEnough ? q6_k : q8_0;
	const needsMoreBits =
		(role === "value" || role === "down") && usesMoreBits(layer, layers);
	if (needsMoreBits) return isWideEnough ? q6_k : q8_0;
	return isWideEnough ? q4_k : q5_0;
}

/** All tensors of a model, in file order. Matrices have deviation 1/sqrt(row length): outputs keep the size of inputs. */
export function listTensors(shape: ModelShape, precision: Precision): Tensor[] {
	const { width, layers, feedForward, vocabulary } = shape;
	const keyValueWidth = (width / shape.heads) * shape.keyValueHeads;
	const matrix = (
		name: string,
		rowLength: number,
		rows: number,
		role: Role = "other",
		layer = 0,
	): Tensor => ({
		name: `${name}.weight`,
		dimensions: [rowLength, rows],
		type: matrixType(precision, role, rowLength, layer, layers),
		mean: 0,
		// Small embeddings let the layers, not the last token, decide the next one; logits then spread about 1 around 0.
		deviation: 1 / Math.sqrt(rowLength),
		isTokenEmbedding: role === "embedding",
	});
	const vector = (name: string, length: number, mean: number): Tensor => ({
		name,
		dimensions: [length],
		type: blockTypes.f32,
		mean,
		deviation: 0.1,
		isTokenEmbedding: false,
	});

	const tensors: Tensor[] = [
		matrix("token_embd", width, vocabulary, "embedding"),
	];
	for (let layer = 0; layer < layers; layer++) {
		const at = `blk.${layer}`;
		tensors.push(
			vector(`${at}.attn_norm.weight`, width, 1),
			matrix(`${at}.attn_q`, width, width),
			matrix(`${at}.attn_k`, width, keyValueWidth),
			matrix(`${at}.attn_v`, width, keyValueWidth, "value", layer),
			matrix(`${at}.attn_output`, width, width),
			vector(`${at}.ffn_norm.weight`, width, 1),
			matrix(`${at}.ffn_gate`, width, feedForward),
			matrix(`${at}.ffn_up`, width, feedForward),
			matrix(`${at}.ffn_down`, feedForward, width, "down", layer),
		);
		if (shape.architecture === "qwen2") {
			tensors.push(
				vector(`${at}.attn_q.bias`, width, 0),
				vector(`${at}.attn_k.bias`, keyValueWidth, 0),
				vector(`${at}.attn_v.bias`, keyValueWidth, 0),
			);
		}
	}
	tensors.push(vector("output_norm.weight", width, 1));
	if (!shape.tiedEmbeddings)
		tensors.push(matrix("output", width, vocabulary, "embedding"));
	return tensors;
}

export function tensorBytes(tensor: Tensor): number {
	const elements = tensor.dimensions.reduce(
		(product, dimension) => product * dimension,
		1,
	);
	return (elements / tensor.type.elements) * tensor.type.bytes;
}
