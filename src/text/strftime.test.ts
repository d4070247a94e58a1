import { expect, test } from "vitest";
import { toStrftime } from "./strftime.ts";

/** A Sunday. */
const date = new Date(2024, 2, 3, 15, 4, 5);

test("writes dates as chat templates ask for them", () => {
	expect(toStrftime(date, "%d %b %Y")).toBe("03 Mar 2024");
	expect(toStrftime(date, "%B %-d, %Y")).toBe("March 3, 2024");
	expect(toStrftime(date, "%Y-%m-%d")).toBe("2024-03-03");
	expect(toStrftime(date, "%A, %H:%M:%S")).toBe("Sunday, 15:04:05");
});

test("knows Python's other usual directives", () => {
	expect(toStrftime(date, "%a %e %I %p %j %y %w %F %T 100%%")).toBe(
		"Sun  3 03 PM 063 24 0 2024-03-03 15:04:05 100%",
	);
	expect(toStrftime(new Date(2023, 0, 1, 0, 0), "%I %p")).toBe("12 AM");
});

test("leaves what it does not know", () => {
	expect(toStrftime(date, "%Q 5% %")).toBe("%Q 5% %");
});
