import { GalleyError } from "../core/errors.ts";
import type { GoodputLimits } from "./goodput.ts";
import type { CompletionEndpoint } from "./stream-chunk.ts";

export interface BenchmarkOptions {
	/** Base URL of an OpenAI-compatible server, with or without `/v1`: `http://127.0.0.1:8000`. */
	url: string;
	/** Default: the first one of `GET /v1/models`. */
	model?: string | undefined;
	/** Default `chat`. */
	endpoint?: CompletionEndpoint | undefined;
	/** Sent as a bearer token. */
	apiKey?: string | undefined;
	headers?: Readonly<Record<string, string>> | undefined;

	/** Closed loop: so many requests are kept in flight; one stage for each number. Default [1]. Excludes `requestRate`. */
	concurrency?: readonly number[] | undefined;
	/** Open loop: requests a second, whatever the server does; one stage for each number. */
	requestRate?: readonly number[] | undefined;
	/** Open loop: 1 is a Poisson process, less comes in bursts, more comes evenly. Default 1. */
	burstiness?: number | undefined;
	/**
	 * Requests in a stage. Default without `durationSeconds`: closed loop 4 for each slot and at least 8, open loop what arrives in
	 * 30 seconds and at least 10.
	 */
	requests?: number | undefined;
	/** Stop sending after so many seconds; requests in flight are finished and counted. */
	durationSeconds?: number | undefined;
	/** Sent before the first stage, at its concurrency, and not counted. Default 2. */
	warmupRequests?: number | undefined;
	/** A request that takes longer has failed. Default 600. */
	timeoutSeconds?: number | undefined;

	/** Tokens of a prompt that are its own (chat template included). Default 128. */
	inputTokens?: number | undefined;
	/** Tokens before them that prompts share. Default 0. */
	prefixTokens?: number | undefined;
	/** How many different shared prefixes there are; prompts take them in turn. Default 1. */
	prefixes?: number | undefined;
	/** Output and own input lengths are drawn evenly from length x (1 - spread) to length x (1 + spread). 0 to 1, default 0. */
	lengthSpread?: number | undefined;
	/** Prompts from a file instead: JSON lines with `prompt` or `messages` (and `max_tokens` if wanted), or one plain prompt a line. */
	promptsFile?: string | undefined;

	/** `max_tokens`. Default 128. */
	outputTokens?: number | undefined;
	/** Ask the server to go on to `outputTokens` past the end of an answer. Default: true for random prompts, false for a file. */
	ignoreEos?: boolean | undefined;
	/** Default 0; null leaves it to the server. */
	temperature?: number | null | undefined;
	/** More fields for each request's body. */
	extraBody?: Readonly<Record<string, unknown>> | undefined;

	/** Count the requests that kept these limits (milliseconds). See `parseGoodput`. */
	goodput?: GoodputLimits | undefined;
	/** Of prompts, lengths and arrivals. Default: a new one each time (it is in the report), so that no prompt is in a server's cache. */
	seed?: number | undefined;
	/** Write the report here as JSON. */
	jsonFile?: string | undefined;
	/** Write one line of JSON for each request here. */
	requestLogFile?: string | undefined;
	/** Ends the run early: what was measured is reported. */
	signal?: AbortSignal | undefined;
}

/** Options with every default in its place. */
export interface BenchmarkPlan {
	url: string;
	model: string | null;
	endpoint: CompletionEndpoint;
	headers: Readonly<Record<string, string>>;
	loads: readonly (
		| { mode: "closed"; concurrency: number }
		| { mode: "open"; requestRate: number; burstiness: number }
	)[];
	requests: number | null;
	durationMs: number | null;
	warmupRequests: number;
	timeoutMs: number;
	inputTokens: number;
	prefixTokens: number;
	prefixes: number;
	lengthSpread: number;
	promptsFile: string | null;
	outputTokens: number;
	ignoreEos: boolean;
	temperature: number | null;
	extraBody: Readonly<Record<string, unknown>>;
	goodput: GoodputLimits | null;
	seed: number;
	jsonFile: string | null;
	requestLogFile: string | null;
	signal: AbortSignal;
}

