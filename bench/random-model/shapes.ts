/** Model shapes by name: what decides speed and memory, without anybody's weights. */

export const precisions = ["f16", "q8_0", "q4_k_m"] as const;
export type Precision = (typeof precisions)[number];

export interface ModelShape {
	name: string;
	/** llama.cpp's architecture name. `qwen2` has biases on query, key and value. */
	architecture: "llama" | "qwen2";
	layers: number;
	width: number;
	heads: number;
	keyValueHeads: number;
	feedForward: number;
	vocabulary: number;
	contextLength: number;
	ropeBase: number;
	/** llama.cpp's name of the pre-tokenizer. */
	preTokenizer: "smollm" | "qwen2";
	/** Without tied embeddings the output matrix is a tensor of its own. */
	tiedEmbeddings: boolean;
	precision: Precision;
}

export const shapes = {
	"135m": {
		name: "135m",
		architecture: "llama",
		layers: 30,
		width: 576,
		heads: 9,
		keyValueHeads: 3,
		feedForward: 1536,
		vocabulary: 49_152,
		contextLength: 8192,
		ropeBase: 100_000,
		preTokenizer: "smollm",
		tiedEmbeddings: true,
		precision: "q8_0",
	},
	"0.5b": {
		name: "0.5b",
		architecture: "qwen2",
		layers: 24,
		width: 896,
		heads: 14,
		keyValueHeads: 2,
		feedForward: 4864,
		vocabulary: 151_936,
		contextLength: 32_768,
		ropeBase: 1_000_000,
		preTokenizer: "qwen2",
		tiedEmbeddings: true,
		precision: "q4_k_m",
	},
	tiny: {
		name: "tiny",
		architecture: "llama",
		layers: 2,
		width: 64,
		heads: 4,
		keyValueHeads: 2,
		feedForward: 192,
		vocabulary: 1024,
		contextLength: 2048,
		ropeBase: 10_000,
		preTokenizer: "smollm",
		tiedEmbeddings: true,
		precision: "q8_0",
	},
} as const satisfies Record<string, ModelShape>;

export type ShapeName = keyof typeof shapes;

export function isShapeName(name: string): name is ShapeName {
	return Object.hasOwn(shapes, name);
}
