import { Command } from "commander";
import { describe, expect, it } from "vitest";
import {
	type ConfigSources,
	resolveServiceConfig,
} from "../config/service-config.ts";
import {
	serviceOption,
	serviceOptionNames,
} from "../config/service-options.ts";
import { addServiceFlags, toServiceArguments } from "./service-flags.ts";

type Owner = Parameters<typeof addServiceFlags>[1];

function parse(
	words: readonly string[],
	owner: Owner = "run",
): Record<string, unknown> {
	const command = addServiceFlags(
		new Command("test").exitOverride().configureOutput({ writeErr() {} }),
		owner,
	);
	return command.parse(words, { from: "user" }).opts();
}

const resolve = (sources: Partial<ConfigSources>) =>
	resolveServiceConfig({ flags: {}, environment: {}, ...sources });

describe("addServiceFlags", () => {
	it("offers each option to the commands that it belongs to, and to no other", () => {
		for (const owner of ["run", "chat", "bench", "doctor"] as const) {
			const flags = addServiceFlags(new Command(), owner).options.map(
				(option) => option.attributeName(),
			);
			const expected = serviceOptionNames.filter(
				(name) =>
					name !== "model" && serviceOption(name).commands.includes(owner),
			);
			expect(new Set(flags)).toEqual(new Set([...expected, "config"]));
		}
	});

	it("gives nothing that wasn't written, so that weaker sources are heard", () => {
		expect(parse([])).toEqual({});
	});

	it("reads values, switches and repeated flags", () => {
		expect(
			parse([
				"--port",
				"9000",
				"--no-mmap",
				"--mlock",
				"--api-key",
				"a",
				"--api-key",
				"b",
				"--gpu-layers=-1",
			]),
		).toEqual({
			port: "9000",
			mmap: false,
			mlock: true,
			apiKey: ["a", "b"],
			gpuLayers: "-1",
		});
	});

	it("comes to a configuration", () => {
		const config = resolve({
			flags: parse([
				"--port",
				"9000",
				"--no-mmap",
				"--max-request-bytes",
				"1MiB",
			]),
		});
		expect(config).toMatchObject({
			port: 9000,
			mmap: false,
			maxRequestBytes: 1048576,
		});
		expect(config.origins.mmap).toEqual({ kind: "flag", name: "--no-mmap" });
	});
});

describe("toServiceArguments", () => {
	it("brings a child to the same configuration", () => {
		const config = resolve({
			flags: { maxModelLen: "2048", gpuLayers: "-1", mmap: false },
			environment: {
				GALLEY_THREADS: "3",
				GALLEY_KV_LAYOUT: "unified",
				GALLEY_PORT: "9000",
				GALLEY_API_KEY: "secret",
			},
		});
		const words = toServiceArguments(config, "chat");
		expect(words.join(" ")).not.toContain("secret");
		expect(words.join(" ")).not.toContain("--port");
		const child = resolve({ flags: parse(words) });
		for (const name of [
			"maxModelLen",
			"gpuLayers",
			"mmap",
			"threads",
			"kvLayout",
			"maxNumSeqs",
		] as const) {
			expect(child[name]).toEqual(config[name]);
		}
	});

	it("says nothing of defaults", () => {
		expect(toServiceArguments(resolve({}), "chat")).toEqual([]);
	});
});
