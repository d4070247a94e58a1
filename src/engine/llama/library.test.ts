import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listDevices } from "./devices.ts";
import { expectedRelease, openLibrary } from "./library.ts";
import { toPrecision } from "./model.ts";
import { selectEnginePackage } from "./packages.ts";
import { contextParamFields, differingDefault } from "./structs.ts";

describe("the native library", () => {
	it("is the release whose structs Galley knows", () => {
		using library = openLibrary(selectEnginePackage());
		expect(library.version.startsWith(expectedRelease)).toBe(true);
	});

	it("lists devices once backends are loaded, and each once however often they are", () => {
		using first = openLibrary(selectEnginePackage());
		first.loadBackends();
		using second = openLibrary(selectEnginePackage());
		second.loadBackends();
		const devices = listDevices(second.native);
		const cpu = devices.filter(({ type }) => type === "cpu");
		expect(cpu).toHaveLength(1);
		expect(cpu[0]?.memoryTotalBytes).toBeGreaterThan(2 ** 28);
	});

	it("is refused, with the reason, when its folder holds something else", () => {
		const folder = mkdtempSync(join(tmpdir(), "galley-"));
		try {
			expect(() => openLibrary({ folder })).toThrow(
				expect.objectContaining({
					code: "engine_unavailable",
					message: expect.stringMatching(/no ggml-base library/),
				}),
			);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe("differingDefault", () => {
	const defaults = Object.fromEntries(
		Object.entries(contextParamFields).map(([name, [, value]]) => [
			name,
			value,
		]),
	);

	it("finds nothing in the release's own defaults", () => {
		expect(differingDefault(contextParamFields, defaults)).toBe(null);
	});

	it("names the first field that another layout would move", () => {
		expect(
			differingDefault(contextParamFields, { ...defaults, n_seq_max: 0 }),
		).toBe("n_seq_max");
	});
});

describe("toPrecision", () => {
	it.each([
		["Q8_0", "Q8_0"],
		["Q4_K - Medium", "Q4_K_M"],
		["Q3_K - Large", "Q3_K_L"],
		["all F32", "F32"],
		["(guessed) Q5_K - Small", "Q5_K_S"],
		["IQ2_XXS - 2.0625 bpw", "IQ2_XXS"],
		["IQ3_S mix - 3.66 bpw", "IQ3_S"],
		["MXFP4 MoE", "MXFP4"],
	])("writes %s as %s", (name, expected) => {
		expect(toPrecision(name)).toBe(expected);
	});
});
