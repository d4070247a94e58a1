import type { ErrorCode } from "../../core/errors.ts";
import type {
	EncoderInfo,
	EncoderOptions,
} from "../../engine/encoder-engine.ts";
import type { PackageSearch } from "../../engine/llama/packages.ts";

/** What the process with the port and the process with the weights say to each other. */

export type EncoderLoadOptions =
	| { engine: "onnx"; options: EncoderOptions }
	| { engine: "llama"; options: EncoderOptions; search: PackageSearch };

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
	| { type: "ready"; info: EncoderInfo; residentBytes: number }
	| { type: "load-failed"; code: ErrorCode; message: string }
	/** Resident bytes of the process come along: who asks needs them no fresher. */
	| {
			type: "rows";
			number: number;
			rows: Float32Array;
			residentBytes: number;
	  }
	| { type: "run-failed"; number: number; code: ErrorCode; message: string };
