/** The contract of engines that read a text at once: embedding models and cross-encoders. */

export type EncoderTask = "embedding" | "ranking";

/** How one vector is made of the vectors of all tokens, where the graph doesn't do it itself. */
export type Pooling = "cls" | "mean" | "max" | "last";

export interface EncoderOptions {
	/** An ONNX graph, or a GGUF file. */
	modelPath: string;
	task: EncoderTask;
	pooling: Pooling;
	/** Vectors of unit length. */
	isNormalized: boolean;
	/** What fills short rows; it is masked. */
	padToken: number;
	/** Tokens of one run at most, fill included. */
	maxBatchTokens: number;
	maxInputTokens: number;
	threads: number;
	/** Execution providers in order of preference, e.g. `cuda`, `cpu`. */
	providers: readonly string[];
}

export interface EncoderInfo {
	engine: "onnx" | "llama" | "fake";
	version: string;
	devices: readonly string[];
	/** Numbers of one result: the vector's dimensions, or 1. */
	width: number;
}

/** One text, or a pair of them, as the model reads it. */
export interface EncoderSequence {
	tokens: Int32Array;
	/** The index at which the second text of a pair begins; the number of tokens where there is one text. */
	secondStart: number;
}

/** One loaded model. Runs follow each other: who calls `run` waits for its end before the next call. */
export interface EncoderEngine extends AsyncDisposable {
	readonly info: EncoderInfo;
	/**
	 * One row of `info.width` numbers for each sequence, in their order. Rows are independent of each other but for
	 * rounding, and in int8 for the range that all rows share.
	 */
	run(sequences: readonly EncoderSequence[]): Promise<Float32Array>;
}
