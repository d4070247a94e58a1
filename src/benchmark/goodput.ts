import { GalleyError } from "../core/errors.ts";
import { type RequestRecord, timePerOutputToken } from "./request-record.ts";

/** What a request must keep to be a good one, in milliseconds. */
export interface GoodputLimits {
	ttft?: number | undefined;
	tpot?: number | undefined;
	e2el?: number | undefined;
}

const names = ["ttft", "tpot", "e2el"] as const;

/** Reads `ttft:500`, `tpot:50`, `e2el:2000` (milliseconds), as `vllm bench serve --goodput` takes them. */
export function parseGoodput(parts: readonly string[]): GoodputLimits {
	const limits: GoodputLimits = {};
	for (const part of parts) {
		const [key = "", value = ""] = part.split(":");
		const name = names.find((known) => known === key);
		const limit = Number(value);
		if (
			name === undefined ||
			value.trim() === "" ||
			!Number.isFinite(limit) ||
			limit < 0
		) {
			throw new GalleyError(
				"invalid_request",
				`"${part}" is not a goodput limit: write ttft:500, tpot:50 or e2el:2000 (milliseconds).`,
				{
					param: "goodput",
				},
			);
		}
		limits[name] = limit;
	}
	return limits;
}

/** Whether a finished request kept every limit. A request of one token has no TPOT and keeps that limit. */
export function isGood(record: RequestRecord, limits: GoodputLimits): boolean {
	if (record.error !== null || record.ttftMs === null) return false;
	return (
		record.ttftMs <= (limits.ttft ?? Number.POSITIVE_INFINITY) &&
		(timePerOutputToken(record) ?? 0) <=
			(limits.tpot ?? Number.POSITIVE_INFINITY) &&
		record.e2eMs <= (limits.e2el ?? Number.POSITIVE_INFINITY)
	);
}
