import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { GalleyError } from "../core/errors.ts";
import { defaultSampling } from "../core/generation-request.ts";
import type { LoadOptions, StepReport } from "../runtime/engine-protocol.ts";
import { EngineSession } from "./engine-session.ts";
import { type LoadFigures, percentile, type SpeedRun } from "./figures.ts";
import { ForeignLoad } from "./foreign-load.ts";

export interface SpeedLoad {
	/** Requests kept in flight, one after the other. */
	concurrencies: readonly number[];
	inputTokens: number;
	outputTokens: number;
	/** Tokens that all prompts begin with in common. */
	prefixTokens: number;
	/** How long each concurrency is measured. */
	secondsPerLoad: number;
}

/**
 * Answers repeat themselves when they are greedy, which would flatter guessing from the text so far; at this temperature they
 * do it as much as users' answers do.
 */
const sampling = { ...defaultSampling, temperature: 0.7, topP: 0.95, seed: 1 };
/** Even a slow model gets so many tokens of each sequence, within reason. */
const leastTokens = 8;
const patienceSeconds = 60;

/**
 * Loads a candidate in an engine process and measures it under load. `prompt(n)` is the n-th prompt, all different. Rejects
 * with the engine's reason when it can't be loaded or fails.
 */
export async function measureSpeed(
	load: LoadOptions,
	asked: SpeedLoad,
	prompt: (number: number) => Int32Array,
	signal?: AbortSignal,
): Promise<SpeedRun> {
	const foreign = new ForeignLoad();
	const measured = await measureLoads(load, asked, prompt, signal);
	// The engine process has ended: its time counts as ours now.
	return { ...measured, foreignShare: foreign.share() };
}

async function measureLoads(
	load: LoadOptions,
	asked: SpeedLoad,
	prompt: (number: number) => Int32Array,
	signal: AbortSignal | undefined,
): Promise<Omit<SpeedRun, "foreignShare">> {
	const startedAt = performance.now();
	await using session = await EngineSession.open(load, sampling, signal);
	const loadSeconds = (performance.now() - startedAt) / 1000;
	const prompts = countingUp(prompt);
	// The first steps of a process are slow: threads and caches are cold.
	await runLoad(
		session,
		{ ...asked, concurrency: 1, secondsPerLoad: 0.3 },
		prompts,
		signal,
	);
	const loads: LoadFigures[] = [];
	for (const concurrency of asked.concurrencies)
		loads.push(
			await runLoad(session, { ...asked, concurrency }, prompts, signal),
		);
	const peakMemoryBytes =
		(await readPeakMemory(session.processId)) ?? session.mostResidentBytes;
	return {
		loads,
		peakMemoryBytes,
		loadSeconds,
		wallSeconds: (performance.now() - startedAt) / 1000,
	};
}

