import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

/** The real program in a process of its own, from source. */
function galley(words: readonly string[]) {
	const main = new URL("./main.ts", import.meta.url).pathname;
	return spawnSync(process.execPath, ["--import", "tsx", main, ...words], {
		encoding: "utf8",
	});
}

it("answers machines in JSON, without colours, with exit code 0", () => {
	const { status, stdout, stderr } = galley(["doctor", "--json", "fake:"]);
	const report = JSON.parse(stdout);
	expect(report).toMatchObject({
		node: process.versions.node,
		models: [{ reference: "fake:", failure: null }],
	});
	expect(stdout + stderr).not.toContain("\u001b");
	expect(status).toBe(report.problems.length === 0 ? 0 : 1);
});

it("exits with the code that the help tells, and says why on stderr", () => {
	const { status, stdout, stderr } = galley(["chat", "gone.gguf", "-m", "hi"]);
	expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
	expect(stderr).toMatch(/^galley: There is no file ".*gone\.gguf"\.\n$/);
});
