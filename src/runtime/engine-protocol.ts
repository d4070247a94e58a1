import type { ErrorCode } from "../core/errors.ts";
import type { SamplingParams } from "../core/generation-request.ts";
import type { EngineInfo, EngineOptions } from "../engine/engine.ts";
import type { PackageSearch } from "../engine/llama/packages.ts";

/**
 * What the HTTP process and the engine process say to each other, as structured-clone messages over the child process's
 * channel. A request is known by a number that the HTTP process gives; one request has one or more choices.
 */

export type EngineName = "llama" | "fake";

export interface LoadOptions {
	engine: EngineName;
	/** Where engine packages lie besides Galley's own node_modules, and which is wanted. */
	search: PackageSearch;
	options: Omit<EngineOptions, "onLoadProgress">;
	/** Rows of logits that one step may ask for. */
	maxLogitRows: number;
}

export interface SubmittedRequest {
	number: number;
	promptTokens: Int32Array;
	choices: number;
	/** `seed` is always set here; choice i uses seed + i. */
	sampling: SamplingParams & { seed: number };
	maxTokens: number | null;
	minTokens: number;
	stopTokenIds: readonly number[];
	ignoreEos: boolean;
	logprobs: number | null;
	promptLogprobs: number | null;
	priority: number;
}

export type HostMessage =
	| { type: "load"; load: LoadOptions }
	| { type: "submit"; request: SubmittedRequest }
	/** `choice` null cancels the whole request. Nothing more is said of what was cancelled. */
	| { type: "cancel"; number: number; choice: number | null }
	| { type: "shutdown" };

/** Logarithms of probabilities of one token and of the likeliest ones, highest first. */
export interface LogprobReport {
	token: number;
	logprob: number;
	topTokens: Int32Array;
	topLogprobs: Float32Array;
}

export interface StartReport {
	number: number;
	choice: number;
	cachedTokens: number;
	/** From arrival in the engine process to the first step. */
	queueSeconds: number;
}

export interface EndReport {
	number: number;
	choice: number;
	reason: "stop" | "length";
	stopToken: number | null;
}

export interface StepStatistics {
	seconds: number;
	prefillTokens: number;
	decodeTokens: number;
	/** Sequences sent back to the queue since the last report. */
	preemptions: number;
}

/** Everything one step brought, for all sequences in one message. */
export interface StepReport {
	type: "step";
	started: readonly StartReport[];
	/** Triples: request number, choice, token. */
	tokens: Int32Array;
	/** One an entry of `tokens` where the request asked for it, else null; null altogether when nobody asked. */
	logprobs: readonly (LogprobReport | null)[] | null;
	promptLogprobs: readonly {
		number: number;
		choice: number;
		entries: readonly (LogprobReport | null)[];
	}[];
	ended: readonly EndReport[];
	statistics: StepStatistics;
	load: LoadReport;
}

export interface LoadReport {
	running: number;
	waiting: number;
	/** 0 to 1. */
	kvCacheUsage: number;
	residentBytes: number;
}

export type EngineMessage =
	| { type: "loading"; progress: number }
	| { type: "ready"; info: EngineInfo }
	| { type: "load-failed"; code: ErrorCode; message: string }
	| StepReport
	/** Nothing is left to compute. */
	| { type: "idle"; load: LoadReport }
	/** These requests ended with an error; others go on. */
	| {
			type: "failed";
			numbers: readonly number[];
			code: ErrorCode;
			message: string;
	  }
	| {
			type: "log";
			level: "debug" | "info" | "warn" | "error";
			message: string;
	  };
