import type { StepReport } from "./engine-protocol.ts";

/** What a request asks for, as far as waiting is concerned. */
export interface Arrival {
	promptTokens: number;
	choices: number;
	/** Tokens that each choice may have at most, the end of the context counted in. */
	maxTokens: number;
	tenant: string;
	/** Lower runs first. */
	priority: number;
}

export interface BacklogEntry {
	readonly arrival: Arrival;
	/** Monotonic milliseconds. */
	readonly arrivedAt: number;
	/** Choices that run or have run. */
	startedChoices: number;
	endedChoices: number;
	/** Prompt tokens still to compute, once the first choice runs; the engine does not say whose a step's tokens were. */
	prefillTokensLeft: number;
	generatedTokens: number;
}

/** What waits for its first step and what runs, request by request. */
export class Backlog {
	readonly #waiting = new Map<number, BacklogEntry>();
	readonly #running = new Map<number, BacklogEntry>();
	#waitingTokens = 0;
	#version = 0;

	/** Changes with everything that a forecast depends on. */
	get version(): number {
		return this.#version;
	}

	get waitingRequests(): number {
		return this.#waiting.size;
	}

	get waitingTokens(): number {
		return this.#waitingTokens;
	}

	/** In order of arrival. */
	get waiting(): Iterable<BacklogEntry> {
		return this.#waiting.values();
	}

	/** In order of their starts. */
	get running(): Iterable<BacklogEntry> {
		return this.#running.values();
	}

	entry(number: number): BacklogEntry | null {
		return this.#waiting.get(number) ?? this.#running.get(number) ?? null;
	}

	/** Sequences that run, and sequences that will. */
	get sequences(): number {
		let count = 0;
		for (const { arrival } of this.#waiting.values()) count += arrival.choices;
		for (const { arrival, endedChoices } of this.#running.values())
			count += arrival.choices - endedChoices;
		return count;
	}

	enter(number: number, arrival: Arrival, now: number): void {
		this.#version++;
		this.#waitingTokens += arrival.promptTokens;
		this.#waiting.set(number, {
			arrival,
			arrivedAt: now,
			startedChoices: 0,
			endedChoices: 0,
			prefillTokensLeft: arrival.promptTokens,
			generatedTokens: 0,
		});
	}

	/** It is over, however it ended. Any number of times. */
	leave(number: number): void {
		this.#version++;
		this.#waitingTokens -= this.#waiting.get(number)?.arrival.promptTokens ?? 0;
		this.#waiting.delete(number);
		this.#running.delete(number);
	}

	hearStep({ started, tokens, ended, statistics }: StepReport): void {
		this.#version++;
		for (const { number, cachedTokens } of started)
			this.#start(number, cachedTokens);
		this.#prefilled(statistics.prefillTokens);
		for (let index = 0; index < tokens.length; index += 3) {
			const entry = this.#running.get(tokens[index] as number);
			if (entry === undefined) continue;
			entry.generatedTokens++;
			entry.prefillTokensLeft = 0;
		}
		for (const { number } of ended) this.endChoice(number);
	}

	endChoice(number: number): void {
		this.#version++;
		const entry = this.#running.get(number);
		if (entry !== undefined) entry.endedChoices++;
	}

	#start(number: number, cachedTokens: number): void {
		const waiting = this.#waiting.get(number);
		const entry = waiting ?? this.#running.get(number);
		if (entry === undefined) return;
		const { choices, promptTokens } = entry.arrival;
		// A preempted choice starts again.
		entry.startedChoices = Math.min(choices, entry.startedChoices + 1);
		if (waiting === undefined) return;
		this.leave(number);
		entry.prefillTokensLeft = Math.max(1, promptTokens - cachedTokens);
		this.#running.set(number, entry);
	}

	/** Older prefills first: near enough to how they take turns, and right once they are done. */
	#prefilled(tokens: number): void {
		let left = tokens;
		for (const entry of this.#running.values()) {
			if (left === 0) return;
			if (entry.prefillTokensLeft === 0) continue;
			const share = Math.min(left, entry.prefillTokensLeft - 1);
			entry.prefillTokensLeft -= share;
			left -= share;
		}
	}
}
