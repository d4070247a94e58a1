import { describe, expect, it } from "vitest";
import {
	autoOr,
	byteCount,
	type OptionType,
	oneOf,
	seconds,
	text,
	textList,
	wholeNumber,
	yesOrNo,
} from "./option-types.ts";

function outcome<Value>(
	type: OptionType<Value>,
	value: unknown,
): Value | string | undefined {
	const parsed = type(value);
	return "value" in parsed ? parsed.value : parsed.problem;
}

describe("option types", () => {
	it("takes whole numbers as text or number, inside their range only", () => {
		const port = wholeNumber({ min: 0, max: 65_535 });
		expect(outcome(port, "8000")).toBe(8000);
		expect(outcome(port, 0)).toBe(0);
		for (const wrong of [
			"80.5",
			"abc",
			"",
			"65536",
			-1,
			1.5,
			true,
			null,
			"0x10",
			"1e3",
			Number.NaN,
			[80],
		]) {
			expect(outcome(port, wrong)).toMatch(
				/^must be a whole number from 0 to 65535, not /,
			);
		}
	});

	it("takes bytes with units, binary unless the unit is decimal", () => {
		const size = byteCount({ min: 1, max: 2 ** 40 });
		expect(outcome(size, "4MiB")).toBe(4_194_304);
		expect(outcome(size, "4 MB")).toBe(4_000_000);
		expect(outcome(size, "1.5k")).toBe(1536);
		expect(outcome(size, 77)).toBe(77);
		for (const wrong of ["4 parsecs", "-1", "MiB", "", {}, 0])
			expect(outcome(size, wrong)).toMatch(/^must be a number of bytes/);
	});

	it("takes seconds with fractions", () => {
		const timeout = seconds({ min: 0, max: 60 });
		expect(outcome(timeout, "2.5")).toBe(2.5);
		expect(outcome(timeout, "")).toMatch(/^must be a number of seconds/);
		expect(outcome(timeout, "61")).toMatch(/from 0 to 60, not "61"$/);
	});

	it("takes the usual words for yes and no", () => {
		for (const yes of [true, "true", "1", 1, "YES", "on"])
			expect(outcome(yesOrNo(), yes)).toBe(true);
		for (const no of [false, "false", "0", 0, "no", "OFF"])
			expect(outcome(yesOrNo(), no)).toBe(false);
		expect(outcome(yesOrNo(), "toString")).toMatch(/^must be true or false/);
		expect(outcome(yesOrNo(), "maybe")).toBe(
			'must be true or false, not "maybe"',
		);
	});

	it("takes a word of a list in any case, and other programs' words for it", () => {
		const level = oneOf(["info", "warn"], { warning: "warn" });
		expect(outcome(level, "INFO")).toBe("info");
		expect(outcome(level, "WARNING")).toBe("warn");
		expect(outcome(level, "constructor")).toBe(
			'must be one of info, warn, not "constructor"',
		);
	});

	it("takes lists as lists, repeated flags or commas", () => {
		expect(outcome(textList(), "a, b,,c")).toEqual(["a", "b", "c"]);
		expect(outcome(textList(), ["a,b", "c"])).toEqual(["a", "b", "c"]);
		expect(outcome(textList(), [{}])).toMatch(/^must be text/);
	});

	it("takes text, but neither nothing nor a zero byte", () => {
		expect(outcome(text(), "x")).toBe("x");
		expect(outcome(text(), 42)).toBe("42");
		for (const wrong of ["", "  ", "a\0b", {}, true])
			expect(outcome(text("a path"), wrong)).toMatch(/^must be a path, not /);
	});

	it("takes auto where the profile may decide, and says so when it refuses", () => {
		const threads = autoOr(wholeNumber({ min: 1, max: 8 }));
		expect(outcome(threads, "Auto")).toBeNull();
		expect(outcome(threads, "4")).toBe(4);
		expect(outcome(threads, "9")).toBe(
			'must be "auto" or a whole number from 1 to 8, not "9"',
		);
	});
});
