import type { ErrorCode } from "../../core/errors.ts";
import type {
	EncoderInfo,
	EncoderOptions,
} from "../../engine/encoder-engine.ts";
import type { PackageSearch } from "../../engine/llama/packages.ts";
import type { PackedBatch } from "./packed-batch.ts";

/** What the process with the port and the process with the weights say to each other. */

export type EncoderLoadOptions =
	| { engine: "onnx"; options: EncoderOptions }
	| { engine: "llama"; options: EncoderOptions; search: PackageSearch };

export type EncoderHostMessage =
	| { type: "load"; load: EncoderLoadOptions; lanes: number }
	| {
			type: "run";
			number: number;
			batch: PackedBatch;
			/** A process died while it computed this one, or one beside it. */
			isSuspect: boolean;
	  }
	| { type: "shutdown" };

export type EncoderMessage =
	| {
			type: "ready";
			info: EncoderInfo;
			/** Batches that it computes at a time. */
			lanes: number;
			residentBytes: number;
	  }
	| { type: "load-failed"; code: ErrorCode; message: string }
	/** Resident bytes of the process come along: who asks needs them no fresher. */
	| {
			type: "rows";
			number: number;
			rows: Float32Array;
			computeMs: number;
			residentBytes: number;
	  }
	| { type: "run-failed"; number: number; code: ErrorCode; message: string };
