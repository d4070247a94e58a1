import { GalleyError } from "../core/errors.ts";

export interface GateLimits {
	maxRunning: number;
	maxWaiting: number;
	/** How long a request may be expected to wait, or waits at most; 0 is any time. */
	maxWaitMs: number;
}

interface Waiter {
	go(): void;
	refuse(error: GalleyError): void;
}

/** How much the last request counts in what a request takes on average. */
const newest = 0.1;

/** Lets so many requests to the engine at a time, keeps some waiting in the order in which they came, and refuses the rest. */
export class RequestGate {
	readonly #limits: GateLimits;
	readonly #now: () => number;
	readonly #waiters = new Set<Waiter>();
	#running = 0;
	#averageMs = 0;

	constructor(limits: GateLimits, now: () => number = () => performance.now()) {
		this.#limits = limits;
		this.#now = now;
	}

	get running(): number {
		return this.#running;
	}

	get waiting(): number {
		return this.#waiters.size;
	}

	/**
	 * Resolves when the request may go, with what to call when it has ended. Throws `queue_full`; resolves null when the client
	 * left first, as `whenLeft` told.
	 */
	enter(whenLeft: (leave: () => void) => void): Promise<(() => void) | null> {
		const { maxRunning, maxWaiting, maxWaitMs } = this.#limits;
		if (this.#running < maxRunning) return Promise.resolve(this.#begin());
		const expectedMs =
			(this.#averageMs * (this.#waiters.size + 1)) / maxRunning;
		const isTooLong = maxWaitMs > 0 && expectedMs > maxWaitMs;
		if (this.#waiters.size >= maxWaiting || isTooLong)
			return Promise.reject(this.#full(expectedMs));
		return new Promise((resolve, reject) => {
			const timer =
				maxWaitMs === 0
					? undefined
					: setTimeout(() => waiter.refuse(this.#full(expectedMs)), maxWaitMs);
			const settle = () => {
				clearTimeout(timer);
				this.#waiters.delete(waiter);
			};
			const waiter: Waiter = {
				go: () => {
					settle();
					resolve(this.#begin());
				},
				refuse: (error) => {
					settle();
					reject(error);
				},
			};
			this.#waiters.add(waiter);
			whenLeft(() => {
				settle();
				resolve(null);
			});
		});
	}

	/** Those that wait will not be let in any more. */
	refuseAll(error: GalleyError): void {
		for (const waiter of [...this.#waiters]) waiter.refuse(error);
	}

	#begin(): () => void {
		this.#running++;
		const begunAt = this.#now();
		let hasEnded = false;
		return () => {
			if (hasEnded) return;
			hasEnded = true;
			this.#running--;
			const ms = this.#now() - begunAt;
			this.#averageMs =
				this.#averageMs === 0
					? ms
					: this.#averageMs + newest * (ms - this.#averageMs);
			const [next] = this.#waiters;
			next?.go();
		};
	}

	#full(expectedMs: number): GalleyError {
		const { maxRunning } = this.#limits;
		return new GalleyError(
			"queue_full",
			`The engine has ${maxRunning} requests and ${this.#waiters.size} more wait. Try again later, or raise --max-queued-requests.`,
			{ retryAfterSeconds: Math.min(600, Math.max(1, expectedMs / 1000)) },
		);
	}
}
