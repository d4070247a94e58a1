import {
	copyFile,
	mkdir,
	mkdtemp,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFakeAdapter } from "../../bench/random-model/random-adapter.ts";
import { GalleyError } from "../core/errors.ts";
import type { AdapterFile } from "./adapter-file.ts";
import { AdapterRegistry } from "./adapter-registry.ts";
import { AdapterWatch } from "./adapter-watch.ts";

let folder = "";
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "galley-registry-"));
	await mkdir(join(folder, "loras"));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (...parts: string[]) => join(folder, ...parts);

function createRegistry(
	overrides: Partial<ConstructorParameters<typeof AdapterRegistry>[0]> = {},
) {
	const lines: string[] = [];
	const checked: AdapterFile[] = [];
	const registry = new AdapterRegistry({
		baseModelName: "base",
		baseModelPath: at("base.gguf"),
		cacheDirectory: at("cache"),
		maxRank: null,
		roots: [at("loras")],
		check: async (file) => {
			checked.push(file);
		},
		log: (_level, message) => lines.push(message),
		...overrides,
	});
	return { registry, lines, checked };
}

describe("the adapter registry", () => {
	it("knows an adapter by its content: another content under the same name gets another id", async () => {
		const { registry } = createRegistry();
		const path = await writeFakeAdapter(at("loras", "a.gguf"), 1);
		const first = await registry.register("a", path, { keepsCopy: true });
		const before = registry.resolve("a");
		await writeFakeAdapter(path, 2);
		const second = await registry.register("a", path, { keepsCopy: true });
		const after = registry.resolve("a");
		expect(second.id).toBeGreaterThan(first.id);
		expect(after.id).not.toBe(before.id);
		// Requests that have begun still find what the name stood for.
		expect(after.path).not.toBe(before.path);
		await writeFakeAdapter(at("again.gguf"), 1);
		await registry.register("b", at("again.gguf"), { keepsCopy: true });
		expect(registry.resolve("b").id).toBe(before.id);
	});

	it("lists what can't be used with its reason, and lets an older content go on", async () => {
		const { registry, lines } = createRegistry();
		const path = await writeFakeAdapter(at("loras", "a.gguf"), 1);
		await registry.register("a", path, { keepsCopy: true });
		const { id } = registry.resolve("a");
		await writeFile(path, "broken");
		await registry.register("a", path, { keepsCopy: true });
		await registry.register("b", at("missing.gguf"), { keepsCopy: false });
		expect(registry.resolve("a").id).toBe(id);
		expect(registry.list()).toMatchObject([
			{ name: "a", state: "ready", problem: expect.any(String) },
			{ name: "b", state: "failed", problem: expect.stringMatching(/missing/) },
		]);
		expect(registry.ready().map(({ name }) => name)).toEqual(["a"]);
		expect(() => registry.resolve("b")).toThrow(/can't be used/);
		expect(lines.filter((line) => line.includes("can't be used")).length).toBe(
			2,
		);
	});

	it("refuses names that clash or hide something, ranks that are too large, and what the engine refuses", async () => {
		const path = await writeFakeAdapter(at("loras", "a.gguf"), 1);
		const { registry } = createRegistry();
		for (const name of ["base", "../a", "a b", "", "a/../b", "x".repeat(129)])
			await expect(registry.load(name, path)).rejects.toThrow(/name/);
		const strict = createRegistry({
			check: () => Promise.reject(new GalleyError("model_unusable", "wrong")),
		}).registry;
		await expect(strict.load("a", path)).rejects.toThrow(/wrong/);
		expect(strict.list()).toEqual([]);
	});

	it("loads at run time from allowed directories only, whatever links say", async () => {
		const { registry } = createRegistry();
		const inside = await writeFakeAdapter(at("loras", "a.gguf"), 1);
		const outside = await writeFakeAdapter(at("outside.gguf"), 2);
		await symlink(outside, at("loras", "link.gguf"));
		for (const path of [
			outside,
			at("loras", "link.gguf"),
			at("loras", "..", "outside.gguf"),
			at("loras", "missing.gguf"),
		])
			await expect(registry.load("b", path)).rejects.toMatchObject({
				code: "permission_denied",
			});
		expect(await registry.load("a", inside)).toMatchObject({ state: "ready" });
		await expect(registry.load("a", inside)).rejects.toThrow(/already/);
		const { id } = registry.list()[0] ?? { id: 0 };
		expect(() => registry.unload("a", id + 1)).toThrow(/id/);
		registry.unload("a", id);
		expect(() => registry.unload("a", null)).toThrow(/does not exist/);
	});
});

describe("the watch on a directory", () => {
	it("follows what comes, changes and goes, and leaves taken names alone", async () => {
		const { registry } = createRegistry();
		await writeFakeAdapter(at("loras", "a.gguf"), 1);
		await writeFakeAdapter(at("loras", "taken.gguf"), 2);
		await writeFile(at("loras", "notes.txt"), "no adapter");
		await mkdir(at("loras", "empty"));
		using watch = new AdapterWatch({
			directory: at("loras"),
			registry,
			refreshSeconds: 3600,
			takenNames: new Set(["taken"]),
			log: () => undefined,
		});
		await watch.start();
		const names = () => registry.ready().map(({ name }) => name);
		expect(names()).toEqual(["a"]);
		const { id } = registry.resolve("a");
		await watch.refresh();
		expect(registry.list()[0]?.id).toBe(1);
		await writeFakeAdapter(at("loras", "a.gguf"), 33);
		await copyFile(at("loras", "taken.gguf"), at("loras", "b.gguf"));
		await watch.refresh();
		expect(names()).toEqual(["a", "b"]);
		expect(registry.resolve("a").id).not.toBe(id);
		await rm(at("loras", "a.gguf"));
		await watch.refresh();
		expect(names()).toEqual(["b"]);
		await rm(at("loras"), { recursive: true });
		await watch.refresh();
		expect(names()).toEqual(["b"]);
	});
});
