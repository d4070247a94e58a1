import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, expect, test } from "vitest";

/** Who may import whom. Type-only imports of the contracts in `core` and `engine/engine.ts` are free: they leave no code. */
const mayImport: Record<string, readonly string[] | "anything"> = {
	core: [],
	async: [],
	config: ["core"],
	benchmark: ["core", "async"],
	evaluation: ["core"],
	observability: ["core"],
	text: ["core"],
	scheduler: ["core"],
	engine: ["core"],
	models: ["core", "async", "config"],
	adapters: ["core", "async", "config", "models"],
	runtime: [
		"core",
		"async",
		"text",
		"scheduler",
		"engine",
		"models",
		"adapters",
		"grammar",
		"observability",
	],
	modalities: ["core", "async", "models", "observability"],
	store: ["core", "config"],
	grammar: ["core"],
	optimize: ["core", "async", "config", "models", "engine", "runtime"],
	api: ["core", "async", "grammar", "observability"],
	proxy: ["core"],
	external: ["core", "async", "proxy"],
	gateway: [
		"core",
		"async",
		"config",
		"evaluation",
		"proxy",
		"store",
		"observability",
	],
	cli: "anything",
};

const source = resolve(import.meta.dirname, "../src");

function typescriptFiles(folder: string): string[] {
	return readdirSync(folder, { recursive: true, encoding: "utf8" })
		.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
		.map((file) => join(folder, file));
}

const roomOf = (path: string) => relative(source, path).split(sep)[0] ?? "";

/** Static and dynamic imports of files, without `import type` and `export type ... from`. */
function importsOf(path: string): string[] {
	const text = readFileSync(path, "utf8");
	const statics = text.matchAll(
		/^(?:import|export)\s+(?!type\b)[^;]*?from\s+["'](\.[^"']+)["']/gm,
	);
	const bare = text.matchAll(/^import\s+["'](\.[^"']+)["']/gm);
	const dynamic = text.matchAll(/\bimport\(\s*["'](\.[^"']+)["']\s*\)/g);
	return [...statics, ...bare, ...dynamic].map((match) =>
		resolve(dirname(path), match[1] ?? ""),
	);
}

describe("rooms", () => {
	const files = typescriptFiles(source);

	test("every folder under src is a room with import rules", () => {
		const rooms = new Set(
			files.map(roomOf).filter((room) => !room.endsWith(".ts")),
		);
		expect([...rooms].filter((room) => !(room in mayImport))).toEqual([]);
	});

	test("imports follow the arrows", () => {
		const wrong: string[] = [];
		for (const file of files) {
			const from = roomOf(file);
			const allowed = mayImport[from] ?? "anything";
			if (allowed === "anything") continue;
			for (const target of importsOf(file)) {
				const to = roomOf(target);
				if (to !== from && !allowed.includes(to))
					wrong.push(
						`${relative(source, file)} -> ${relative(source, target)}`,
					);
			}
		}
		expect(wrong).toEqual([]);
	});

	test("the rules see a forbidden import when there is one", () => {
		expect(importsOf(join(source, "core/language-service.ts"))).toEqual([]);
		expect(files.some((file) => importsOf(file).length > 0)).toBe(true);
	});

	test("only engine touches native memory", () => {
		const offenders = files.filter(
			(file) =>
				roomOf(file) !== "engine" &&
				/from\s+["']koffi["']/.test(readFileSync(file, "utf8")),
		);
		expect(offenders.map((file) => relative(source, file))).toEqual([]);
	});

	test("no source file is longer than 400 lines", () => {
		const long = files.filter(
			(file) => readFileSync(file, "utf8").split("\n").length > 401,
		);
		expect(long.map((file) => relative(source, file))).toEqual([]);
	});

	test("no file is named after nothing", () => {
		const vague = files.filter((file) =>
			/(^|\/)(utils?|helpers?|common|shared|misc)(\/|\.ts$)/.test(file),
		);
		expect(vague).toEqual([]);
	});
});
