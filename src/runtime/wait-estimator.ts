import { AnswerLengths } from "./answer-lengths.ts";
import type { Arrival, Backlog, BacklogEntry } from "./backlog.ts";
import type { StepReport } from "./engine-protocol.ts";
import { type ForecastServer, forecast, type Work } from "./forecast.ts";
import { StepPrices } from "./step-prices.ts";

export interface WaitEstimate {
	/** Until its first step. */
	queueSeconds: number;
	firstTokenSeconds: number;
	/** Its first token with nobody else there: what no waiting can better. */
	aloneSeconds: number;
}

/** A start of one that waits now. */
export interface Departure {
	seconds: number;
	promptTokens: number;
	tenant: string;
}

/** Waits shorter than this say more of how timers tick than of the forecast. */
const minCheckedSeconds = 0.1;

/**
 * When would a request that arrives now get its first token? Learned from the steps: their price, how much of prompts the
 * prefix cache spares, how long answers get, and how many sequences fit into the memory at once. The forecast plays the
 * backlog forward with these; what it leaves out (preemption, requests that overtake, prefixes that are waited for) is
 * learned as one factor from forecasts that have come due.
 *
 * Pure: times come in as monotonic milliseconds.
 */
export class WaitEstimator {
	readonly #maxSequences: number;
	readonly #cost = new StepPrices();
	readonly #lengths = new AnswerLengths();
	/** Sequences that ran while others waited for memory; null where memory was never short. */
	#sequencesInMemory: number | null = null;
	/** Sums over prompts that started, newer ones weighing more. */
	#promptTokens = 1;
	#cachedTokens = 0;
	/** Sums of real and forecast seconds, as if one second had come true to begin with. */
	#realSeconds = 1;
	#forecastSeconds = 1;
	/** Many who are refused between two steps ask for the same. */
	#departures: { version: number; all: readonly Departure[] } | null = null;

	constructor(maxSequences: number) {
		this.#maxSequences = maxSequences;
	}

	/** Before this, nothing was measured, and nobody should be refused for an estimate. */
	get isReady(): boolean {
		return this.#cost.isKnown;
	}

