import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

export interface SourceFile {
	/** From the application's folder on, with slashes: `src/main.ts`. */
	path: string;
	bytes: number;
}

/** What people write; nothing else of the folder is shown to anybody. */
const shown = new Set([
	".css",
	".html",
	".js",
	".json",
	".md",
	".mjs",
	".svg",
	".ts",
	".txt",
	".yaml",
]);
/** Made by a tool or by those who use the application. */
const left = new Set(["data", "dist", "node_modules", "coverage"]);
const mostBytes = 500_000;

/**
 * An application's source, to be read from afar. There are as many paths as files found when it was opened: no path is ever made of a
 * request, links are not followed, and names that begin with a dot are left out.
 */
export class SourceFiles {
	readonly #folder: string;
	readonly #files: ReadonlyMap<string, SourceFile>;

	constructor(folder: string) {
		this.#folder = folder;
		this.#files = new Map(
			[...filesBelow(folder)]
				.map((path) => ({
					path: relative(folder, path).split(sep).join("/"),
					bytes: statSync(path).size,
				}))
				.filter(({ bytes }) => bytes <= mostBytes)
				.sort((one, other) => (one.path < other.path ? -1 : 1))
				.map((file) => [file.path, file]),
		);
	}

	list(): SourceFile[] {
		return [...this.#files.values()];
	}

	/** Null for anything that `list` doesn't have. */
	read(path: string): string | null {
		return this.#files.has(path)
			? readFileSync(join(this.#folder, path), "utf8")
			: null;
	}
}

function* filesBelow(folder: string): Generator<string> {
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		if (entry.name.startsWith(".")) continue;
		const path = join(folder, entry.name);
		if (entry.isDirectory()) {
			if (!left.has(entry.name)) yield* filesBelow(path);
		} else if (entry.isFile() && shown.has(extname(entry.name))) yield path;
	}
}
