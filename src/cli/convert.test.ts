import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { describeModel } from "../models/model-description.ts";
import { registerConvertCommand } from "./convert.ts";

const fixtures = fileURLToPath(
	new URL("../../test/fixtures/conversion", import.meta.url),
);
let directory = "";
let printed = "";
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "galley-convert-"));
	printed = "";
	vi.spyOn(process.stdout, "write").mockImplementation((text) => {
		printed += String(text);
		return true;
	});
	vi.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => {
	vi.restoreAllMocks();
	for (const signal of ["SIGINT", "SIGTERM", "disconnect"])
		process.removeAllListeners(signal);
	rmSync(directory, { recursive: true });
});

async function galleyConvert(...words: string[]): Promise<void> {
	const program = new Command();
	registerConvertCommand(program);
	await program.parseAsync(["convert", ...words], { from: "user" });
}

describe("galley convert", () => {
	it("writes f16 and says what it wrote", async () => {
		const out = join(directory, "model.gguf");
		await galleyConvert(join(fixtures, "llama"), "--out", out);
		expect(printed).toMatch(/model\.gguf: llama, .* parameters, f16/);
		expect((await describeModel(out)).precision).toBe("F16");
	});

	it("makes the quantiser's precisions too, and keeps nothing else", async () => {
		const out = join(directory, "model.gguf");
		await galleyConvert(
			join(fixtures, "llama"),
			"--out",
			out,
			"--precision",
			"q5_0",
			"--json",
		);
		const last = JSON.parse(printed.trim().split("\n").at(-1) ?? "");
		expect(last).toMatchObject({
			event: "done",
			kind: "model",
			precision: "q5_0",
			architecture: "llama",
		});
		expect((await describeModel(out)).precision).toBe("Q5_0");
		expect(readdirSync(directory)).toEqual(["model.gguf"]);
	});

	it("refuses an unknown precision before it writes", async () => {
		const out = join(directory, "model.gguf");
		await expect(
			galleyConvert(
				join(fixtures, "llama"),
				"--out",
				out,
				"--precision",
				"q99",
			),
		).rejects.toThrow(/"q99" is no precision. There are f32, f16/);
		expect(existsSync(out)).toBe(false);
	});

	it("knows an adapter by its configuration, and wants its base", async () => {
		const base = join(directory, "base.gguf");
		const out = join(directory, "adapter.gguf");
		const adapter = join(fixtures, "llama/adapter");
		await expect(galleyConvert(adapter)).rejects.toThrow(/--base/);
		await galleyConvert(join(fixtures, "llama"), "--out", base);
		printed = "";
		await galleyConvert(adapter, "--base", base, "--out", out);
		expect(printed).toMatch(
			/adapter\.gguf: a LoRA adapter for llama, rank 4, alpha 16, 14 modules/,
		);
	});
});
