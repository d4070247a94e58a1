/** Timers of requests that wait for their first token. */
export class FirstTokenDeadlines {
	readonly #timers = new Map<number, NodeJS.Timeout>();
	readonly #onExpired: (number: number) => void;

	constructor(onExpired: (number: number) => void) {
		this.#onExpired = onExpired;
	}

	/** Null is no deadline. */
	set(number: number, deadlineMs: number | null): void {
		if (deadlineMs === null) return;
		const timer = setTimeout(() => {
			this.#timers.delete(number);
			this.#onExpired(number);
		}, deadlineMs);
		this.#timers.set(number, timer);
	}

	/** The token is there, or nobody waits for it any more. Any number of times. */
	clear(number: number): void {
		const timer = this.#timers.get(number);
		if (timer === undefined) return;
		clearTimeout(timer);
		this.#timers.delete(number);
	}
}
