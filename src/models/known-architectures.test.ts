import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { selectEnginePackage } from "../engine/llama/packages.ts";
import {
	architectureObstacle,
	knownArchitectures,
} from "./known-architectures.ts";

describe("knownArchitectures", () => {
	it("are all in the library", () => {
		const { folder } = selectEnginePackage({ accelerator: "cpu" });
		const extension =
			process.platform === "darwin"
				? "libllama.dylib"
				: process.platform === "win32"
					? "llama.dll"
					: "libllama.v0.5.0.so";
		const library = readFileSync(join(folder, extension));
		const missing = [...knownArchitectures].filter(
			(name) => !library.includes(`${name}\0`),
		);
		expect(missing).toEqual([]);
	});
});

describe("architectureObstacle", () => {
	it("lets language models pass and says what others are", () => {
		for (const name of [
			"llama",
			"qwen3",
			"gemma3",
			"phi3",
			"mamba2",
			"gpt-oss",
		])
			expect(architectureObstacle(name)).toBeNull();
		expect(architectureObstacle("t5")).toMatch(/encodes/);
		expect(architectureObstacle("eagle3")).toMatch(/drafts/);
		expect(architectureObstacle("qwen9")).toMatch(/unknown/);
	});
});
