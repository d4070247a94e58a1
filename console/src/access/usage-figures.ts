import type { UsageRow } from "../api/access-types.ts";

export interface UsageSum {
	requests: number;
	errors: number;
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
	seconds: number;
	/** Null when no price is known. */
	costUsd: number | null;
}

export function sumOf(rows: readonly UsageRow[]): UsageSum {
	const sum: UsageSum = {
		requests: 0,
		errors: 0,
		promptTokens: 0,
		cachedTokens: 0,
		completionTokens: 0,
		seconds: 0,
		costUsd: null,
	};
	for (const row of rows) {
		sum.requests += row.requests;
		sum.errors += row.errors;
		sum.promptTokens += row.promptTokens;
		sum.cachedTokens += row.cachedTokens;
		sum.completionTokens += row.completionTokens;
		sum.seconds += row.seconds;
		if (row.costUsd !== null && row.costUsd !== undefined)
			sum.costUsd = (sum.costUsd ?? 0) + row.costUsd;
	}
	return sum;
}

export interface UsageGroup extends UsageSum {
	label: string;
}

/** Sums by what a row is of, the largest first. */
export function groupBy(
	rows: readonly UsageRow[],
	labelOf: (row: UsageRow) => string,
	measure: Measure = "tokens",
): UsageGroup[] {
	const { of } = measures[measure];
	const groups = new Map<string, UsageRow[]>();
	for (const row of rows) {
		const label = labelOf(row);
		groups.set(label, [...(groups.get(label) ?? []), row]);
	}
	return [...groups]
		.map(([label, members]) => ({ label, ...sumOf(members) }))
		.sort((left, right) => of(right) - of(left));
}

function tokensOf(sum: UsageSum): number {
	return sum.promptTokens + sum.completionTokens;
}

export interface UsageSeries {
	/** Seconds since 1970. */
	x: number[];
	series: { label: string; values: number[] }[];
}

const mostSeries = 5;

export const measures = {
	tokens: { title: "Tokens", of: tokensOf },
	requests: { title: "Requests", of: (sum: UsageSum) => sum.requests },
	cost: { title: "Cost", of: (sum: UsageSum) => sum.costUsd ?? 0 },
} as const;
export type Measure = keyof typeof measures;

interface OverTime {
	from: number;
	to: number;
	stepMs: number;
	measure: Measure;
	/** What a line is of. */
	labelOf: (row: UsageRow) => string;
}

/** A measure over time, a line for each of the largest and one for the rest; hours without use are 0. */
export function overTime(
	rows: readonly UsageRow[],
	{ from, to, stepMs, measure, labelOf }: OverTime,
): UsageSeries {
	const { of } = measures[measure];
	const first = Math.floor(from / stepMs) * stepMs;
	const places = Math.max(1, Math.ceil((to - first) / stepMs));
	const x = Array.from(
		{ length: places },
		(_, place) => first + place * stepMs,
	);
	const names = groupBy(rows, labelOf, measure).map(({ label }) => label);
	const shown = names.slice(0, mostSeries);
	const lines = new Map(
		[...shown, ...(names.length > mostSeries ? ["others"] : [])].map(
			(label) => [label, x.map(() => 0)],
		),
	);
	for (const row of rows) {
		const at = Date.parse(row.hour ?? row.day ?? "");
		const place = Math.floor((at - first) / stepMs);
		const line = lines.get(labelOf(row)) ?? lines.get("others");
		const before = line?.[place];
		if (line === undefined || before === undefined) continue;
		line[place] = before + of(row);
	}
	return {
		x: x.map((at) => at / 1000),
		series: [...lines].map(([label, values]) => ({ label, values })),
	};
}
