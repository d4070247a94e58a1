const lookMs = 25;

interface Waiter {
	until: number;
	signal: AbortSignal;
	resolve(isReady: boolean): void;
}

export interface ReadyQueueParts {
	isReady(): boolean;
	/** Waiting longer is of no use. */
	isHopeless(): boolean;
}

/** Requests that wait until a service is ready; they go on in the order in which they came. */
export class ReadyQueue {
	readonly #parts: ReadyQueueParts;
	#waiters: Waiter[] = [];
	#timer: NodeJS.Timeout | null = null;

	constructor(parts: ReadyQueueParts) {
		this.#parts = parts;
	}

	get length(): number {
		return this.#waiters.length;
	}

	/** False when it takes longer than `ms`, is hopeless, or the signal aborts. */
	wait(ms: number, signal: AbortSignal): Promise<boolean> {
		return new Promise((resolve) => {
			const until = performance.now() + ms;
			this.#waiters.push({ until, signal, resolve });
			this.#timer ??= setInterval(() => this.#look(), lookMs);
			this.#look();
		});
	}

	#look(): void {
		const isReady = this.#parts.isReady();
		const isOver = isReady || this.#parts.isHopeless();
		const now = performance.now();
		const staying: Waiter[] = [];
		for (const waiter of this.#waiters) {
			const { until, signal, resolve } = waiter;
			if (isOver || signal.aborted || now > until) resolve(isReady);
			else staying.push(waiter);
		}
		this.#waiters = staying;
		if (staying.length > 0 || this.#timer === null) return;
		clearInterval(this.#timer);
		this.#timer = null;
	}
}
