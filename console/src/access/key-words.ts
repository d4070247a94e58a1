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

/** Whether nobody could make or revoke keys in a browser any more without this one. */
export function isLastAdmin(
	key: ApiKey,
	keys: readonly ApiKey[],
	now: number,
): boolean {
	const isAdmin = (one: ApiKey) =>
		one.scopes.includes("admin") && stateOfKey(one, now) === "active";
	return (
		isAdmin(key) && !keys.some((other) => other.id !== key.id && isAdmin(other))
	);
}

const revoked =
	"Whoever uses it is refused from now on. That can't be taken back; its usage stays.";

/** What becomes of it when a key is revoked. */
export function revokeConsequence(
	key: ApiKey,
	keys: readonly ApiKey[],
	now: number,
): string {
	return isLastAdmin(key, keys, now)
		? `This is the last key that may administer: nobody gets into the console with it any more. On the gateway's own machine "galley keys create admin" makes another. ${revoked}`
		: revoked;
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
