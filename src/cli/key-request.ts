import type { Limits } from "../gateway/limits/limits.ts";
import { CommandFailure, exitCodes } from "./exit-codes.ts";

export interface KeyFlags {
	tenant?: string;
	scopes?: string;
	models?: string;
	expires?: string;
	requestsPerMinute?: string;
	tokensPerMinute?: string;
	tokensPerDay?: string;
	concurrency?: string;
	spendUsd?: string;
}

const limitNames = [
	"requestsPerMinute",
	"tokensPerMinute",
	"tokensPerDay",
	"concurrency",
	"spendUsd",
] as const satisfies readonly (keyof Limits)[];

/** The body that flags stand for: only what was given, so that an update leaves the rest alone. */
export function toKeyRequest(
	flags: KeyFlags,
	now: number,
): Record<string, unknown> {
	const limits: Record<string, number | null> = {};
	for (const name of limitNames) {
		const text = flags[name];
		if (text !== undefined) limits[name] = toLimit(text, name);
	}
	return {
		...(flags.tenant === undefined ? {} : { tenant: flags.tenant }),
		...(flags.scopes === undefined ? {} : { scopes: listOf(flags.scopes) }),
		...(flags.models === undefined ? {} : { models: patternsOf(flags.models) }),
		...(flags.expires === undefined
			? {}
			: { expiresAt: toTime(flags.expires, now) }),
		...(Object.keys(limits).length === 0 ? {} : { limits }),
	};
}

function listOf(text: string): string[] {
	return text
		.split(",")
		.map((part) => part.trim())
		.filter((part) => part !== "");
}

/** Null is all of them. */
function patternsOf(text: string): string[] | null {
	return text.trim() === "all" ? null : listOf(text);
}

/** `1000`, `1_000`, `20k`, `1.5M`; null for `none`. */
function toLimit(text: string, name: string): number | null {
	if (text.trim() === "none") return null;
	const [, digits, unit] =
		/^(\d[\d_]*(?:\.\d+)?)([kKM]?)$/.exec(text.trim()) ?? [];
	const factor = unit === "M" ? 1e6 : unit === "" ? 1 : 1000;
	if (digits !== undefined) return Number(digits.replaceAll("_", "")) * factor;
	const flag = name.replaceAll(
		/[A-Z]/g,
		(letter) => `-${letter.toLowerCase()}`,
	);
	throw new CommandFailure(
		`--${flag} is a number such as 1000, 20k or 1.5M, or "none".`,
		exitCodes.usage,
	);
}

const unitMs: Readonly<Record<string, number>> = {
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
};

function toTime(text: string, now: number): string | null {
	const written = text.trim();
	if (written === "never") return null;
	const [, count, unit = ""] = /^(\d+)([mhd])$/.exec(written) ?? [];
	const time =
		count === undefined
			? Date.parse(written)
			: now + Number(count) * (unitMs[unit] ?? Number.NaN);
	if (!Number.isNaN(time)) return new Date(time).toISOString();
	throw new CommandFailure(
		'--expires is a time such as 90d, 12h or 2027-01-31, or "never".',
		exitCodes.usage,
	);
}
