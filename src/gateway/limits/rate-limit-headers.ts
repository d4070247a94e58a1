import type { WindowShare } from "./window-share.ts";

/** `6m0s`, `1.5s`, `20ms`: as OpenAI writes how long it takes. */
export function formatReset(ms: number): string {
	if (ms < 1000) return `${Math.ceil(ms)}ms`;
	const seconds = Math.ceil(ms / 100) / 10;
	if (seconds < 60) return `${seconds}s`;
	const whole = Math.ceil(seconds);
	const hours = Math.floor(whole / 3600);
	const minutes = Math.floor((whole % 3600) / 60);
	const rest = `${minutes}m${whole % 60}s`;
	return hours === 0 ? rest : `${hours}h${rest}`;
}

/**
 * OpenAI's headers; of several limits on the same thing, those of the one that has the smallest part left.
 * https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
 */
export function rateLimitHeaders(
	shares: readonly WindowShare[],
	nowMs: number,
): Record<string, string> {
	const headers: Record<string, string> = {};
	for (const counts of ["requests", "tokens"] as const) {
		let tightest: WindowShare | null = null;
		for (const share of shares) {
			if (share.kind.counts !== counts) continue;
			const isTighter =
				tightest === null ||
				share.remaining / share.limit < tightest.remaining / tightest.limit;
			if (isTighter) tightest = share;
		}
		if (tightest === null) continue;
		headers[`x-ratelimit-limit-${counts}`] = String(tightest.limit);
		headers[`x-ratelimit-remaining-${counts}`] = String(tightest.remaining);
		headers[`x-ratelimit-reset-${counts}`] = formatReset(
			tightest.endsInMs(nowMs),
		);
	}
	return headers;
}
