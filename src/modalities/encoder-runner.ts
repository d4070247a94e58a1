import type { ServiceState } from "../core/language-service.ts";
import type { EncoderInfo, EncoderSequence } from "../engine/encoder-engine.ts";

export interface ComputedBatch {
	/** One behind the other, all of the same width. */
	rows: Float32Array;
	/** Without the time in which it waited for others. */
	computeMs: number;
}

/** What computes batches, wherever it runs. It may be given more than it computes at a time. */
export interface EncoderRunner {
	/** Null until the model was loaded once. */
	readonly info: EncoderInfo | null;
	/** Batches that it computes at a time. */
	readonly lanes: number;
	state(): ServiceState;
	onState(listener: (state: ServiceState) => void): void;
	/** Rows of `info.width`. Rejects with `engine_crashed` when the engine went down with it. */
	run(sequences: readonly EncoderSequence[]): Promise<ComputedBatch>;
	stop(): Promise<void>;
}
