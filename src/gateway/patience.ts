/** How long a request waits for a database that says nothing, before its gateway goes on alone. */
const usualPatienceMs = 2000;
/** After a failure that came at once, before the next request asks again. */
const retryMs = 1000;
/** After a wait for nothing. */
const longRetryMs = 10_000;

/**
 * Who waits for the database on a request's way doesn't wait long, and after a failure nobody does for a while. What was asked
 * for goes on in the background: its answer counts when it comes.
 */
export class Patience {
	readonly #now: () => number;
	readonly #patienceMs: number;
	#awayUntil = -Infinity;

	constructor(now: () => number, patienceMs = usualPatienceMs) {
		this.#now = now;
		this.#patienceMs = patienceMs;
	}

	get isAway(): boolean {
		return this.#now() < this.#awayUntil;
	}

	/** Whether the work was done in time. */
	async hasDone(work: () => Promise<void>): Promise<boolean> {
		if (this.isAway) return false;
		let timer: NodeJS.Timeout | undefined;
		const tired = new Promise<false>((resolve) => {
			timer = setTimeout(() => {
				this.fail(longRetryMs);
				resolve(false);
			}, this.#patienceMs);
		});
		const done = work().then(
			() => true,
			() => {
				this.fail();
				return false;
			},
		);
		const isDone = await Promise.race([done, tired]);
		clearTimeout(timer);
		return isDone;
	}

	fail(forMs = retryMs): void {
		this.#awayUntil = this.#now() + forMs;
	}
}