	/** Sequences that run at once. */
	get concurrency(): number {
		return Math.max(1, this.#sequencesInMemory ?? this.#maxSequences);
	}

	/** Before the backlog hears of the same step. */
	hearStep(report: StepReport, backlog: Backlog): void {
		const { statistics, started, tokens, ended, load } = report;
		this.#cost.add(statistics);
		this.#lengths.generated(tokens.length / 3);
		for (const { reason } of ended) this.#lengths.ended(reason === "stop");
		for (const { number, choice, cachedTokens } of started) {
			const entry = backlog.entry(number);
			if (entry === null || choice !== 0) continue;
			const prompt = entry.arrival.promptTokens;
			this.#promptTokens = 0.97 * this.#promptTokens + prompt;
			this.#cachedTokens = 0.97 * this.#cachedTokens + cachedTokens;
		}
		this.#hearMemory(load, ended.length);
	}

	/** An answer ended that the engine did not end: by a stop string, or because nobody wants it any more. */
	answerEnded(): void {
		this.#lengths.ended(true);
	}

	/** A forecast came due. `forecastSeconds` is what `uncorrected` gave when the request arrived. */
	check(realSeconds: number, forecastSeconds: number): void {
		if (Math.max(realSeconds, forecastSeconds) < minCheckedSeconds) return;
		this.#realSeconds = 0.95 * this.#realSeconds + realSeconds;
		this.#forecastSeconds = 0.95 * this.#forecastSeconds + forecastSeconds;
	}

	/** For a request that is not in the backlog yet. */
	estimate(arrival: Arrival, backlog: Backlog): WaitEstimate {
		const factor = this.#correction;
		const own = this.#toWork(arrival);
		const { newcomer } = this.#forecast(backlog, own);
		const alone = forecast(this.#server, [], [], { ...own }).newcomer;
		return {
			queueSeconds: (newcomer?.startSeconds ?? 0) * factor,
			firstTokenSeconds: (newcomer?.firstTokenSeconds ?? 0) * factor,
			aloneSeconds: alone?.firstTokenSeconds ?? 0,
		};
	}

	/** The estimate without the learned factor, which must not learn from itself. */
	uncorrected({ firstTokenSeconds }: WaitEstimate): number {
		return firstTokenSeconds / this.#correction;
	}

	/** When those that wait now start, if nobody else comes. */
	departures(backlog: Backlog): readonly Departure[] {
		const { version } = backlog;
		if (this.#departures?.version === version) return this.#departures.all;
		const all = this.#forecastDepartures(backlog);
		this.#departures = { version, all };
		return all;
	}

	#forecastDepartures(backlog: Backlog): Departure[] {
		const waiting = [...backlog.waiting];
		const { starts } = this.#forecast(backlog, null);
		return starts.map(({ index, seconds }) => {
			const { promptTokens, tenant } = (waiting[index] as BacklogEntry).arrival;
			return { seconds: seconds * this.#correction, promptTokens, tenant };
		});
	}

	get #correction(): number {
		return Math.min(
			4,
			Math.max(0.25, this.#realSeconds / this.#forecastSeconds),
		);
	}

	get #server(): ForecastServer {
		return {
			price: this.#cost.price(),
			prefillTokensPerStep: this.#cost.prefillTokensPerStep,
			concurrency: this.concurrency,
		};
	}

	#forecast(backlog: Backlog, newcomer: Work | null) {
		const running: Work[] = [];
		const waiting: Work[] = [];
		for (const entry of backlog.running)
			running.push(...this.#toRunning(entry));
		for (const { arrival } of backlog.waiting)
			waiting.push(this.#toWork(arrival));
		return forecast(this.#server, running, waiting, newcomer);
	}

	#toWork({ promptTokens, choices, maxTokens, ...who }: Arrival): Work {
		const computedShare = 1 - this.#cachedTokens / this.#promptTokens;
		return {
			...who,
			// The last token is computed whatever the cache holds.
			prefillTokens: Math.max(1, promptTokens * computedShare),
			decodeSteps: this.#steps(this.#lengths.expected(maxTokens)),
			forks: choices - 1,
		};
	}

	/** One for each choice that has not ended: those that have not started either are near enough to it. */
	#toRunning(entry: BacklogEntry): Work[] {
		const { arrival, startedChoices, endedChoices } = entry;
		const { maxTokens, choices, tenant, priority } = arrival;
		const generated = entry.generatedTokens / Math.max(1, startedChoices);
		const left = this.#lengths.expected(Math.max(1, maxTokens - generated));
		return Array.from({ length: choices - endedChoices }, (_, index) => ({
			tenant,
			priority,
			prefillTokens: index === 0 ? entry.prefillTokensLeft : 0,
			decodeSteps: this.#steps(left),
			forks: 0,
		}));
	}

	#steps(tokens: number): number {
		return tokens / this.#cost.tokensPerDecode;
	}

	/** Memory, not slots, may bound what runs: what ran in a step while others waited for memory is what fits. */
	#hearMemory(load: StepReport["load"], endedCount: number): void {
		const ran = load.running + endedCount;
		if (load.waitingFor.memory > 0)
			this.#sequencesInMemory =
				this.#sequencesInMemory === null
					? ran
					: this.#sequencesInMemory + 0.05 * (ran - this.#sequencesInMemory);
		else if (
			this.#sequencesInMemory !== null &&
			(load.waitingFor.slot > 0 || ran > this.#sequencesInMemory)
		)
			this.#sequencesInMemory =
				ran >= this.#maxSequences
					? null
					: Math.max(ran, this.#sequencesInMemory);
	}
}
