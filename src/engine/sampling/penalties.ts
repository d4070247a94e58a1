import type { SamplingParams } from "../../core/generation-request.ts";

/** How often tokens stand among the last ones. */
class RecentTokens {
	readonly counts = new Map<number, number>();
	readonly #limit: number;
	readonly #tokens: number[] = [];
	#first = 0;

	constructor(limit: number) {
		this.#limit = limit;
	}

	add(token: number): void {
		this.#tokens.push(token);
		this.counts.set(token, (this.counts.get(token) ?? 0) + 1);
		if (this.#tokens.length - this.#first <= this.#limit) return;
		const oldest = this.#tokens[this.#first++] ?? 0;
		const left = (this.counts.get(oldest) ?? 0) - 1;
		if (left > 0) this.counts.set(oldest, left);
		else this.counts.delete(oldest);
		if (this.#first > this.#limit + 1024) {
			this.#tokens.splice(0, this.#first);
			this.#first = 0;
		}
	}
}

/**
 * The three penalties on tokens that stand among the last ones. Repetition counts the prompt, as in vLLM; presence and
 * frequency count what was generated, as in OpenAI's API.
 */
export class Penalties {
	readonly #sampling: SamplingParams;
	readonly #all: RecentTokens | null;
	readonly #generated: RecentTokens | null;

	constructor(sampling: SamplingParams, lastTokens: number) {
		const { repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
		this.#sampling = sampling;
		this.#all =
			repetitionPenalty !== 1 && lastTokens > 0
				? new RecentTokens(lastTokens)
				: null;
		const countsGenerated =
			(presencePenalty !== 0 || frequencyPenalty !== 0) && lastTokens > 0;
		this.#generated = countsGenerated ? new RecentTokens(lastTokens) : null;
	}

	get isNeutral(): boolean {
		return this.#all === null && this.#generated === null;
	}

	acceptPrompt(token: number): void {
		this.#all?.add(token);
	}

	acceptGenerated(token: number): void {
		this.#all?.add(token);
		this.#generated?.add(token);
	}

	apply(logits: Float32Array): void {
		const { repetitionPenalty, presencePenalty, frequencyPenalty } =
			this.#sampling;
		if (this.#all !== null) {
			for (const token of this.#all.counts.keys()) {
				const logit = logits[token] as number;
				logits[token] =
					logit <= 0 ? logit * repetitionPenalty : logit / repetitionPenalty;
			}
		}
		if (this.#generated !== null) {
			for (const [token, count] of this.#generated.counts) {
				(logits[token] as number) -= count * frequencyPenalty + presencePenalty;
			}
		}
	}
}
