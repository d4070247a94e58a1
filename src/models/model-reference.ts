import { readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { GalleyError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";

/** What a MODEL argument names. `name` is how the API calls it unless somebody says otherwise. */
export type ModelReference =
	| { kind: "file"; name: string; path: string }
	| { kind: "starter"; name: string; path: string }
	/** The engine that needs no weights; what follows `fake:` is the engine's own business. */
	| { kind: "fake"; name: string; path: string };

export interface ReferenceFiles {
	/** Where `models/` lies. */
	packageDirectory: string;
	kindOf(path: string): "file" | "directory" | null;
	list(directory: string): readonly string[];
}

/** The models that come with Galley, by name, and their files inside the package. */
export const starterModels: ReadonlyMap<string, string> = new Map([
	["starter-chat", "models/starter-chat/starter-chat-q8_0.gguf"],
]);

export const diskFiles: ReferenceFiles = {
	// src/models and dist/models are both two folders below the package's own.
	packageDirectory: fileURLToPath(new URL("../../", import.meta.url)),
	kindOf(path) {
		const status = statSync(path, { throwIfNoEntry: false });
		if (status === undefined) return null;
		return status.isDirectory() ? "directory" : "file";
	},
	list: (directory) => readdirSync(directory),
};

/**
 * Reads a MODEL argument:
 *
 *     fake:...                 the fake engine
 *     a starter model's name   its file in the package
 *     a path                   has a separator, or ends in .gguf, or is there
 *     anything else            GalleyError `model_not_found` with what was probably meant
 *
 * Names are looked up in a table and never become part of a path.
 */
export function parseModelReference(
	text: string,
	files: ReferenceFiles = diskFiles,
): ModelReference {
	const written = text.trim();
	if (written === "" || /[\0\r\n]/.test(written))
		throw notFound("The model reference is empty or no text.");
	if (written === "fake" || written.startsWith("fake:"))
		return { kind: "fake", name: "fake", path: written };

	const starter = starterModels.get(written);
	if (starter !== undefined) {
		const path = join(files.packageDirectory, starter);
		if (files.kindOf(path) === "file")
			return { kind: "starter", name: written, path };
		throw notFound(
			`The starter model "${written}" is missing from this installation: there is no file "${path}".`,
		);
	}

	if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) throw notFound(noHub(written));
	const path = resolve(written);
	const kind = files.kindOf(path);
	if (kind === "file") return { kind: "file", name: nameOfFile(path), path };
	if (kind === "directory") return onlyModelOf(path, files);
	if (
		written.toLowerCase().endsWith(".gguf") ||
		/^(\.{0,2}[/\\]|~)/.test(written)
	) {
		throw notFound(`There is no file "${path}".`);
	}
	if (/^[\w.-]+\/[\w.-]+$/.test(written)) throw notFound(noHub(written));

	const nearest = nearestName(written, starterModels.keys());
	const advice =
		nearest === null
			? `The starter models are: ${[...starterModels.keys()].join(", ")}.`
			: `Did you mean "${nearest}"?`;
	throw notFound(
		`"${written}" is neither a file nor a starter model. ${advice} Or give the path of a GGUF file.`,
	);
}

/** `/models/Qwen3-0.6B-Q8_0.gguf` to `Qwen3-0.6B-Q8_0`; the number of a part is left out. */
export function nameOfFile(path: string): string {
	const name = basename(path).replace(/\.gguf$/i, "");
	return name.replace(/-\d{5}-of-\d{5}$/, "") || "model";
}

function onlyModelOf(directory: string, files: ReferenceFiles): ModelReference {
	const found = files.list(directory).filter((name) => /\.gguf$/i.test(name));
	const firsts = found.filter(
		(name) =>
			!/-\d{5}-of-\d{5}\.gguf$/i.test(name) ||
			/-00001-of-\d{5}\.gguf$/i.test(name),
	);
	const [only] = firsts;
	if (only !== undefined && firsts.length === 1) {
		const path = join(directory, only);
		return { kind: "file", name: nameOfFile(path), path };
	}
	throw notFound(
		firsts.length === 0
			? `The folder "${directory}" holds no GGUF file.`
			: `The folder "${directory}" holds several GGUF files; name one of them: ${firsts.sort().slice(0, 10).join(", ")}.`,
	);
}

function noHub(written: string): string {
	return `"${written}" looks like a model of a hub, which this version can't download yet. Download its GGUF file and give the file's path.`;
}

function notFound(message: string): GalleyError {
	return new GalleyError("model_not_found", message);
}
