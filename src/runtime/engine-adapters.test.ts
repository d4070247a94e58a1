import { mkdtemp, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFakeAdapter } from "../../bench/random-model/random-adapter.ts";
import type { AdapterFile } from "../adapters/adapter-file.ts";
import type { Engine } from "../engine/engine.ts";
import { combinationKey, prefixNamespace } from "./adapter-combination.ts";
import { EngineAdapters } from "./engine-adapters.ts";

let folder = "";
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "galley-engine-adapters-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function fileOf(seed: number): Promise<AdapterFile> {
	const path = join(folder, `${seed}.gguf`);
	await writeFakeAdapter(path, seed);
	const { size, mtimeMs } = await stat(path);
	const id = `${seed}`;
	return { id, name: id, path, sizeBytes: size, modifiedMs: mtimeMs };
}

/** Notes what an engine is told. */
function createRecorder() {
	const told: string[] = [];
	let handle = 0;
	const engine: Pick<Engine, "loadAdapter" | "unloadAdapter" | "setAdapters"> =
		{
			async loadAdapter() {
				told.push(`load ${++handle}`);
				return handle;
			},
			unloadAdapter: (unloaded) => void told.push(`unload ${unloaded}`),
			setAdapters: (set) =>
				void told.push(`set ${set.map((one) => one.handle).join(" ")}`.trim()),
		};
	return { told, adapters: new EngineAdapters(engine, 2) };
}

const nobody: ReadonlySet<string> = new Set();

test("an adapter is loaded when it is wanted, and the one used least recently makes room", async () => {
	const { told, adapters } = createRecorder();
	const [one, two, three] = await Promise.all([1, 2, 3].map(fileOf));
	if (!one || !two || !three) return;
	for (const file of [one, one, two, one, three])
		await adapters.apply([{ file, scale: 1 }], nobody);
	expect(told).toEqual([
		...["load 1", "set 1", "load 2", "set 2", "set 1"],
		...["set", "unload 2", "load 3", "set 3"],
	]);
	await adapters.apply([], nobody);
	expect(told.at(-1)).toBe("set");
});

test("what a running sequence uses is never unloaded", async () => {
	const { told, adapters } = createRecorder();
	const files = await Promise.all([1, 2, 3].map(fileOf));
	for (const file of files)
		await adapters.apply([{ file, scale: 1 }], new Set(["1"]));
	expect(told).toContain("unload 2");
	expect(told).not.toContain("unload 1");
	expect(adapters.residentCount).toBe(2);
});

test("a check beyond what fits leaves nothing behind", async () => {
	const { told, adapters } = createRecorder();
	for (const file of await Promise.all([1, 2, 3].map(fileOf)))
		await adapters.check(file);
	expect(told).toEqual(["load 1", "load 2", "load 3", "unload 3"]);
});

test("a file that was written since is not taken for what was asked", async () => {
	const { told, adapters } = createRecorder();
	const file = await fileOf(1);
	await utimes(file.path, 1, 1);
	await expect(adapters.apply([{ file, scale: 1 }], nobody)).rejects.toThrow(
		/another one/,
	);
	expect(told).toEqual([]);
});

test("a combination is the same in any order, and no salt gets into an adapter's namespace", async () => {
	const [one, two] = await Promise.all([1, 2].map(fileOf));
	if (!one || !two) return;
	const forward = combinationKey([
		{ file: one, scale: 1 },
		{ file: two, scale: 0.5 },
	]);
	const back = combinationKey([
		{ file: two, scale: 0.5 },
		{ file: one, scale: 1 },
	]);
	expect(forward).toBe(back);
	expect(combinationKey([{ file: one, scale: 0.5 }])).not.toBe(
		combinationKey([{ file: one, scale: 1 }]),
	);
	const own = prefixNamespace(forward, "salt");
	expect(prefixNamespace("", own)).not.toBe(own);
	expect(prefixNamespace("", "plain")).toBe("plain");
});
