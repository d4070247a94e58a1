import type {
	EndReport,
	LoadReport,
	StartReport,
	StepReport,
} from "../engine-protocol.ts";

interface SimulatedRequest {
	number: number;
	promptTokens: number;
	/** Of the prompt, found in the cache. */
	cachedTokens: number;
	/** How long the answer would be without a limit. */
	answerTokens: number;
	maxTokens: number;
}

interface Running extends SimulatedRequest {
	prefillTokensLeft: number;
	generatedTokens: number;
}

/** What the estimator cannot know: prices that also depend on how full the cache is, and noise. */
interface SimulatedPrices {
	step: number;
	prefillToken: number;
	decodeSequence: number;
	/** For each token held by a decoding sequence. */
	heldToken: number;
	/** 0.1 is plus and minus 10 %. */
	noise: number;
}

/** Of a small model on a small machine. */
export const prices: SimulatedPrices = Object.freeze({
	step: 0.02,
	prefillToken: 0.002,
	decodeSequence: 0.005,
	heldToken: 2e-6,
	noise: 0.1,
});

/** A server on paper: first come, first served, decode first, prefill in chunks. Deterministic for a given `random`. */
export class SimulatedServer {
	readonly #prices: SimulatedPrices;
	readonly #slots: number;
	readonly #prefillBudget: number;
	readonly #random: () => number;
	#waiting: SimulatedRequest[] = [];
	#running: Running[] = [];
	/** Monotonic milliseconds. */
	now = 0;

	constructor(
		prices: SimulatedPrices,
		slots: number,
		prefillBudget: number,
		random: () => number,
	) {
		this.#prices = prices;
		this.#slots = slots;
		this.#prefillBudget = prefillBudget;
		this.#random = random;
	}

	get isIdle(): boolean {
		return this.#waiting.length + this.#running.length === 0;
	}

	submit(request: SimulatedRequest): void {
		this.#waiting.push(request);
	}

	step(): StepReport {
		const started = this.#admit();
		const { step, prefillToken, decodeSequence, heldToken, noise } =
			this.#prices;
		const tokens: number[] = [];
		let held = 0;
		let decodeTokens = 0;
		let prefillTokens = 0;
		for (const one of this.#running) {
			if (one.prefillTokensLeft === 0) {
				decodeTokens++;
				held += one.promptTokens + one.generatedTokens;
			} else {
				const share = Math.min(
					one.prefillTokensLeft,
					this.#prefillBudget - prefillTokens,
				);
				prefillTokens += share;
				one.prefillTokensLeft -= share;
				if (one.prefillTokensLeft > 0) continue;
			}
			one.generatedTokens++;
			tokens.push(one.number, 0, 7);
		}
		const seconds =
			(step +
				prefillTokens * prefillToken +
				decodeTokens * decodeSequence +
				held * heldToken) *
			(1 + noise * (2 * this.#random() - 1));
		this.now += seconds * 1000;
		const ended = this.#end();
		return {
			type: "step",
			started,
			tokens: Int32Array.from(tokens),
			logprobs: null,
			promptLogprobs: [],
			ended,
			statistics: {
				seconds,
				prefillTokens,
				decodeTokens,
				draftedTokens: 0,
				acceptedTokens: 0,
				preemptions: 0,
				evictedTokens: 0,
				savedTokens: 0,
				restoredTokens: 0,
				constraintSeconds: 0,
				constrainedTokens: 0,
			},
			load: this.#load(),
		};
	}

	#admit(): StartReport[] {
		const started: StartReport[] = [];
		while (this.#running.length < this.#slots) {
			const next = this.#waiting.shift();
			if (next === undefined) break;
			const { number, promptTokens, cachedTokens } = next;
			const prefillTokensLeft = Math.max(1, promptTokens - cachedTokens);
			this.#running.push({ ...next, prefillTokensLeft, generatedTokens: 0 });
			started.push({ number, choice: 0, cachedTokens, queueSeconds: 0 });
		}
		return started;
	}

	#end(): EndReport[] {
		const ended: EndReport[] = [];
		this.#running = this.#running.filter((one) => {
			const limit = Math.min(one.answerTokens, one.maxTokens);
			if (one.generatedTokens < limit) return true;
			const reason = one.answerTokens <= one.maxTokens ? "stop" : "length";
			ended.push({ number: one.number, choice: 0, reason, stopToken: null });
			return false;
		});
		return ended;
	}

	#load(): LoadReport {
		const waiting = this.#waiting.length;
		return {
			running: this.#running.length,
			waiting,
			waitingFor: { slot: waiting, memory: 0, prefix: 0 },
			kvCacheUsage: 0,
			retainedTokens: 0,
			savedTokens: 0,
			kvLayout: "unified",
			targetItlMs: 50,
			residentBytes: 0,
		};
	}
}
