import { expect, test } from "vitest";
import {
	broken,
	compare,
	count,
	hold,
	perSecond,
	seconds,
	times,
	verdictTable,
	withoutFlags,
} from "./verdict.ts";

const figures = (own: number, unified: number, streams: number) => [
	{ name: "galley", value: own },
	{ name: "llama-server kv-unified", value: unified },
	{ name: "llama-server no-kv-unified", value: streams },
];

test("a time is compared with the rival's shorter one, and five times shorter is a ratio of 5", () => {
	expect(
		compare({
			case: "cold-burst",
			what: "total time",
			figures: figures(10_000, 60_000, 50_000),
			better: "lower",
			format: seconds,
			atLeast: 5,
		}),
	).toEqual({
		case: "cold-burst",
		what: "total time",
		own: "10.00 s",
		rival: "50.00 s (no-kv-unified)",
		ratio: "5.00x",
		target: "at least 5x",
		isMet: true,
	});
});

test("a speed is compared with the rival's higher one", () => {
	const verdict = compare({
		case: "warm-burst",
		what: "speed",
		figures: figures(110, 100, 90),
		better: "higher",
		format: perSecond,
		atLeast: 1.2,
	});
	expect(verdict).toMatchObject({
		rival: "100.0 tokens/s (kv-unified)",
		ratio: "1.10x",
		isMet: false,
	});
});

test("a limit is met at the limit and not beyond", () => {
	const claim = (own: number) =>
		hold({
			case: "pressure",
			what: "failures",
			figures: figures(own, 8, 0),
			better: "lower",
			format: count,
			limit: 0,
		});
	expect(claim(0)).toMatchObject({
		own: "0",
		rival: "0 (no-kv-unified)",
		target: "at most 0",
		ratio: "",
		isMet: true,
	});
	expect(claim(1).isMet).toBe(false);
});

test("what was not measured is met by nobody", () => {
	for (const better of ["higher", "lower"] as const) {
		const verdict = hold({
			case: "overload",
			what: "share",
			figures: [{ name: "galley", value: Number.NaN }],
			better,
			format: times,
			limit: 1,
		});
		expect(verdict).toMatchObject({ own: "-", rival: "-", isMet: false });
	}
	expect(
		compare({
			case: "overload",
			what: "share",
			figures: [{ name: "galley", value: 1 }],
			better: "higher",
			format: times,
			atLeast: 1,
		}),
	).toMatchObject({ ratio: "-", isMet: false });
});

test("a case that broke has a row with its reason, fit for a table", () => {
	const verdict = broken(
		"overload",
		new Error("/somebody/builds/a | b\nsecond line"),
	);
	expect(verdictTable([verdict]).rows).toEqual([
		["overload", "did not finish: a / b", "-", "-", "", "", "no"],
	]);
});

test("a build without the flags of a case keeps no promise of it", () => {
	const verdict = hold({
		case: "pressure",
		what: "failures",
		figures: figures(0, 8, 0),
		better: "lower",
		format: count,
		limit: 0,
	});
	expect(withoutFlags([verdict], [])).toEqual([verdict]);
	expect(withoutFlags([verdict], ["--kv-cache-tokens"])).toEqual([
		{
			...verdict,
			what: "failures (this build has no --kv-cache-tokens)",
			isMet: false,
		},
	]);
});
