import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfigFile } from "./config-file.ts";

const names = ["maxModelLen", "port", "corsAllowOrigins"];

describe("parseConfigFile", () => {
	it("knows each value's line", () => {
		const { entries, problems } = parseConfigFile(
			"galley.yaml",
			"# ours\nport: 9000\n\nmax-model-len: 2048\n",
			names,
		);
		expect(problems).toEqual([]);
		expect(entries.get("port")).toEqual({ value: 9000, line: 2 });
		expect(entries.get("maxModelLen")).toEqual({ value: 2048, line: 4 });
	});

	it("names the line of an unknown key and the key that was meant", () => {
		const { problems } = parseConfigFile(
			"galley.yaml",
			"port: 1\nmax_model_length: 2\ntemperature: 1\n",
			names,
		);
		expect(problems).toEqual([
			'galley.yaml:2: unknown key "max_model_length"; did you mean "max-model-len"?',
			'galley.yaml:3: unknown key "temperature"; "galley run --help" lists the options.',
		]);
	});

	it("treats an empty file and a key without a value as nothing said", () => {
		for (const text of [
			"",
			"# only a comment\n",
			"---\n",
			"port:\n",
			"port: null\n",
		]) {
			const { entries, problems } = parseConfigFile("galley.yaml", text, names);
			expect(problems).toEqual([]);
			expect(entries.size).toBe(0);
		}
	});

	it("keeps lists", () => {
		const { entries } = parseConfigFile(
			"galley.yaml",
			"cors-allow-origins:\n  - https://a.example\n  - https://b.example\n",
			names,
		);
		expect(entries.get("corsAllowOrigins")?.value).toEqual([
			"https://a.example",
			"https://b.example",
		]);
	});

	it("resolves anchors", () => {
		const { entries } = parseConfigFile(
			"galley.yaml",
			"port: &number 9000\nmax-model-len: *number\n",
			names,
		);
		expect(entries.get("maxModelLen")?.value).toBe(9000);
	});

	it("reports broken YAML and doubled keys with their line", () => {
		expect(
			parseConfigFile("galley.yaml", "port: 1\nport: 2\n", names).problems[0],
		).toMatch(/^galley\.yaml:2: .*unique/);
		expect(
			parseConfigFile("galley.yaml", "port: [1\n", names).problems[0],
		).toMatch(/^galley\.yaml:\d+: /);
		expect(parseConfigFile("galley.yaml", "- port\n", names).problems).toEqual([
			'galley.yaml: must hold "key: value" lines.',
		]);
	});

	it("never throws, whatever the file holds", () => {
		fc.assert(
			fc.property(
				fc.string({
					unit: fc.constantFrom(..."port: &*a\n-[]{}|>'\"#!%@`?,\t0"),
				}),
				(text) => {
					parseConfigFile("galley.yaml", text, names);
				},
			),
		);
	});
});
