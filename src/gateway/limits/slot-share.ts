import type { SlotStore } from "./slot-store.ts";

const idleMs = 1000;
const freshMs = 200;
/** Places beyond those in use are kept up to this part of the limit: with few places, none is kept from others. */
const sparePart = 8;

/** This gateway's places for one key or tenant, of those that all gateways share. */
export class SlotShare {
	readonly subject: string;
	limit: number;
	readonly #store: SlotStore;
	readonly #now: () => number;
	#held = 0;
	#used = 0;
	/** At a time, since places were given back last. */
	#mostUsed = 0;
	#waiting = 0;
	#usedAt = 0;
	#heardAt = -Infinity;
	/** The others had the rest. */
	#isShort = false;
	/** The database is away: what others held last is theirs, the rest is free. */
	#isAlone = false;
	#asking: Promise<void> | null = null;

	constructor(
		subject: string,
		limit: number,
		store: SlotStore,
		now: () => number,
	) {
		this.subject = subject;
		this.limit = limit;
		this.#store = store;
		this.#now = now;
	}

	get free(): number {
		const places = this.#isAlone
			? this.limit
			: Math.min(this.#held, this.limit);
		return places - this.#used;
	}

	isExhausted(nowMs: number): boolean {
		if (this.#used >= this.limit) return true;
		return this.#isShort && this.free <= 0 && nowMs - this.#heardAt < freshMs;
	}

	take(nowMs: number): void {
		this.#used++;
		this.#mostUsed = Math.max(this.#mostUsed, this.#used);
		this.#usedAt = nowMs;
	}

	release(): void {
		this.#used--;
	}

	async more(): Promise<void> {
		this.#waiting++;
		try {
			while (this.#asking !== null) await this.#asking;
			if (this.free >= 1) return;
			await this.#ask(this.#used + this.#waiting + this.#spare);
		} finally {
			this.#waiting--;
		}
	}

	borrow(): void {
		this.#isAlone = true;
	}

	/** Gives back what nobody wants. True when this share can be forgotten. */
	async tidy(nowMs: number, isEnd: boolean): Promise<boolean> {
		if (isEnd) await this.#asking;
		if (this.#asking !== null) return false;
		const isIdle = isEnd || nowMs - this.#usedAt > idleMs;
		const kept = isIdle ? this.#used : this.#mostUsed + this.#spare;
		this.#mostUsed = this.#used;
		if (this.#held > kept || this.#isAlone) await this.#ask(kept);
		return isIdle && this.#used === 0 && this.#held === 0;
	}

	get #spare(): number {
		return Math.floor(this.limit / sparePart);
	}

	#ask(places: number): Promise<void> {
		const wanted = Math.min(places, this.limit);
		// What is given back can't be taken meanwhile.
		this.#held = Math.min(this.#held, wanted);
		this.#asking = this.#store
			.hold(this.subject, this.limit, wanted)
			.then((held) => {
				this.#held = held;
				this.#isShort = held < wanted;
				this.#isAlone = false;
				this.#heardAt = this.#now();
			})
			.finally(() => {
				this.#asking = null;
			});
		return this.#asking;
	}
}
