import {
	type AccuracyFigures,
	perplexityLoss,
	type SpeedRun,
} from "./figures.ts";

/** What a winner must keep; null is no limit. */
export interface Constraints {
	/** 95th percentile at every measured concurrency. */
	targetItlMs: number | null;
	targetTtftMs: number | null;
	/** Mean KL divergence from the reference, nats a token. */
	maxKl: number | null;
	/** 0.03: the perplexity may be 3 % higher than the reference's. */
	maxPerplexityLoss: number | null;
	maxMemoryBytes: number | null;
}

export interface Violation {
	what: "itl" | "ttft" | "kl" | "perplexity" | "memory";
	/** How far beyond: 1.2 is a fifth too much. */
	ratio: number;
	text: string;
}

export function accuracyViolations(
	accuracy: AccuracyFigures,
	{ maxKl, maxPerplexityLoss }: Constraints,
): Violation[] {
	const violations: Violation[] = [];
	if (maxKl !== null && !(accuracy.meanKl <= maxKl))
		violations.push({
			what: "kl",
			ratio: excess(accuracy.meanKl, maxKl),
			text: `its KL divergence is ${accuracy.meanKl.toFixed(4)}, allowed are ${maxKl}`,
		});
	const loss = perplexityLoss(accuracy);
	if (maxPerplexityLoss !== null && !(loss <= maxPerplexityLoss))
		violations.push({
			what: "perplexity",
			// Of 1 + loss, so that a limit of 0 has a ratio too.
			ratio: excess(1 + loss, 1 + maxPerplexityLoss),
			text: `its perplexity is ${(100 * loss).toFixed(1)} % higher, allowed are ${(100 * maxPerplexityLoss).toFixed(1)} %`,
		});
	return violations;
}

export function speedViolations(
	run: SpeedRun,
	{ targetItlMs, targetTtftMs, maxMemoryBytes }: Constraints,
): Violation[] {
	const violations: Violation[] = [];
	for (const { concurrency, itlP95Ms, ttftP95Ms } of run.loads) {
		if (targetItlMs !== null && !(itlP95Ms <= targetItlMs))
			violations.push({
				what: "itl",
				ratio: excess(itlP95Ms, targetItlMs),
				text: `with ${concurrency} at a time tokens come ${itlP95Ms.toFixed(0)} ms apart (p95), allowed are ${targetItlMs}`,
			});
		if (targetTtftMs !== null && !(ttftP95Ms <= targetTtftMs))
			violations.push({
				what: "ttft",
				ratio: excess(ttftP95Ms, targetTtftMs),
				text: `with ${concurrency} at a time the first token takes ${ttftP95Ms.toFixed(0)} ms (p95), allowed are ${targetTtftMs}`,
			});
	}
	if (maxMemoryBytes !== null && !(run.peakMemoryBytes <= maxMemoryBytes))
		violations.push({
			what: "memory",
			ratio: excess(run.peakMemoryBytes, maxMemoryBytes),
			text: `it needs ${Math.ceil(run.peakMemoryBytes / 1024 ** 2)} MiB, allowed are ${Math.floor(maxMemoryBytes / 1024 ** 2)}`,
		});
	return violations;
}

/** The worst of several; 1 when there are none. */
export function worstRatio(violations: readonly Violation[]): number {
	return violations.reduce((worst, { ratio }) => Math.max(worst, ratio), 1);
}

function excess(value: number, limit: number): number {
	return limit > 0 && Number.isFinite(value)
		? value / limit
		: Number.POSITIVE_INFINITY;
}
