/** What the quantizer's process and the one that started it say to each other. */

export interface QuantizeOrder {
	/** Where the shared libraries lie. */
	folder: string;
	input: string;
	/** Written as it grows: the other side gives it its name when it is whole. */
	partial: string;
	/** `enum llama_ftype` */
	fileType: number;
	threads: number;
	allowRequantize: boolean;
}

/** A tensor whose rows are no multiple of the precision's block. */
export interface FallbackTensor {
	name: string;
	wanted: string;
	got: string;
}

/** What quantizing will do, known before anything is written. */
export interface QuantizePlan {
	tensors: number;
	/** Of them, those whose type changes. */
	convertedTensors: number;
	/** Of those, the ones that are quantised already: they lose twice. */
	requantizedTensors: number;
	/** Bytes of the weights before and after. */
	sourceBytes: number;
	resultBytes: number;
	fallbacks: readonly FallbackTensor[];
}

export type QuantizerMessage =
	| { type: "plan"; plan: QuantizePlan }
	| { type: "progress"; tensorsDone: number; tensors: number }
	| { type: "done" }
	| { type: "failed"; message: string };

export type QuantizerHostMessage =
	| { type: "order"; order: QuantizeOrder }
	/** The plan is agreed to. */
	| { type: "go" };
