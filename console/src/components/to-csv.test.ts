import { expect, test } from "vitest";
import { toCsv } from "./to-csv.ts";

test("fields with separators, quotes and line breaks stay one field", () => {
	expect(
		toCsv(
			["a", "b"],
			[
				["x,y", 'she said "no"'],
				["two\nlines", null],
				[1.5, undefined],
			],
		),
	).toBe('a,b\r\n"x,y","she said ""no"""\r\n"two\nlines",\r\n1.5,\r\n');
});

test("what a model wrote is never a formula; numbers stay numbers", () => {
	expect(toCsv(["a"], [["=HYPERLINK(1)"], ["-2"], [-2]])).toBe(
		"a\r\n'=HYPERLINK(1)\r\n'-2\r\n-2\r\n",
	);
});
