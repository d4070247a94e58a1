import { expect, test } from "vitest";
import type { UsageRow } from "../api/access-types.ts";
import { groupBy, overTime, sumOf } from "./usage-figures.ts";

const hour = 3_600_000;

function row(change: Partial<UsageRow>): UsageRow {
	return {
		model: "m",
		hour: new Date(0).toISOString(),
		requests: 1,
		errors: 0,
		promptTokens: 10,
		cachedTokens: 5,
		completionTokens: 2,
		seconds: 1,
		costUsd: null,
		...change,
	};
}

test("a cost that nobody knows stays unknown; one that is known counts", () => {
	expect(sumOf([row({})]).costUsd).toBeNull();
	expect(sumOf([row({}), row({ costUsd: 0.5 })]).costUsd).toBe(0.5);
});

test("the largest group comes first", () => {
	const groups = groupBy(
		[row({ model: "a" }), row({ model: "b", promptTokens: 90 })],
		({ model }) => model ?? "",
	);
	expect(groups.map(({ label }) => label)).toEqual(["b", "a"]);
});

test("tokens lie in their hour, hours without use are 0, small models are together", () => {
	const rows = Array.from({ length: 8 }, (_, place) =>
		row({ model: `m${place}`, promptTokens: 100 - place }),
	);
	const { x, series } = overTime(
		[...rows, row({ model: "m0", hour: new Date(2 * hour).toISOString() })],
		{
			from: 0,
			to: 4 * hour,
			stepMs: hour,
			measure: "tokens",
			labelOf: ({ model }) => model ?? "",
		},
	);
	expect(x).toEqual([0, 3600, 7200, 10_800]);
	expect(series.map(({ label }) => label)).toEqual([
		"m0",
		"m1",
		"m2",
		"m3",
		"m4",
		"others",
	]);
	expect(series[0]?.values).toEqual([102, 0, 12, 0]);
	expect(series[5]?.values[0]).toBe(95 + 94 + 93 + 6);
});

test("what costs most is the first line of the costs, whatever it had of tokens", () => {
	const { series } = overTime(
		[
			row({ keyName: "cheap", promptTokens: 1000, costUsd: 0.01 }),
			row({ keyName: "dear", costUsd: 2 }),
			row({ keyName: "free", costUsd: null }),
		],
		{
			from: 0,
			to: hour,
			stepMs: hour,
			measure: "cost",
			labelOf: ({ keyName }) => keyName ?? "",
		},
	);
	expect(series).toEqual([
		{ label: "dear", values: [2] },
		{ label: "cheap", values: [0.01] },
		{ label: "free", values: [0] },
	]);
});
