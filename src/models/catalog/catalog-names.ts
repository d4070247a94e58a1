import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { CatalogNames, NamedModel } from "../model-reference.ts";
import type { CatalogSource } from "./catalog-sources.ts";

/**
 * Looks a single name up, without the network and without reading the other entries: files are called after their ids.
 * Of an address what it answered last counts. Nothing is read before somebody asks.
 */
export function catalogNames(sources: readonly CatalogSource[]): CatalogNames {
	return {
		find(name) {
			for (const source of sources) {
				const text = textWith(name, source);
				const model = text === null ? null : modelOf(name, text);
				if (model !== null) return model;
			}
			return null;
		},
		names: () => sources.flatMap(listedNames),
	};
}

function textWith(name: string, source: CatalogSource): string | null {
	if (source.kind === "folder") {
		// The name is compared with what the folder holds: it never becomes part of a path by itself.
		const file = filesOf(source.path).find(
			(one) => one.replace(/\.ya?ml$/, "") === name,
		);
		return file === undefined ? null : readOrNull(join(source.path, file));
	}
	return source.kind === "address" && existsSync(source.copy)
		? readOrNull(source.copy)
		: null;
}

function listedNames(source: CatalogSource): string[] {
	if (source.kind === "folder")
		return filesOf(source.path).map((file) => file.replace(/\.ya?ml$/, ""));
	if (source.kind !== "address" || !existsSync(source.copy)) return [];
	return [
		...(readOrNull(source.copy) ?? "").matchAll(/^id:\s*["']?([^\s"'#]+)/gm),
	].map((match) => match[1] ?? "");
}

function filesOf(folder: string): string[] {
	try {
		return readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
	} catch {
		// A catalog that isn't there knows no names; `galley catalog` says why.
		return [];
	}
}

function readOrNull(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		// The same: what can't be read is reported where the catalog is shown.
		return null;
	}
}

/** That the entry is right in all else is checked where the catalog is shown. */
function modelOf(name: string, text: string): NamedModel | null {
	// Most models are given by reference, and loading the parser takes longer than reading one.
	const { parseAllDocuments } = createRequire(import.meta.url)(
		"yaml",
	) as typeof import("yaml");
	for (const document of parseAllDocuments(text)) {
		if (document.errors.length > 0 || document.get("id") !== name) continue;
		const reference: unknown = document.getIn(["variants", 0, "reference"]);
		if (typeof reference !== "string") continue;
		const isServed = document.getIn(["served", "engine"]) !== "none";
		const note: unknown = document.getIn(["served", "note"]);
		return {
			reference,
			obstacle: isServed
				? null
				: typeof note === "string"
					? note
					: "Galley has no engine for it yet.",
		};
	}
	return null;
}
