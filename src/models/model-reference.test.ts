import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GalleyError } from "../core/errors.ts";
import {
	diskFiles,
	nameOfFile,
	parseModelReference,
	type ReferenceFiles,
	starterModels,
} from "./model-reference.ts";

const starterPath = join(
	"/package",
	"models/starter-chat/starter-chat-q8_0.gguf",
);

function files(
	present: readonly string[],
	directories: Readonly<Record<string, readonly string[]>> = {},
): ReferenceFiles {
	return {
		packageDirectory: "/package",
		kindOf: (path) =>
			directories[path] !== undefined
				? "directory"
				: present.includes(path)
					? "file"
					: null,
		list: (directory) => directories[directory] ?? [],
	};
}

describe("parseModelReference", () => {
	it("finds a starter model in the package", () => {
		expect(parseModelReference("starter-chat", files([starterPath]))).toEqual({
			kind: "starter",
			name: "starter-chat",
			path: starterPath,
		});
	});

	it("says when the package lacks the starter model's file", () => {
		expect(() => parseModelReference("starter-chat", files([]))).toThrow(
			"is missing from this installation",
		);
	});

	it("takes paths, with or without the ending", () => {
		const path = resolve("models/Some-Model-Q4_K_M.gguf");
		expect(
			parseModelReference("models/Some-Model-Q4_K_M.gguf", files([path])),
		).toEqual({
			kind: "file",
			name: "Some-Model-Q4_K_M",
			path,
		});
		expect(
			parseModelReference("/blobs/abc", files(["/blobs/abc"])),
		).toMatchObject({ kind: "file", name: "abc" });
	});

	it("takes the one model of a folder, and asks when there are several", () => {
		const parts = {
			"/m": ["big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "README.md"],
		};
		expect(parseModelReference("/m", files([], parts))).toEqual({
			kind: "file",
			name: "big",
			path: "/m/big-00001-of-00002.gguf",
		});
		expect(() =>
			parseModelReference("/m", files([], { "/m": ["b.gguf", "a.gguf"] })),
		).toThrow("name one of them: a.gguf, b.gguf");
		expect(() => parseModelReference("/m", files([], { "/m": [] }))).toThrow(
			"holds no GGUF file",
		);
	});

	it("passes the fake engine's reference on as it is", () => {
		expect(parseModelReference("fake:anything", files([]))).toEqual({
			kind: "fake",
			name: "fake",
			path: "fake:anything",
		});
	});

	it("names the file that isn't there", () => {
		for (const reference of [
			"gone.gguf",
			"./gone",
			"../gone",
			"/gone",
			"~/gone",
		]) {
			expect(() => parseModelReference(reference, files([]))).toThrow(
				/^There is no file "/,
			);
		}
	});

	it("takes a folder of safetensors with its configuration, and an address of a file", () => {
		const folder = { "/m": ["config.json", "model.safetensors"] };
		expect(parseModelReference("/m", files([], folder))).toEqual({
			kind: "directory",
			name: "m",
			path: "/m",
		});
		expect(
			parseModelReference("file:///a%20b/c.gguf", files(["/a b/c.gguf"])),
		).toEqual({ kind: "file", name: "c", path: "/a b/c.gguf" });
		for (const reference of [
			"file://elsewhere/a.gguf",
			"file:///%00",
			"file:x%",
		])
			expect(() => parseModelReference(reference, files([]))).toThrow(
				GalleyError,
			);
	});

	it("prefers what is on disk to a repository of the same name", () => {
		const path = resolve("org/model");
		expect(parseModelReference("org/model", files([path]))).toMatchObject({
			kind: "file",
		});
		expect(parseModelReference("org/model", files([]))).toMatchObject({
			kind: "hub",
		});
		expect(() => parseModelReference("org/model.gguf", files([]))).toThrow(
			"There is no file",
		);
	});

	it("refuses schemes that no model comes from", () => {
		expect(() => parseModelReference("s3://bucket/m.gguf", files([]))).toThrow(
			'has the scheme "s3"',
		);
	});

	it("suggests the starter model that was meant", () => {
		expect(() => parseModelReference("starter-chta", files([]))).toThrow(
			'Did you mean "starter-chat"?',
		);
		expect(() => parseModelReference("llama", files([]))).toThrow(
			"The starter models are: starter-chat, starter-embed, starter-rerank.",
		);
	});

	it("refuses nothing and control characters", () => {
		for (const reference of ["", "  ", "a\0b", "a\nb"]) {
			expect(() => parseModelReference(reference, files([]))).toThrow(
				"is empty or no text",
			);
		}
	});

	it("never makes a path inside the package out of a name it doesn't know", () => {
		fc.assert(
			fc.property(
				fc.string({
					unit: fc.constantFrom("..", "/", "starter-chat", "a", "\\", "%2e"),
				}),
				(reference) => {
					fc.pre(
						!starterModels.has(reference.trim()) &&
							!reference.startsWith("/package"),
					);
					const asked: string[] = [];
					const watching = {
						...files([]),
						kindOf: (path: string) => {
							asked.push(path);
							return null;
						},
					};
					try {
						parseModelReference(reference, watching);
					} catch (error) {
						expect(error).toBeInstanceOf(GalleyError);
					}
					expect(asked.filter((path) => path.startsWith("/package"))).toEqual(
						[],
					);
				},
			),
		);
	});

	it("looks for starter models where this package lies", () => {
		expect(existsSync(join(diskFiles.packageDirectory, "package.json"))).toBe(
			true,
		);
	});
});

describe("nameOfFile", () => {
	it("leaves ending and part number out", () => {
		expect(nameOfFile("/a/Qwen3-0.6B-Q8_0.gguf")).toBe("Qwen3-0.6B-Q8_0");
		expect(nameOfFile("big-00001-of-00003.GGUF")).toBe("big");
		expect(nameOfFile("/.gguf")).toBe("model");
	});
});
