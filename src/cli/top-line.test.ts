import { describe, expect, it } from "vitest";
import {
	fitLine,
	formatAge,
	formatCount,
	formatMilliseconds,
	formatPercent,
	formatRate,
	plain,
	styled,
	widthOf,
	wrapItems,
} from "./top-line.ts";

describe("lines", () => {
	it("are cut by what is seen, not by what is written", () => {
		const line = [styled("bold", "abc"), plain("def"), styled("red", "ghi")];
		const paint = (style: string, text: string) => `<${style}>${text}</>`;
		expect(fitLine(line, 5, paint)).toBe("<bold>abc</>de");
		expect(fitLine(line, 100, paint)).toBe("<bold>abc</>def<red>ghi</>");
		expect(fitLine(line, 0, paint)).toBe("");
	});

	it("break between items, and begin again below the first item", () => {
		const items = ["one", "three", "seventeen"].map((text) => [plain(text)]);
		const lines = wrapItems("Label", items, 24);
		expect(lines.map((line) => line.map(({ text }) => text).join(""))).toEqual([
			"Label       one   three",
			"            seventeen",
		]);
		expect(widthOf(lines[0] ?? [])).toBe(23);
	});
});

describe("numbers", () => {
	it("are written as people read them", () => {
		expect([0, 999, 12_345.6].map(formatCount)).toEqual(["0", "999", "12,346"]);
		expect([0, 0.04, 2.13, 9.97, 812.4].map(formatRate)).toEqual([
			...["0", "0.0", "2.1", "10", "812"],
		]);
		expect([0, 0.634, 1].map(formatPercent)).toEqual(["0 %", "63 %", "100 %"]);
		expect([0.75, 38.2].map(formatMilliseconds)).toEqual(["0.8 ms", "38 ms"]);
		expect([2.54, 59.6, 200, 8000, 446_400].map(formatAge)).toEqual([
			...["2.5s", "1m0s", "3m20s", "2h13m", "5d4h"],
		]);
	});

	it("are a dash when they are not known", () => {
		const formats = [
			formatCount,
			formatRate,
			formatPercent,
			formatMilliseconds,
		];
		for (const format of formats)
			expect([format(null), format(undefined)]).toEqual(["-", "-"]);
	});
});
