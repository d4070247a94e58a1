import { createHash } from "node:crypto";
import {
	chmod,
	cp,
	lstat,
	mkdtemp,
	readdir,
	readFile,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseModelReference } from "../model-reference.ts";
import type { LinkKind } from "./blob-store.ts";
import { type CachedModel, ModelCache } from "./model-cache.ts";

const commitA = "a".repeat(40);
const commitB = "b".repeat(40);
let directory: string;

beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-cache-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function add(
	cache: ModelCache,
	files: Readonly<Record<string, string>>,
	facts: {
		revision?: string;
		branch?: string | null;
		repository?: string;
		label?: string;
		isDefaultChoice?: boolean;
	} = {},
): Promise<CachedModel> {
	const added = [];
	for (const [name, content] of Object.entries(files)) {
		const path = await cache.temporaryPath();
		await writeFile(path, content);
		added.push({ name, ...(await cache.addFile(path, null)) });
	}
	return cache.record({
		repository: "org/repo",
		url: null,
		revision: commitA,
		branch: "main",
		label: "Q8_0",
		format: "gguf",
		mainFile: Object.keys(files)[0] ?? "",
		files: added,
		sourceUrl: "https://hub/org/repo",
		isDefaultChoice: false,
		...facts,
	});
}

const blobs = async () =>
	(await readdir(join(directory, "blobs"))).filter((name) =>
		name.startsWith("sha256-"),
	);
const find = (cache: ModelCache, text: string) =>
	cache.find(parseModelReference(text));

describe.each([[["symlink", "hardlink"]], [["hardlink"]], [[]]] as [
	LinkKind[],
][])("a cache on a file system with %j", (linkKinds) => {
	const open = () => new ModelCache(directory, { linkKinds });

	it("finds what was recorded, by quantisation, branch and commit", async () => {
		const model = await add(open(), { "q/m-Q8_0.gguf": "weights" });
		const cache = open();
		for (const text of [
			"hf://org/repo",
			"hf://org/repo:q8_0",
			"hf://org/repo:m-Q8_0.gguf@main",
			`hf://org/repo@${commitA}`,
			`hf://org/repo@${commitA.slice(0, 8)}`,
		])
			expect(await find(cache, text), text).toEqual(model);
		for (const text of [
			"hf://org/repo:Q4_0",
			"hf://org/repo@dev",
			"hf://org/other",
			`hf://org/repo@${commitB}`,
		])
			expect(await find(cache, text), text).toBe(null);
		expect(await readFile(model.mainPath, "utf8")).toBe("weights");
		expect(await cache.list()).toEqual([model]);
		expect(model.reference).toBe("hf://org/repo:Q8_0");
	});

	it("keeps a content once, and frees it with its last user", async () => {
		const cache = open();
		const first = await add(cache, { "m-Q8_0.gguf": "same" });
		const second = await add(
			cache,
			{ "m-Q8_0.gguf": "same", "x.json": "own" },
			{ revision: commitB },
		);
		expect(await cache.remove(second)).toEqual({ freedBytes: 3, keptBytes: 4 });
		expect(await readFile(first.mainPath, "utf8")).toBe("same");
		expect((await cache.verify(first)).isIntact).toBe(true);
		expect(await cache.remove(first)).toEqual({ freedBytes: 4, keptBytes: 0 });
		expect(await blobs()).toEqual([]);
		expect(await cache.list()).toEqual([]);
		expect(await readdir(join(directory, "models")).catch(() => [])).toEqual(
			[],
		);
		expect(await find(cache, "hf://org/repo")).toBe(null);
	});

	it("can be moved to another place", async () => {
		await add(open(), { "m-Q8_0.gguf": "weights" });
		const moved = `${directory}-moved`;
		await rename(directory, moved);
		await cp(moved, directory, { recursive: true, verbatimSymlinks: true });
		await rm(moved, { recursive: true });
		const found = await find(open(), "hf://org/repo");
		expect(await readFile(found?.mainPath ?? "", "utf8")).toBe("weights");
	});
});

