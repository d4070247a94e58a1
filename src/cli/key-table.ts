import type { Limits } from "../gateway/limits/limits.ts";
import { alignColumns, withoutControls } from "./terminal.ts";

/** A key as `GET /v1/keys` shows it. */
export interface ShownKey {
	id: string;
	name: string;
	prefix: string;
	tenant: string;
	scopes: readonly string[];
	models: readonly string[] | null;
	limits: Limits;
	expiresAt: string | null;
	lastUsedAt: string | null;
	state: "active" | "expired" | "revoked";
}

export function formatKeys(keys: readonly ShownKey[], now: number): string {
	if (keys.length === 0) return "There are no keys.";
	const rows = keys.map((key) => [
		key.id,
		withoutControls(key.name),
		`${key.prefix}...`,
		key.tenant,
		key.scopes.join(","),
		key.models === null ? "all" : withoutControls(key.models.join(",")),
		formatLimits(key.limits),
		key.state === "active" ? formatEnd(key.expiresAt, now) : key.state,
		formatPast(key.lastUsedAt, now),
	]);
	const head = [
		"ID",
		"NAME",
		"KEY",
		"TENANT",
		"SCOPES",
		"MODELS",
		"LIMITS",
		"ENDS",
		"LAST USED",
	];
	return alignColumns([head, ...rows]);
}

function formatLimits(limits: Limits): string {
	const names: readonly [keyof Limits, string][] = [
		["requestsPerMinute", " requests/min"],
		["tokensPerMinute", " tokens/min"],
		["tokensPerDay", " tokens/day"],
		["concurrency", " at a time"],
		["spendUsd", " USD"],
	];
	const parts = names.flatMap(([name, unit]) => {
		const limit = limits[name];
		return limit === null || limit === undefined
			? []
			: [`${short(limit)}${unit}`];
	});
	return parts.length === 0 ? "none" : parts.join(", ");
}

/** `1.5M`, `20k`, `600`. */
export function short(count: number): string {
	if (count >= 1e6) return `${Number((count / 1e6).toFixed(1))}M`;
	if (count >= 10_000) return `${Number((count / 1000).toFixed(1))}k`;
	return String(count);
}

function formatEnd(time: string | null, now: number): string {
	return time === null ? "never" : `in ${formatSpan(Date.parse(time) - now)}`;
}

function formatPast(time: string | null, now: number): string {
	if (time === null) return "never";
	const ms = now - Date.parse(time);
	return ms < 60_000 ? "just now" : `${formatSpan(ms)} ago`;
}

function formatSpan(ms: number): string {
	const minutes = Math.max(1, Math.round(ms / 60_000));
	if (minutes < 120) return `${minutes} min`;
	const hours = Math.round(minutes / 60);
	return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
