import { describe, expect, it } from "vitest";
import {
	createStatusLine,
	formatDuration,
	formatLoading,
} from "./status-line.ts";

function record(isTTY: boolean) {
	const written: string[] = [];
	return {
		written,
		output: { isTTY, columns: 20, write: (text: string) => written.push(text) },
	};
}

describe("createStatusLine", () => {
	it("writes over itself on a terminal, never wider than it", () => {
		const { written, output } = record(true);
		const line = createStatusLine(output);
		line.clear();
		line.show("x".repeat(50));
		line.clear();
		line.clear();
		expect(written).toEqual([`\r\u001b[K${"x".repeat(19)}`, "\r\u001b[K"]);
	});

	it("takes a terminal of 0 columns for one of the usual width", () => {
		const { written, output } = record(true);
		createStatusLine({ ...output, columns: 0 }).show("x".repeat(100));
		expect(written).toEqual([`\r\u001b[K${"x".repeat(79)}`]);
	});

	it("is silent anywhere else", () => {
		const { written, output } = record(false);
		const line = createStatusLine(output);
		line.show("loading");
		line.clear();
		expect(written).toEqual([]);
	});
});

describe("formatLoading", () => {
	it("shows how far and how long", () => {
		expect(formatLoading("m", 0.5, 3)).toBe(
			`Loading m [${"=".repeat(10)}${" ".repeat(10)}]  50 %, 3.0 s left`,
		);
		expect(formatLoading("m", 0, null)).toBe(
			`Loading m [${" ".repeat(20)}]   0 %`,
		);
		expect(formatLoading("m", 7, null)).toContain("100 %");
	});

	it("writes times as people do", () => {
		expect([0.25, 9.9, 9.97, 59.4, 60, 200].map(formatDuration)).toEqual([
			"0.3 s",
			"9.9 s",
			"10 s",
			"59 s",
			"1 min 0 s",
			"3 min 20 s",
		]);
	});
});
