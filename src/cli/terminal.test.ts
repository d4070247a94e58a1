import { describe, expect, it } from "vitest";
import {
	alignColumns,
	createPaint,
	withoutControls,
	wrapText,
} from "./terminal.ts";

const output = (isTTY: boolean) => ({ isTTY, write() {} });

describe("createPaint", () => {
	it("colours for a terminal only, and not where NO_COLOR or a dumb terminal forbids it", () => {
		expect(createPaint(output(true), {})("red", "x")).toBe(
			"\u001b[31mx\u001b[39m",
		);
		expect(createPaint(output(false), {})("red", "x")).toBe("x");
		expect(createPaint(output(true), { NO_COLOR: "1" })("red", "x")).toBe("x");
		expect(createPaint(output(true), { NO_COLOR: "" })("red", "x")).not.toBe(
			"x",
		);
		expect(createPaint(output(true), { TERM: "dumb" })("red", "x")).toBe("x");
	});
});

describe("withoutControls", () => {
	it("takes away what a terminal would obey and keeps lines and tabs", () => {
		expect(withoutControls("a\u001b[2Jb\u0007\r\nc\td\u009b1m")).toBe(
			"a[2Jb\nc\td1m",
		);
		expect(withoutControls("Zoë 🦙 日本")).toBe("Zoë 🦙 日本");
	});
});

describe("alignColumns", () => {
	it("puts cells in line and leaves no spaces at ends", () => {
		expect(
			alignColumns([
				["NAME", "STATE"],
				["linux-x64", "installed"],
				["x", ""],
			]),
		).toBe("NAME       STATE\nlinux-x64  installed\nx");
	});
});

describe("wrapText", () => {
	it("breaks at spaces and indents what follows", () => {
		expect(wrapText("one two three four", 9, "  ")).toBe(
			"one two\n  three\n  four",
		);
		expect(wrapText("unbreakable", 3)).toBe("unbreakable");
		expect(wrapText("", 10)).toBe("");
	});
});
