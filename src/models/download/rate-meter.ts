/** A rate that follows the last seconds: each reading counts half after `halfLifeMs`. */
export class RateMeter {
	readonly #halfLifeMs: number;
	#last: { amount: number; atMs: number } | null = null;
	#rate: number | null = null;
	/** How much of the rate rests on measurement so far; without it the first moments would weigh too much. */
	#weight = 0;

	constructor(halfLifeMs = 3000) {
		this.#halfLifeMs = halfLifeMs;
	}

	/** `amount` is the total so far. */
	update(amount: number, atMs: number): void {
		const last = this.#last;
		if (last === null || amount < last.amount) {
			this.#last = { amount, atMs };
			return;
		}
		const elapsedMs = atMs - last.atMs;
		// Two pieces that arrive in one moment would be a rate without bound.
		if (elapsedMs < 100) return;
		const kept = 0.5 ** (elapsedMs / this.#halfLifeMs);
		const measured = ((amount - last.amount) * 1000) / elapsedMs;
		const weight = this.#weight * kept + (1 - kept);
		this.#rate =
			((this.#rate ?? 0) * this.#weight * kept + measured * (1 - kept)) /
			weight;
		this.#weight = weight;
		this.#last = { amount, atMs };
	}

	get perSecond(): number | null {
		return this.#rate;
	}

	secondsFor(amount: number): number | null {
		if (amount <= 0) return 0;
		return this.#rate === null || this.#rate <= 0 ? null : amount / this.#rate;
	}
}
