import type { Spending } from "../limits/limiter.ts";
import { Patience } from "../patience.ts";
import type { UsageLedger } from "./usage-ledger.ts";
import type { UsageRow } from "./usage-row.ts";
import type { UsageStore } from "./usage-store.ts";

/** What other gateways have spent is known so late. */
const staleMs = 1000;

/** What keys and tenants have spent: the database's totals, as last read, and what is on its way there. */
export class SpentMoney implements Spending {
	readonly #store: UsageStore;
	readonly cost: Spending["cost"];
	readonly #ledger: () => Pick<UsageLedger, "unflushed">;
	readonly #now: () => number;
	readonly #patience: Patience;
	readonly #totals = new Map<
		string,
		{ dollars: number; at: number; reading: Promise<void> | null }
	>();
	/** How often something was added: an older answer doesn't have it. */
	#additions = 0;

	constructor(
		store: UsageStore,
		/** What a call of a model may cost. */
		cost: Spending["cost"],
		ledger: () => Pick<UsageLedger, "unflushed">,
		now: () => number = Date.now,
	) {
		this.#store = store;
		this.cost = cost;
		this.#ledger = ledger;
		this.#now = now;
		this.#patience = new Patience(now);
	}

	/** The first time, a request waits for it; later it is read beside them. */
	refresh(subject: string): Promise<void> | undefined {
		let total = this.#totals.get(subject);
		if (total === undefined) {
			total = { dollars: 0, at: -Infinity, reading: null };
			this.#totals.set(subject, total);
		}
		if (this.#now() - total.at < staleMs) return undefined;
		const isFirst = total.at === -Infinity;
		total.reading ??= this.#read(subject, total);
		if (!isFirst) return undefined;
		const { reading } = total;
		return this.#patience.hasDone(() => reading).then(() => undefined);
	}

	spent(subject: string): number {
		return (
			(this.#totals.get(subject)?.dollars ?? 0) +
			this.#ledger().unflushed(subject)
		);
	}

	/** What was on its way has arrived. */
	added(rows: readonly UsageRow[]): void {
		this.#additions++;
		for (const { key, tenant, costUsd } of rows)
			for (const subject of [`key:${key}`, `tenant:${tenant}`]) {
				const total = this.#totals.get(subject);
				if (total !== undefined) total.dollars += costUsd ?? 0;
			}
	}

	async #read(
		subject: string,
		total: { dollars: number; at: number; reading: Promise<void> | null },
	): Promise<void> {
		const additions = this.#additions;
		try {
			const totals = await this.#store.totals([subject]);
			if (additions === this.#additions || total.at === -Infinity)
				total.dollars = totals.get(subject) ?? 0;
			total.at = this.#now();
		} catch {
			// The database is away: what is known goes on counting, and is asked for again in a while.
			if (total.at !== -Infinity) total.at = this.#now();
		} finally {
			total.reading = null;
		}
	}
}
