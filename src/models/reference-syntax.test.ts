import { join, relative, sep } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GalleyError } from "../core/errors.ts";
import {
	formatModelReference,
	parseModelReference,
	type ReferenceFiles,
} from "./model-reference.ts";
import { isSafePath, parseHubReference } from "./reference-syntax.ts";

const noFiles: ReferenceFiles = {
	packageDirectory: "/package",
	kindOf: () => null,
	list: () => [],
};

/** Pieces that references are made of, and what attacks on paths are made of. */
const scraps = fc
	.array(
		fc.oneof(
			fc.constantFrom(
				"hf://",
				"https://",
				"http://",
				"file:///",
				"fake:",
				"org",
				"/",
				"..",
				".",
				"\\",
				":",
				"@",
				"%2e%2e",
				"%2F",
				"Q4_K_M",
				"model.gguf",
				"main",
				"refs/pr/1",
				"--",
				"~",
				"\0",
				"\n",
				"C:",
				"huggingface.co",
				" ",
				"#sha256=",
				"?x=1",
				"localhost",
				"*",
				"[",
				"//",
			),
			fc.string({ maxLength: 6 }),
		),
		{ maxLength: 10 },
	)
	.map((parts) => parts.join(""));

function staysInside(path: string): boolean {
	const inside = relative("/cache", join("/cache", path));
	return inside !== ".." && !inside.startsWith(`..${sep}`);
}

describe("references of any kind", () => {
	it("never throw anything but a GalleyError, and never name a path outside", () => {
		fc.assert(
			fc.property(
				scraps,
				fc.dictionary(scraps, scraps, { maxKeys: 3 }),
				(text, aliases) => {
					try {
						const reference = parseModelReference(text, noFiles, {
							aliases: new Map(Object.entries(aliases)),
						});
						if (reference.kind !== "hub") return;
						for (const part of [
							reference.repository,
							reference.repository.replace("/", "--"),
							reference.selector ?? "x",
							reference.revision ?? "x",
						])
							expect(staysInside(part) && isSafePath(part)).toBe(true);
					} catch (error) {
						expect(error).toBeInstanceOf(GalleyError);
					}
				},
			),
			{ numRuns: 2000 },
		);
	});

	it("are the same after they were written out and read again", () => {
		fc.assert(
			fc.property(scraps, (text) => {
				let reference: ReturnType<typeof parseModelReference>;
				const everythingIsThere: ReferenceFiles = {
					...noFiles,
					kindOf: (path) => (path.includes("\0") ? null : "file"),
				};
				try {
					reference = parseModelReference(text, everythingIsThere);
				} catch {
					return;
				}
				expect(
					parseModelReference(
						formatModelReference(reference),
						everythingIsThere,
					),
				).toEqual(reference);
			}),
			{ numRuns: 2000 },
		);
	});

	it("of the hub survive the round trip with every part", () => {
		const part = fc.stringMatching(/^[a-z0-9]([a-z0-9._]{0,8}[a-z0-9])?$/);
		const names = part.filter((text) => !/\.\.|--/.test(text));
		fc.assert(
			fc.property(
				names,
				names,
				fc.option(names),
				fc.option(names),
				(organisation, name, selector, revision) => {
					const text = `${organisation}/${name}${selector === null ? "" : `:${selector}`}${revision === null ? "" : `@${revision}`}`;
					const reference = parseHubReference(text);
					expect(reference).toMatchObject({
						repository: `${organisation}/${name}`,
						selector,
						revision,
					});
					expect(formatModelReference(reference)).toBe(`hf://${text}`);
				},
			),
		);
	});
});

describe("references of the hub", () => {
	const parse = (text: string) => parseModelReference(text, noFiles);

	it("have a repository, and may have a selector and a revision", () => {
		expect(parse("hf://Qwen/Qwen3-0.6B-GGUF:Q8_0@refs/pr/3")).toEqual({
			kind: "hub",
			name: "Qwen3-0.6B",
			repository: "Qwen/Qwen3-0.6B-GGUF",
			selector: "Q8_0",
			revision: "refs/pr/3",
		});
		expect(parse("Qwen/Qwen3-0.6B")).toMatchObject({
			kind: "hub",
			selector: null,
			revision: null,
		});
		expect(parse("org/repo:BF16/model-00001-of-00002.gguf")).toMatchObject({
			name: "model",
			selector: "BF16/model-00001-of-00002.gguf",
		});
	});

	it("are read from the addresses of the hub's pages", () => {
		expect(
			parse("https://huggingface.co/org/repo/blob/main/q/m-Q8_0.gguf"),
		).toMatchObject({
			kind: "hub",
			repository: "org/repo",
			revision: "main",
			selector: "q/m-Q8_0.gguf",
		});
		expect(parse("https://hf.co/org/repo")).toMatchObject({
			kind: "hub",
			repository: "org/repo",
		});
		expect(parse("https://huggingface.co/docs")).toMatchObject({ kind: "url" });
	});

	it("are refused where a part could leave its folder", () => {
		for (const text of [
			"hf://../etc",
			"hf://org/..",
			"hf://org/repo:../../etc/passwd",
			"hf://org/repo:a\\b",
			"hf://org/repo:C:x",
			"hf://org/repo@../main",
			"hf://org/repo@a..b",
			"hf://org/a--b",
			"hf://org/repo/more",
			"hf://org",
			"hf://org/repo:",
			"hf://org/repo@",
		])
			expect(() => parse(text), text).toThrow(GalleyError);
	});
});

describe("addresses", () => {
	const parse = (text: string, isHttpAllowed = false) =>
		parseModelReference(text, noFiles, { isHttpAllowed });

	it("are taken encrypted, or from this machine", () => {
		expect(parse("https://example.org/a/b-Q4_0.gguf?x=1")).toEqual({
			kind: "url",
			name: "b-Q4_0",
			url: "https://example.org/a/b-Q4_0.gguf?x=1",
		});
		expect(parse("http://127.0.0.1:8080/a.gguf")).toMatchObject({
			kind: "url",
		});
		expect(parse("http://[::1]/a.gguf")).toMatchObject({ kind: "url" });
		expect(() => parse("http://example.org/a.gguf")).toThrow(
			"without encryption",
		);
		expect(() => parse("http://127.0.0.1.example.org/a.gguf")).toThrow(
			"without encryption",
		);
		expect(parse("http://example.org/a.gguf", true)).toMatchObject({
			kind: "url",
		});
	});

	it("never contain a password, and the message doesn't either", () => {
		expect(() => parse("https://me:hunter2@example.org/a.gguf")).toThrow(
			/must not contain a user name or password(?!.*hunter2)/,
		);
	});
});

describe("aliases", () => {
	it("stand for references, also of other aliases, but not without end", () => {
		const aliases = new Map([
			["chat", "small"],
			["small", "hf://org/repo:Q8_0"],
			["a", "b"],
			["b", "a"],
		]);
		expect(parseModelReference("chat", noFiles, { aliases })).toMatchObject({
			repository: "org/repo",
		});
		expect(() => parseModelReference("a", noFiles, { aliases })).toThrow(
			"without end",
		);
		expect(() => parseModelReference("chta", noFiles, { aliases })).toThrow(
			'Did you mean "chat"?',
		);
	});
});
