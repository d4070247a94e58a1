import type { ErrorCode } from "../../core/errors.ts";
import type {
	EncoderInfo,
	EncoderOptions,
} from "../../engine/encoder-engine.ts";

/** What the process with the port and the process with the weights say to each other. */

export interface EncoderLoadOptions {
	engine: "onnx";
	options: EncoderOptions;
}

export type EncoderHostMessage =
	| { type: "load"; load: EncoderLoadOptions }
	| {
			type: "run";
			number: number;
			/** All sequences' tokens, one behind the other. */
			tokens: Int32Array;
			/** Of each sequence: its length, and where its second text begins. */
			shapes: Int32Array;
	  }
	| { type: "shutdown" };

export type EncoderMessage =
	| { type: "ready"; info: EncoderInfo }
	| { type: "load-failed"; code: ErrorCode; message: string }
	| { type: "rows"; number: number; rows: Float32Array }
	| { type: "run-failed"; number: number; code: ErrorCode; message: string };
