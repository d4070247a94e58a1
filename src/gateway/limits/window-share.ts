import { type WindowKind, windowStart } from "./window-kind.ts";
import type { WindowStore } from "./window-store.ts";

/** The first time, so many times what is needed is asked for. */
const firstAhead = 8;
/** Unused for so long, a share is given back. */
const idleMs = 1000;
/** So long, "nothing is left" is believed. */
const freshMs = 200;
/** Unused for so long, a share need not be kept: the database has its figures. Longer than requests take. */
const forgetMs = 3_600_000;

/**
 * This gateway's share of one window of one key or tenant. It takes from its share without asking anybody; when the share runs
 * low it asks for more beside the requests, twice as much each time, so that a steady load hardly ever waits.
 *
 *     granted    what the database has given, of which nobody else can take
 *     borrowed   what it gave itself while the database was away
 *     used       reserved by requests that run, and used by those that have ended; may exceed both when a request
 *                turns out larger than thought, and then the next ask settles the debt first
 */
export class WindowShare {
	readonly subject: string;
	readonly kind: WindowKind;
	limit: number;
	readonly #store: WindowStore;
	/** Milliseconds since 1970, as everywhere here. */
	readonly #now: () => number;
	#startsAt = 0;
	/** By everybody, as last heard. */
	#taken = 0;
	#granted = 0;
	#borrowed = 0;
	#used = 0;
	/** Of requests that wait for this window now. */
	#waiting = 0;
	#ahead = 0;
	#usedAt = 0;
	#heardAt = -Infinity;
	#asking: Promise<void> | null = null;

	constructor(
		subject: string,
		kind: WindowKind,
		limit: number,
		store: WindowStore,
		now: () => number,
	) {
		this.subject = subject;
		this.kind = kind;
		this.limit = limit;
		this.#store = store;
		this.#now = now;
	}

	/** Begins a new window when the old one is over: what was left or owed there is gone. */
	roll(nowMs: number): void {
		const startsAt = windowStart(this.kind, nowMs);
		// A clock that was set back doesn't open a window again.
		if (startsAt <= this.#startsAt) return;
		this.#startsAt = startsAt;
		this.#taken = 0;
		this.#granted = 0;
		this.#borrowed = 0;
		this.#used = 0;
		this.#heardAt = -Infinity;
	}

	get startsAt(): number {
		return this.#startsAt;
	}

	get free(): number {
		return this.#granted + this.#borrowed - this.#used;
	}

	/** Of the whole window, as far as is known here. */
	get remaining(): number {
		const elsewhere = this.#taken - this.#granted;
		return Math.max(0, Math.floor(this.limit - elsewhere - this.#used));
	}

	/** Nothing is left, or wasn't a moment ago: a flood of requests that are refused is no flood of questions. */
	isExhausted(nowMs: number): boolean {
		return this.#taken >= this.limit && nowMs - this.#heardAt < freshMs;
	}

	endsInMs(nowMs: number): number {
		return Math.max(0, (this.#startsAt + this.kind.seconds) * 1000 - nowMs);
	}

	/** Only when `free` has so much. */
	take(amount: number, nowMs: number): void {
		this.#used += amount;
		this.#usedAt = nowMs;
		const isLow = this.free < this.#ahead / 2 && this.#taken < this.limit;
		if (!isLow || this.#asking !== null || this.#borrowed > 0) return;
		this.#grow(amount);
		// It fails where the database is away: the next request that finds nothing free sees to that.
		this.#ask(0, this.#ahead, this.#debt).catch(() => undefined);
	}

	/** What a request took is now known to be another amount. A refund of a window that is over is worth nothing; a debt counts now. */
	settle(reserved: number, real: number, startsAt: number): void {
		const difference = real - reserved;
		if (startsAt === this.#startsAt || difference > 0) this.#used += difference;
	}

	/** Resolves when the database has answered; throws what it threw. */
	async more(need: number): Promise<void> {
		this.#waiting += need;
		try {
			// An answer that is on its way was for others.
			while (this.#asking !== null) await this.#asking;
			if (this.free >= need) return;
			this.#grow(need);
			await this.#ask(this.#waiting, this.#ahead, this.#debt);
		} finally {
			this.#waiting -= need;
		}
	}

	/** While the database is away: all that nobody is known to have taken. */
	borrow(): void {
		this.#borrowed = Math.max(this.#borrowed, this.limit - this.#taken);
	}

	/** Beside the requests: settles debts, and gives back what nobody wants. True when this share can be forgotten. */
	async tidy(nowMs: number, isEnd: boolean): Promise<boolean> {
		this.roll(nowMs);
		const idleForMs = nowMs - this.#usedAt;
		if (isEnd) await this.#asking;
		if (this.#asking !== null) return false;
		const isIdle = isEnd || idleForMs > idleMs;
		if (this.#debt > 0) await this.#ask(0, 0, this.#debt);
		else if (isIdle && this.#granted > this.#used) {
			this.#ahead = 0;
			await this.#giveBack(this.#granted - this.#used);
		}
		return idleForMs > forgetMs;
	}

	get #debt(): number {
		return Math.max(0, this.#used - this.#granted);
	}

	#grow(amount: number): void {
		const more = this.#ahead === 0 ? amount * firstAhead : this.#ahead * 2;
		this.#ahead = Math.min(more, Math.ceil(this.limit / 8));
	}

	/** It can't be taken meanwhile; and when nobody knows whether it arrived, it is gone for this window rather than there twice. */
	#giveBack(amount: number): Promise<void> {
		this.#granted -= amount;
		return this.#ask(0, 0, -amount, amount);
	}

	#ask(
		need: number,
		ahead: number,
		settled: number,
		givenBack = 0,
	): Promise<void> {
		const startsAt = this.#startsAt;
		const { subject, limit } = this;
		this.#asking = this.#store
			.ask({
				subject,
				kind: this.kind.kind,
				startsAt,
				limit,
				need,
				ahead,
				settled,
			})
			.then(({ granted, taken }) => {
				if (startsAt !== this.#startsAt) return;
				this.#granted += granted + givenBack;
				this.#taken = taken;
				this.#borrowed = 0;
				this.#heardAt = this.#now();
			})
			.finally(() => {
				this.#asking = null;
			});
		return this.#asking;
	}
}
