import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { GalleyError } from "../core/errors.ts";
import { peftConfigName } from "./adapter-source.ts";

/** An adapter that lies in the directory of adapters. */
export interface FoundAdapter {
	name: string;
	path: string;
	/** Another one means that the content has changed, probably. */
	stamp: string;
}

const ggufEnding = ".gguf";

/**
 * NIM's layout: each sub-directory with an `adapter_config.json` is an adapter of the directory's name, and so is each GGUF
 * file. What is hidden or anything else is passed by.
 */
export async function findAdapters(directory: string): Promise<FoundAdapter[]> {
	const entries = await readdir(directory, { withFileTypes: true }).catch(
		(cause: unknown) => {
			throw new GalleyError(
				"invalid_configuration",
				`The adapters' directory "${directory}" can't be read. Check --lora-dir.`,
				{ cause },
			);
		},
	);
	const found = await Promise.all(
		entries.map((entry) => toAdapter(directory, entry)),
	);
	return found
		.filter((adapter) => adapter !== null)
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function toAdapter(
	directory: string,
	{ name: entry }: Dirent,
): Promise<FoundAdapter | null> {
	if (entry.startsWith(".")) return null;
	const path = join(directory, entry);
	// Follows links: volumes of Kubernetes are full of them.
	const facts = await stat(path).catch(() => null);
	if (facts === null) return null;
	if (facts.isFile()) {
		if (!entry.endsWith(ggufEnding)) return null;
		const name = entry.slice(0, -ggufEnding.length);
		return { name, path, stamp: `${facts.size} ${facts.mtimeMs}` };
	}
	if (!facts.isDirectory()) return null;
	const files = await readdir(path).catch((): string[] => []);
	if (!files.includes(peftConfigName)) return null;
	const stamps = await Promise.all(
		files.sort().map(async (file) => {
			const part = await stat(join(path, file)).catch(() => null);
			return part === null ? file : `${file} ${part.size} ${part.mtimeMs}`;
		}),
	);
	return { name: entry, path, stamp: stamps.join("\n") };
}
