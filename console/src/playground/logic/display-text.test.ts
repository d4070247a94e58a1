import { describe, expect, test } from "vitest";
import { safeLink, toDrawable, withoutControls } from "./display-text.ts";

describe("what a model wrote", () => {
	test("loses terminal colours and what turns writing around", () => {
		expect(withoutControls("\u001b[31mred\u001b[0m\u0007")).toBe("red");
		expect(
			withoutControls("a\u001b]8;;http://x\u0007link\u001b]8;;\u0007b"),
		).toBe("alinkb");
		expect(withoutControls("safe\u202etxt.exe")).toBe("safetxt.exe");
		expect(withoutControls("tab\tline\r\nnext")).toBe("tab\tline\nnext");
	});

	test("an escape that never ends swallows at most its own line of work", () => {
		expect(withoutControls("x\u001b[")).toBe("x[");
	});

	test("huge tables are cut, and say by how much", () => {
		const rows = Array.from({ length: 500 }, (_, i) => `| ${i} | x |`);
		const { kind, text, hiddenRows } = toDrawable(
			["| a | b |", "|---|---|", ...rows, "", "after"].join("\n"),
		);
		expect(kind).toBe("markdown");
		expect(hiddenRows).toBe(400);
		expect(text).toContain("| 99 | x |");
		expect(text).not.toContain("| 100 | x |");
		expect(text.endsWith("after")).toBe(true);
	});

	test("rows inside of code are code", () => {
		const rows = Array.from({ length: 300 }, () => "| x |").join("\n");
		expect(toDrawable(`\`\`\`\n${rows}\n\`\`\``).hiddenRows).toBe(0);
	});

	test("too long or too deep is drawn as it is", () => {
		expect(toDrawable("word ".repeat(20_000)).kind).toBe("plain");
		expect(toDrawable(`${"> ".repeat(500)}deep`).kind).toBe("plain");
		expect(toDrawable(`${"- ".repeat(200)}x`).kind).toBe("plain");
		expect(toDrawable("1. ".repeat(200)).kind).toBe("plain");
		// A line of many blanks must not be tried in every way there is.
		expect(toDrawable(`${`>${" ".repeat(40)}`.repeat(19)}x`).kind).toBe(
			"markdown",
		);
		expect(toDrawable("[".repeat(5000)).kind).toBe("plain");
		expect(toDrawable("> quoted\n> > twice\n\n- a\n  - b\n\n---\n").kind).toBe(
			"markdown",
		);
	});

	test("only links that lead to a page or a mailbox are links", () => {
		expect(safeLink("https://example.org/a?b=c")).toBe(
			"https://example.org/a?b=c",
		);
		expect(safeLink("mailto:a@example.org")).toBe("mailto:a@example.org");
		for (const bad of [
			"javascript:alert(1)",
			" JaVaScRiPt:alert(1)",
			"java\nscript:alert(1)",
			"data:text/html,<script>",
			"vbscript:x",
			"file:///etc/passwd",
			"//example.org",
			"/v1/keys",
			"#x",
			"blob:https://x/y",
			"",
		])
			expect(safeLink(bad)).toBeNull();
	});
});
