import type { ApiKey, KeyLimits } from "../api/access-types.ts";
import { formatCount, formatUsd } from "../components/quantities.ts";

export function stateOfKey(
	{ revokedAt, expiresAt }: ApiKey,
	now: number,
): "active" | "expired" | "revoked" {
	if (revokedAt !== null && revokedAt !== undefined) return "revoked";
	if (
		expiresAt !== null &&
		expiresAt !== undefined &&
		Date.parse(expiresAt) <= now
	)
		return "expired";
	return "active";
}

/** A key's limits as short lines. */
export function limitWords(limits: KeyLimits | null | undefined): string[] {
	const words: string[] = [];
	const add = (
		value: number | null | undefined,
		say: (value: number) => string,
	) => {
		if (value !== null && value !== undefined) words.push(say(value));
	};
	add(
		limits?.requestsPerMinute,
		(value) => `${formatCount(value)} requests/min`,
	);
	add(limits?.tokensPerMinute, (value) => `${formatCount(value)} tokens/min`);
	add(limits?.tokensPerDay, (value) => `${formatCount(value)} tokens/day`);
	add(limits?.concurrency, (value) => `${formatCount(value)} at a time`);
	add(limits?.spendUsd, (value) => `${formatUsd(value)} in all`);
	return words.length === 0 ? ["none"] : words;
}
