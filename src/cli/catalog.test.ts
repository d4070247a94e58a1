import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseEntries } from "../models/catalog/parse-entries.ts";
import { yamlOf } from "../models/catalog/testing/entries.ts";
import { diskFiles } from "../models/model-reference.ts";
import { runProgram } from "./program.ts";

let folder = "";
let out = "";
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "galley-catalog-"));
	out = "";
	vi.spyOn(process.stdout, "write").mockImplementation((text) => {
		out += String(text);
		return true;
	});
});
afterEach(() => {
	vi.restoreAllMocks();
	rmSync(folder, { recursive: true });
});

async function run(...words: string[]) {
	const error: string[] = [];
	const code = await runProgram(["catalog", ...words], {
		stdout: process.stdout,
		stderr: { write: (text: string) => error.push(text) },
	});
	return { code, error: error.join("") };
}

describe("galley catalog", () => {
	it("searches, also for machines, and takes a team's own entries", async () => {
		writeFileSync(join(folder, "tiny-chat.yaml"), yamlOf());
		expect(
			await run("search", "acme", "--catalog", folder, "--json"),
		).toMatchObject({ code: 0 });
		const result = JSON.parse(out);
		expect(result.entries).toMatchObject([
			{ id: "tiny-chat", origin: folder, fit: { variant: "q4_k_m" } },
		]);
		expect(result.facets.task).toEqual([{ value: "chat", count: 1 }]);
	});

	it("shows a card, and says what was probably meant", async () => {
		expect((await run("show", "starter-chat")).code).toBe(0);
		expect(out).toContain("Run it: galley run starter-chat");
		expect(await run("show", "starter-chta")).toMatchObject({
			code: 3,
			error: expect.stringContaining('Did you mean "starter-chat"?'),
		});
	});

	it("refuses filters that don't exist", async () => {
		expect(await run("search", "--sort", "best")).toMatchObject({
			code: 2,
			error: expect.stringContaining('"sort" must be one of relevance'),
		});
	});

	it("checks a team's entries and fails when one is wrong", async () => {
		writeFileSync(join(folder, "tiny-chat.yaml"), yamlOf());
		expect((await run("check", folder)).code).toBe(0);
		expect(out).toBe("1 entry is right.\n");
		writeFileSync(join(folder, "other.yaml"), "id: other\nnam: x\n");
		expect(await run("check", folder)).toMatchObject({
			code: 1,
			error: expect.stringContaining("1 entry is right; "),
		});
		expect(out).toMatch(
			/other\.yaml:2: nam: is not known; did you mean "name"\?/,
		);
		expect((await run("check", join(folder, "gone"))).code).toBe(2);
	});
});

describe("the page about the catalog", () => {
	it("has an example that is right", () => {
		const page = readFileSync(
			join(diskFiles.packageDirectory, "docs/catalog.md"),
			"utf8",
		);
		const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
		expect(parseEntries("docs/catalog.md", example)).toMatchObject({
			entries: [{ id: "acme-support-7b" }],
			problems: [],
		});
	});
});
