/**
 * Whether somebody else has asked lately. Two memories are enough for any number of tenants: of the two that asked last,
 * at most one is the one who asks.
 */
export class TenantPresence {
	readonly #windowMs: number;
	#last: { tenant: string; at: number } | null = null;
	#lastOther: { tenant: string; at: number } | null = null;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
	}

	/** Times are monotonic milliseconds. */
	seen(tenant: string, now: number): void {
		if (this.#last !== null && this.#last.tenant !== tenant)
			this.#lastOther = this.#last;
		this.#last = { tenant, at: now };
	}

	hasOthers(tenant: string, now: number): boolean {
		const other = this.#last?.tenant === tenant ? this.#lastOther : this.#last;
		return other !== null && now - other.at <= this.#windowMs;
	}
}
