import { expect, test } from "vitest";
import { plainLine } from "./plain-line.ts";

test("colours and control characters go, words stay", () => {
	expect(
		plainLine("\u001b[1;32mready\u001b[0m\u0007 <b>not bold</b>\u001b[2J"),
	).toBe("ready <b>not bold</b>");
});
