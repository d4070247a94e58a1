import type { OptimizationRequest } from "../api/job-types.ts";

interface Typed {
	model: string;
	concurrency: readonly number[];
	/** `Q8_0, Q4_K_M`; empty takes the usual ones. */
	precisions: string;
	isFresh: boolean;
	inputTokens: number | undefined;
	prefixTokens: number | undefined;
	outputTokens: number | undefined;
	minutes: number | undefined;
	/** Undefined is no limit, here and in those that follow. */
	targetItlMs: number | undefined;
	targetTtftMs: number | undefined;
	perplexityPercent: number | undefined;
	maxKl: number | undefined;
	memoryGib: number | undefined;
}

/** What was typed as the gateway takes it: accuracy has limits unless it is told `off`, the others only when told. */
export function toOptimizationRequest({
	precisions,
	isFresh,
	perplexityPercent,
	maxKl,
	memoryGib,
	...typed
}: Typed): OptimizationRequest {
	const names = precisions.split(/[\s,;]+/).filter((name) => name !== "");
	const given = Object.fromEntries(
		Object.entries(typed).filter(([, value]) => value !== undefined),
	) as Pick<OptimizationRequest, "model">;
	return {
		...given,
		...(names.length === 0 ? {} : { precisions: names }),
		maxPerplexityLoss:
			perplexityPercent === undefined
				? "off"
				: Number((perplexityPercent / 100).toFixed(6)),
		maxKl: maxKl ?? "off",
		...(memoryGib === undefined || memoryGib === 0
			? {}
			: { maxMemory: Math.round(memoryGib * 1024 ** 3) }),
		...(isFresh ? { fresh: true } : {}),
	};
}