/** Keeps `concurrency` requests in flight for a while; what has not ended then is cancelled, its tokens count. */
async function runLoad(
	session: EngineSession,
	load: SpeedLoad & { concurrency: number },
	nextPrompt: () => Int32Array,
	signal: AbortSignal | undefined,
): Promise<LoadFigures> {
	const ttfts: number[] = [];
	const gaps: number[] = [];
	const steps = new StepRates();
	const cancels = new Set<() => void>();
	const startedAt = performance.now();
	let outputTokens = 0;
	let isOver = false;
	let failure: Error | null = null;

	const begin = () => {
		if (isOver) return;
		const sentAt = performance.now();
		let lastAt: number | null = null;
		const cancel = session.submit({
			promptTokens: nextPrompt(),
			maxTokens: load.outputTokens,
			// Tokens that come together are one gap, as `vllm bench serve` counts chunks.
			onTokens(count) {
				const now = performance.now();
				outputTokens += count;
				if (lastAt === null) ttfts.push(now - sentAt);
				else gaps.push(now - lastAt);
				lastAt = now;
			},
			onEnd() {
				cancels.delete(cancel);
				begin();
			},
			onFailed(error) {
				cancels.delete(cancel);
				failure ??= error;
			},
		});
		cancels.add(cancel);
	};

	session.onStep((report) => steps.observe(report));
	for (let index = 0; index < load.concurrency; index++) begin();
	const elapsed = () => (performance.now() - startedAt) / 1000;
	const wanted = load.concurrency * leastTokens;
	const isDue = () =>
		elapsed() >= load.secondsPerLoad &&
		(outputTokens >= wanted ||
			elapsed() >= load.secondsPerLoad + patienceSeconds);
	try {
		while (!isDue() && failure === null) {
			signal?.throwIfAborted();
			await sleep(20);
		}
	} finally {
		isOver = true;
		for (const cancel of cancels) cancel();
		session.onStep(null);
	}
	if (failure !== null) throw failure;
	const seconds = elapsed();
	if (outputTokens === 0)
		throw new GalleyError(
			"engine_error",
			`No token came in ${Math.round(seconds)} s with ${load.concurrency} at a time.`,
		);
	return {
		concurrency: load.concurrency,
		seconds,
		outputTokens,
		outputThroughput: outputTokens / seconds,
		ttftP50Ms: percentile(ttfts, 50),
		ttftP95Ms: percentile(ttfts, 95),
		// No second token came to anybody: as slow as what was waited for.
		itlP50Ms: gaps.length === 0 ? 1000 * seconds : percentile(gaps, 50),
		itlP95Ms: gaps.length === 0 ? 1000 * seconds : percentile(gaps, 95),
		...steps.rates,
	};
}

/** Tokens a second of steps that do only one kind of work. */
class StepRates {
	#decode = { tokens: 0, seconds: 0 };
	#prefill = { tokens: 0, seconds: 0 };

	observe({ tokens, statistics }: StepReport): void {
		const { prefillTokens, decodeTokens, seconds } = statistics;
		if (prefillTokens === 0) {
			this.#decode.tokens += tokens.length / 3;
			this.#decode.seconds += seconds;
		} else if (decodeTokens === 0) {
			this.#prefill.tokens += prefillTokens;
			this.#prefill.seconds += seconds;
		}
	}

	get rates() {
		const rate = ({ tokens, seconds }: { tokens: number; seconds: number }) =>
			seconds > 0 ? tokens / seconds : 0;
		return {
			decodeTokensPerSecond: rate(this.#decode),
			prefillTokensPerSecond: rate(this.#prefill),
		};
	}
}

/** What Linux says the process held at most (`VmHWM`), mapped weights included; null elsewhere. */
async function readPeakMemory(
	processId: number | null,
): Promise<number | null> {
	if (processId === null) return null;
	try {
		const status = await readFile(`/proc/${processId}/status`, "utf8");
		const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
		return kibibytes === undefined ? null : Number(kibibytes) * 1024;
	} catch {
		// There is no /proc here.
		return null;
	}
}

function countingUp(prompt: (number: number) => Int32Array): () => Int32Array {
	let number = 0;
	return () => prompt(number++);
}

/**
 * Prompts cut out of a text's tokens: real words, each from another place, so that none begins like another beyond the
 * prefix that all share.
 */
export function cutPrompts(
	tokens: Int32Array,
	{
		inputTokens,
		prefixTokens,
	}: Pick<SpeedLoad, "inputTokens" | "prefixTokens">,
): (number: number) => Int32Array {
	const at = (place: number) => tokens[place % tokens.length] ?? 0;
	// Far from a divisor of anything: places spread over the text before they come near each other.
	const stride = Math.max(1, Math.round(tokens.length * 0.381966));
	return (number) => {
		const start = prefixTokens + number * stride + (number >> 3);
		return Int32Array.from(
			{ length: prefixTokens + inputTokens },
			(_, index) => (index < prefixTokens ? at(index) : at(start + index)),
		);
	};
}