/** Fills in defaults; throws GalleyError `invalid_request` for values that make no sense. `freshSeed` is used without a seed. */
export function planBenchmark(
	options: BenchmarkOptions,
	freshSeed: number,
): BenchmarkPlan {
	const { concurrency, requestRate, burstiness = 1 } = options;
	if (concurrency !== undefined && requestRate !== undefined) {
		refuse(
			"requestRate",
			"Give either concurrency (closed loop) or requestRate (open loop), not both.",
		);
	}
	const rates =
		requestRate?.map((rate) => number("requestRate", rate, 0, false)) ?? [];
	const levels = requestRate === undefined ? (concurrency ?? [1]) : [];
	const loads = [
		...levels.map((level) => ({
			mode: "closed" as const,
			concurrency: whole("concurrency", level, 1),
		})),
		...rates.map((rate) => ({
			mode: "open" as const,
			requestRate: rate,
			burstiness: number("burstiness", burstiness, 0, false),
		})),
	];
	if (loads.length === 0)
		refuse(
			requestRate === undefined ? "concurrency" : "requestRate",
			"Give at least one number.",
		);

	const lengthSpread = number("lengthSpread", options.lengthSpread ?? 0, 0);
	if (lengthSpread > 1)
		refuse("lengthSpread", "lengthSpread must be from 0 to 1.");
	const headers = { ...options.headers };
	if (options.apiKey !== undefined)
		headers.authorization = `Bearer ${options.apiKey}`;

	return {
		url: options.url,
		model: options.model ?? null,
		endpoint: options.endpoint ?? "chat",
		headers,
		loads,
		requests:
			options.requests === undefined
				? null
				: whole("requests", options.requests, 1),
		durationMs:
			options.durationSeconds === undefined
				? null
				: number("durationSeconds", options.durationSeconds, 0, false) * 1000,
		warmupRequests: whole("warmupRequests", options.warmupRequests ?? 2, 0),
		timeoutMs:
			number("timeoutSeconds", options.timeoutSeconds ?? 600, 0, false) * 1000,
		inputTokens: whole("inputTokens", options.inputTokens ?? 128, 1),
		prefixTokens: whole("prefixTokens", options.prefixTokens ?? 0, 0),
		prefixes: whole("prefixes", options.prefixes ?? 1, 1),
		lengthSpread,
		promptsFile: options.promptsFile ?? null,
		outputTokens: whole("outputTokens", options.outputTokens ?? 128, 1),
		ignoreEos: options.ignoreEos ?? options.promptsFile === undefined,
		temperature: options.temperature === undefined ? 0 : options.temperature,
		extraBody: options.extraBody ?? {},
		goodput: options.goodput ?? null,
		seed:
			options.seed === undefined ? freshSeed : whole("seed", options.seed, 0),
		jsonFile: options.jsonFile ?? null,
		requestLogFile: options.requestLogFile ?? null,
		// Ours, so that what we set on it does not reach the caller's.
		signal: AbortSignal.any(
			options.signal === undefined ? [] : [options.signal],
		),
	};
}

/** How many requests a stage sends; null when only the duration ends it. */
export function stageRequests(
	plan: BenchmarkPlan,
	load: BenchmarkPlan["loads"][number],
): number | null {
	if (plan.requests !== null) return plan.requests;
	if (plan.durationMs !== null) return null;
	return load.mode === "closed"
		? Math.max(8, 4 * load.concurrency)
		: Math.max(10, Math.ceil(30 * load.requestRate));
}

function whole(param: string, value: number, least: number): number {
	if (!Number.isSafeInteger(value) || value < least)
		refuse(
			param,
			`${param} must be a whole number of at least ${least}, not ${value}.`,
		);
	return value;
}

function number(
	param: string,
	value: number,
	least: number,
	mayEqual = true,
): number {
	if (
		!Number.isFinite(value) ||
		value < least ||
		(!mayEqual && value === least)
	) {
		refuse(
			param,
			`${param} must be a number ${mayEqual ? "of at least" : "above"} ${least}, not ${value}.`,
		);
	}
	return value;
}

function refuse(param: string, message: string): never {
	throw new GalleyError("invalid_request", message, { param });
}
