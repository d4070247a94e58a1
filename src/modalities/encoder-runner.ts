import type { ServiceState } from "../core/language-service.ts";
import type { EncoderInfo, EncoderSequence } from "../engine/encoder-engine.ts";

/** What computes batches, wherever it runs. It may be given a batch while it computes another one. */
export interface EncoderRunner {
	/** Null until the model was loaded once. */
	readonly info: EncoderInfo | null;
	state(): ServiceState;
	onState(listener: (state: ServiceState) => void): void;
	/** Rows of `info.width`. Rejects with `engine_crashed` when the engine went down with it. */
	run(sequences: readonly EncoderSequence[]): Promise<Float32Array>;
	stop(): Promise<void>;
}
