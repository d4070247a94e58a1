import type { Limits } from "./limits.ts";

/** What is counted in windows, which begin at whole minutes and days UTC. */
export const windowKinds = [
	{ kind: "requestsPerMinute", counts: "requests", seconds: 60 },
	{ kind: "tokensPerMinute", counts: "tokens", seconds: 60 },
	{ kind: "tokensPerDay", counts: "tokens", seconds: 86_400 },
] as const satisfies readonly {
	kind: keyof Limits;
	counts: "requests" | "tokens";
	seconds: number;
}[];

export type WindowKind = (typeof windowKinds)[number];

/** In seconds since 1970. */
export function windowStart({ seconds }: WindowKind, nowMs: number): number {
	return Math.floor(nowMs / 1000 / seconds) * seconds;
}
