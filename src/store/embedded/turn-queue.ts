import { abortReason, databaseClosed } from "../database-error.ts";

interface Waiter {
	start: () => void;
	fail: (reason: unknown) => void;
}

/** Lets one piece of work run at a time, first come first served; those who leave while they wait lose only their place. */
export class TurnQueue {
	#waiting: Waiter[] = [];
	#isBusy = false;
	#isClosed = false;
	#whenIdle: (() => void)[] = [];

	async run<Result>(
		work: () => Promise<Result>,
		signal?: AbortSignal,
	): Promise<Result> {
		await this.#turn(signal);
		try {
			return await work();
		} finally {
			this.#next();
		}
	}

	/** Refuses newcomers and those who wait; resolves when what runs has ended. */
	async close(): Promise<void> {
		this.#isClosed = true;
		for (const waiter of this.#waiting.splice(0)) waiter.fail(databaseClosed());
		if (this.#isBusy)
			await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
	}

	#turn(signal: AbortSignal | undefined): Promise<void> {
		if (this.#isClosed) return Promise.reject(databaseClosed());
		if (signal?.aborted === true) return Promise.reject(abortReason(signal));
		if (!this.#isBusy) {
			this.#isBusy = true;
			return Promise.resolve();
		}
		return new Promise((resolve, reject) => {
			const leave = () => {
				this.#waiting = this.#waiting.filter((other) => other !== waiter);
				if (signal !== undefined) reject(abortReason(signal));
			};
			const waiter: Waiter = {
				start: () => {
					signal?.removeEventListener("abort", leave);
					resolve();
				},
				fail: (reason) => {
					signal?.removeEventListener("abort", leave);
					reject(reason);
				},
			};
			signal?.addEventListener("abort", leave, { once: true });
			this.#waiting.push(waiter);
		});
	}

	#next(): void {
		const waiter = this.#waiting.shift();
		if (waiter !== undefined) {
			waiter.start();
			return;
		}
		this.#isBusy = false;
		for (const resolve of this.#whenIdle.splice(0)) resolve();
	}
}
