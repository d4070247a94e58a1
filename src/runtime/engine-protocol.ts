import type {
	AdapterFile,
	RequestedAdapter,
} from "../adapters/adapter-file.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { SamplingParams } from "../core/generation-request.ts";
import type { EngineInfo, EngineOptions, KvLayout } from "../engine/engine.ts";
import type { PackageSearch } from "../engine/llama/packages.ts";
import type { Grammar } from "../grammar/grammar.ts";
import type { SchedulingOptions } from "./scheduling-options.ts";

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
	scheduling: SchedulingOptions;
}

/** A compiled constraint. */
export interface SubmittedGrammar {
	/** The same for equal grammars: what is learned of one serves all requests with it. */
	key: string;
	grammar: Grammar;
	/** Texts that switch it on; null is on from the first token. */
	triggers: readonly string[] | null;
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
	/** Whose request it is: tenants get equal shares of the engine. Empty is everybody without a name. */
	tenant: string;
	/** Prefixes are shared only between requests with the same salt. */
	cacheSalt: string;
	/** Nothing is the base model alone. */
	adapters: readonly RequestedAdapter[];
	/** What the output must look like; null, or left out, leaves it free. */
	grammar?: SubmittedGrammar | null;
}

export type HostMessage =
	| { type: "load"; load: LoadOptions }
	| { type: "submit"; request: SubmittedRequest }
	/** `choice` null cancels the whole request. Nothing more is said of what was cancelled. */
	| { type: "cancel"; number: number; choice: number | null }
	/** Answered by one `snapshot`. */
	| { type: "inspect"; inquiry: number }
	/** Whether the model can be used with an adapter; answered by one `adapter-checked`. */
	| { type: "check-adapter"; check: number; file: AdapterFile }
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
	/** Sequences that decoded; a speculating one counts once here, whatever it drafted. */
	decodeTokens: number;
	/** Tokens guessed by prompt lookup and computed beside the decoding ones, and how many of them were right. */
	draftedTokens: number;
	acceptedTokens: number;
	/** Since the last report: sequences sent back to the queue, cached tokens given up, states saved and restored. */
	preemptions: number;
	evictedTokens: number;
	savedTokens: number;
	restoredTokens: number;
	/** Thread time spent on what constrained outputs may go on with; tokens chosen under a constraint. */
	constraintSeconds: number;
	constrainedTokens: number;
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

/** Why sequences wait: nothing is free for them, or another one is computing the prefix they need. */
export type WaitReason = "slot" | "memory" | "prefix";

export interface LoadReport {
	running: number;
	waiting: number;
	waitingFor: Readonly<Record<WaitReason, number>>;
	/** 0 to 1: cells that running sequences hold. */
	kvCacheUsage: number;
	/** Tokens of ended sequences that are kept for the next ones, in the engine and saved outside it. */
	retainedTokens: number;
	savedTokens: number;
	kvLayout: KvLayout;
	/** What a step may take while those decode that do. */
	targetItlMs: number;
	residentBytes: number;
}

/** One sequence as it is between two steps: numbers only, never its text. */
export interface SequenceSnapshot {
	number: number;
	choice: number;
	state: "waiting" | "prefill" | "decode";
	waitsFor: WaitReason | null;
	priority: number;
	promptTokens: number;
	/** Of the prompt, found in the prefix cache. */
	cachedTokens: number;
	/** Of prompt and answer, in the KV cache. */
	computedTokens: number;
	generatedTokens: number;
	preemptions: number;
	/** Since it was submitted. */
	ageSeconds: number;
}

export interface EngineSnapshot {
	type: "snapshot";
	inquiry: number;
	sequences: readonly SequenceSnapshot[];
	load: LoadReport;
	kvCells: number;
	maxSequences: number;
}

export type EngineMessage =
	| { type: "loading"; progress: number }
	| { type: "ready"; info: EngineInfo }
	| { type: "load-failed"; code: ErrorCode; message: string }
	| StepReport
	| EngineSnapshot
	/** `problem` is null when the adapter can be used. */
	| {
			type: "adapter-checked";
			check: number;
			problem: { code: ErrorCode; message: string } | null;
	  }
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