describe("ModelCache", () => {
	it("stores contents under their digests, and names as links to them", async () => {
		const model = await add(new ModelCache(directory), {
			"m-Q8_0.gguf": "weights",
		});
		const digest = createHash("sha256").update("weights").digest("hex");
		expect(await blobs()).toEqual([`sha256-${digest}`]);
		expect(model.mainPath).toBe(
			join(directory, "models", "org--repo", commitA, "m-Q8_0.gguf"),
		);
		expect((await lstat(model.mainPath)).isSymbolicLink()).toBe(true);
	});

	it("takes no file whose digest is another than the expected one", async () => {
		const cache = new ModelCache(directory);
		const path = await cache.temporaryPath();
		await writeFile(path, "weights");
		await expect(cache.addFile(path, "0".repeat(64))).rejects.toThrow(
			"The file is damaged",
		);
		expect(await readdir(directory)).not.toContain("blobs");
	});

	it("finds damage: other bytes, another length, a missing file", async () => {
		const cache = new ModelCache(directory);
		const model = await add(cache, {
			"m.gguf": "weights",
			"n.gguf": "longer weights",
			"o.gguf": "gone",
		});
		const [first, second, third] = model.files;
		await chmod(first?.path ?? "", 0o644);
		await writeFile(first?.path ?? "", "wEights");
		await chmod(second?.path ?? "", 0o644);
		await writeFile(second?.path ?? "", "short");
		await rm(third?.path ?? "");
		const { isIntact, problems } = await cache.verify(model);
		expect(isIntact).toBe(false);
		expect(problems.map(({ problem }) => problem)).toEqual([
			"wrong-digest",
			"wrong-size",
			"missing",
		]);
		expect(await find(cache, "hf://org/repo")).toBe(null);
	});

	it("prefers what was once chosen for the repository alone, else what was used last", async () => {
		let now = new Date(1_700_000_000_000);
		const cache = new ModelCache(directory, { now: () => now });
		const first = await add(cache, { "m-Q8_0.gguf": "8" });
		now = new Date(now.getTime() + 60_000);
		await add(cache, { "m-Q4_0.gguf": "4" }, { label: "Q4_0" });
		expect((await find(cache, "hf://org/repo"))?.label).toBe("Q4_0");
		now = new Date(now.getTime() + 60_000);
		await cache.touch(first);
		const used = await find(cache, "hf://org/repo");
		expect(used).toMatchObject({
			label: "Q8_0",
			lastUsedAt: now.toISOString(),
		});
		await add(
			cache,
			{ "m-Q2_K.gguf": "2" },
			{ label: "Q2_K", isDefaultChoice: true },
		);
		await cache.touch(first);
		expect((await find(cache, "hf://org/repo"))?.label).toBe("Q2_K");
	});

	it("names the commit where a branch no longer leads to it", async () => {
		const cache = new ModelCache(directory);
		await add(cache, { "m-Q8_0.gguf": "old" });
		await add(cache, { "m-Q8_0.gguf": "new" }, { revision: commitB });
		expect((await cache.list()).map(({ reference }) => reference)).toEqual([
			"hf://org/repo:Q8_0",
			`hf://org/repo:Q8_0@${commitA}`,
		]);
	});

	it("ignores manifests that name files outside, or that are damaged", async () => {
		const cache = new ModelCache(directory);
		await add(cache, { "m-Q8_0.gguf": "weights" });
		const folder = join(directory, "manifests", "org--repo", commitA);
		const [name = ""] = await readdir(folder);
		const text = await readFile(join(folder, name), "utf8");
		await writeFile(
			join(folder, "evil.json"),
			text.replaceAll("m-Q8_0.gguf", "../../../../etc/passwd"),
		);
		await writeFile(join(folder, "torn.json"), text.slice(0, 50));
		expect(await cache.list()).toHaveLength(1);
	});

	it("records from several processes at once without losing one", async () => {
		const caches = Array.from({ length: 6 }, () => new ModelCache(directory));
		await Promise.all(
			caches.map((cache, index) =>
				add(
					cache,
					{ "m.gguf": "shared", [`${index}.txt`]: String(index) },
					{ repository: `org/repo${index}` },
				),
			),
		);
		const models = await new ModelCache(directory).list();
		expect(models).toHaveLength(6);
		expect(await blobs()).toHaveLength(7);
	});
});
