import type { EncoderEngine } from "../../engine/encoder-engine.ts";
import type { EncoderLoadOptions } from "./encoder-protocol.ts";

/** Only the engine that is asked for becomes part of the process. */
export async function loadEncoder(
	load: EncoderLoadOptions,
): Promise<EncoderEngine> {
	switch (load.engine) {
		case "onnx": {
			const { loadOnnxEncoder } = await import(
				"../../engine/onnx/onnx-encoder.ts"
			);
			return loadOnnxEncoder(load.options);
		}
		case "llama": {
			const { loadLlamaEncoder } = await import(
				"../../engine/llama/llama-encoder.ts"
			);
			return loadLlamaEncoder(load.options, load.search);
		}
	}
}
