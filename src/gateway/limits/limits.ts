import { z } from "zod";

/** What a key or a tenant may use at most; what is null or left out is not limited. */
export interface Limits {
	requestsPerMinute?: number | null | undefined;
	/** Prompt and answer together, cached ones too. */
	tokensPerMinute?: number | null | undefined;
	/** A day begins at midnight UTC. */
	tokensPerDay?: number | null | undefined;
	/** Requests at a time. */
	concurrency?: number | null | undefined;
	/** All in all, by the price table; raise it to let the key go on. */
	spendUsd?: number | null | undefined;
}

const count = z.int().min(1).max(1_000_000_000_000).nullish();

export const limitsSchema = z.strictObject({
	requestsPerMinute: count,
	tokensPerMinute: count,
	tokensPerDay: count,
	concurrency: z.int().min(1).max(1_000_000).nullish(),
	spendUsd: z.number().positive().max(1e12).nullish(),
});

/** Those that limit something; null when none does. */
export function withoutEmptyLimits(limits: Limits): Limits | null {
	const set = Object.entries(limits).filter(
		([, value]) => value !== null && value !== undefined,
	);
	return set.length === 0 ? null : (Object.fromEntries(set) as Limits);
}
