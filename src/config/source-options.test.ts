import { describe, expect, it } from "vitest";
import { resolveServiceConfig } from "./service-config.ts";

const resolve = (
	flags: Record<string, unknown>,
	environment: Record<string, string> = {},
	yaml: string | null = null,
) =>
	resolveServiceConfig({
		flags,
		environment,
		...(yaml === null
			? {}
			: { configFile: "galley.yaml", readTextFile: () => yaml }),
	});

describe("where models come from", () => {
	it("is the public hub and the data directory when nobody says otherwise", () => {
		expect(resolve({})).toMatchObject({
			cacheDir: null,
			offline: false,
			hfEndpoint: "https://huggingface.co",
			hfMirrors: [],
			hfToken: null,
			profile: null,
			aliases: [],
		});
	});

	it("can be told with NIM's and the hub's own variables", () => {
		const config = resolve(
			{},
			{
				NIM_CACHE_PATH: "/opt/nim/.cache",
				NIM_DISABLE_MODEL_DOWNLOAD: "1",
				NIM_REPOSITORY_OVERRIDE: "https://hub.example/",
				NIM_MODEL_PROFILE: "llama-q8_0-cpu",
				HF_TOKEN: "hf_secret",
			},
		);
		expect(config).toMatchObject({
			cacheDir: "/opt/nim/.cache",
			offline: true,
			hfEndpoint: "https://hub.example",
			profile: "llama-q8_0-cpu",
			hfToken: "hf_secret",
		});
		expect(config.origins.hfToken).toEqual({
			kind: "environment",
			name: "HF_TOKEN",
		});
	});

	it("takes names of one's own as a map in the file and as pairs in a flag", () => {
		const file = "aliases:\n  fast: hf://org/tiny:Q4_0\n  exact: ./tiny.gguf\n";
		const pairs = ["fast=hf://org/tiny:Q4_0", "exact=./tiny.gguf"];
		expect(resolve({}, {}, file).aliases).toEqual(pairs);
		expect(resolve({ aliases: pairs }).aliases).toEqual(pairs);
		expect(resolve({}, {}, "aliases: {}\n").aliases).toEqual([]);
	});

	it.each([
		[{ hfEndpoint: "hub.example" }, "--hf-endpoint must be an address"],
		[{ hfEndpoint: "s3://bucket" }, "--hf-endpoint must be an address"],
		[{ aliases: ["fast"] }, "--aliases must be of the form name=reference"],
		[{ convertTo: "q3" }, "--convert-to must be one of"],
	])("refuses %o", (flags, message) => {
		expect(() => resolve(flags)).toThrow(message);
	});

	it("refuses an alias that is no reference", () => {
		expect(() => resolve({}, {}, "aliases:\n  fast: [1, 2]\n")).toThrow(
			"must be of the form name=reference",
		);
	});
});
