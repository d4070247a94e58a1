import type { Sequence } from "./sequence.ts";

/** Tenants whose service is remembered after their last request. */
const rememberedTenants = 1024;

interface Tenant {
	/** Tokens computed for it, on a scale that all tenants share. */
	service: number;
	/** Sequences of it that wait or run. */
	active: number;
}

/**
 * Who is next. Lower priority first; within a priority
 *
 *  1. preempted sequences, oldest first: they have waited already,
 *  2. the tenant that was served least, and of its sequences the oldest.
 *
 * Service is counted as in "Fairness in Serving Large Language Models" (Sheng et al., OSDI 2024): a tenant that comes
 * back begins at the least service of those that are active, so that idling earns no credit.
 */
export class WaitingQueue {
	readonly #tenants = new Map<string, Tenant>();
	#waiting: Sequence[] = [];

	get length(): number {
		return this.#waiting.length;
	}

	get sequences(): readonly Sequence[] {
		return this.#waiting;
	}

	/** A new sequence; it stays active until `end`. */
	enter(sequence: Sequence): void {
		const tenant = this.#tenant(sequence.spec.tenant);
		if (tenant.active === 0)
			tenant.service = Math.max(tenant.service, this.#leastActiveService());
		tenant.active++;
		this.#waiting.push(sequence);
	}

	/** A preempted sequence comes back. */
	putBack(sequence: Sequence): void {
		this.#waiting.push(sequence);
	}

	/** The next one that is not in `passed`, of those that may be considered; null when there is none. */
	next(
		passed: ReadonlySet<Sequence>,
		mayBegin: (sequence: Sequence) => boolean = () => true,
	): Sequence | null {
		let best: Sequence | null = null;
		for (const sequence of this.#waiting)
			if (
				!passed.has(sequence) &&
				mayBegin(sequence) &&
				(best === null || this.#isBefore(sequence, best))
			)
				best = sequence;
		return best;
	}

	remove(sequence: Sequence): void {
		this.#waiting = this.#waiting.filter((other) => other !== sequence);
	}

	/** Tokens that were, or are about to be, computed for a sequence. */
	charge(sequence: Sequence, tokens: number): void {
		this.#tenant(sequence.spec.tenant).service += tokens;
	}

	/** A sequence is gone for good. */
	end(sequence: Sequence): void {
		this.remove(sequence);
		this.#tenant(sequence.spec.tenant).active--;
		this.#forgetIdleTenants();
	}

	#isBefore(left: Sequence, right: Sequence): boolean {
		if (left.spec.priority !== right.spec.priority)
			return left.spec.priority < right.spec.priority;
		const isLeftBack = left.preemptions > 0;
		if (isLeftBack !== right.preemptions > 0) return isLeftBack;
		if (!isLeftBack && left.spec.tenant !== right.spec.tenant) {
			const leftService = this.#tenant(left.spec.tenant).service;
			const rightService = this.#tenant(right.spec.tenant).service;
			if (leftService !== rightService) return leftService < rightService;
		}
		return left.arrival < right.arrival;
	}

	#leastActiveService(): number {
		let least = Number.POSITIVE_INFINITY;
		for (const { active, service } of this.#tenants.values())
			if (active > 0) least = Math.min(least, service);
		return least === Number.POSITIVE_INFINITY ? 0 : least;
	}

	#tenant(name: string): Tenant {
		const known = this.#tenants.get(name);
		if (known !== undefined) return known;
		const tenant = { service: 0, active: 0 };
		this.#tenants.set(name, tenant);
		return tenant;
	}

	#forgetIdleTenants(): void {
		if (this.#tenants.size <= rememberedTenants) return;
		for (const [name, { active }] of this.#tenants)
			if (active === 0) {
				this.#tenants.delete(name);
				return;
			}
	}
}
