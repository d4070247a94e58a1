import { describe, expect, it } from "vitest";
import { commandTable } from "./command-table.ts";
import { runProgram } from "./program.ts";

async function run(line: string) {
	const out: string[] = [];
	const error: string[] = [];
	const code = await runProgram(
		line.split(" ").filter((word) => word !== ""),
		{
			stdout: { write: (text: string) => out.push(text) },
			stderr: { write: (text: string) => error.push(text) },
		},
	);
	return { code, out: out.join(""), error: error.join("") };
}

describe("galley", () => {
	it("shows all commands and the exit codes when nothing or help is asked", async () => {
		for (const line of ["", "--help", "help"]) {
			const { code, out } = await run(line);
			expect(code).toBe(0);
			for (const { name } of commandTable) expect(out).toContain(`  ${name}`);
			expect(out).toContain("Exit codes: 0 done");
		}
	});

	it("shows the help of each command", async () => {
		for (const { name } of commandTable) {
			const { code, out } = await run(`${name} --help`);
			expect(code).toBe(0);
			expect(out).toContain(`Usage: galley ${name}`);
			expect((await run(`help ${name}`)).out).toBe(out);
		}
	});

	it("shows its version", async () => {
		expect(await run("--version")).toMatchObject({
			code: 0,
			out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
		});
	});

	it("answers wrong usage with code 2 and a hint", async () => {
		expect(await run("chta")).toMatchObject({
			code: 2,
			error: expect.stringContaining("Did you mean chat?"),
		});
		expect(await run("chat --tempreature 1")).toMatchObject({
			code: 2,
			error: expect.stringContaining("unknown option"),
		});
		expect(await run("bench")).toMatchObject({
			code: 2,
			error: expect.stringContaining("Say what to measure"),
		});
		expect(await run("doctor --threads many")).toMatchObject({
			code: 2,
			error:
				'galley: --threads must be "auto" or a whole number from 1 to 1024, not "many".\n',
		});
	});

	it("answers a model that isn't there with code 3", async () => {
		expect(await run("chat gone.gguf -m hi")).toMatchObject({
			code: 3,
			error: expect.stringContaining("There is no file"),
		});
	});

	it("answers a service that isn't there with code 4", async () => {
		const { code, error } = await run("chat --url http://127.0.0.1:9 -m hi");
		expect(code).toBe(4);
		expect(error).toContain("Nobody answers at http://127.0.0.1:9");
	});
});
