import { readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { GalleyError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import { isEncoderListing } from "./encoder-listing.ts";
import {
	type HubReference,
	isRepositoryName,
	nameOfFile,
	parseHubReference,
	parseUrlReference,
	printable,
	type UrlReference,
} from "./reference-syntax.ts";

export { nameOfFile } from "./reference-syntax.ts";

/** A model that lies on this machine, or needs no weights at all. */
export type LocalReference =
	| { kind: "file"; name: string; path: string }
	| { kind: "starter"; name: string; path: string }
	/** The engine that needs no weights; what follows `fake:` is the engine's own business. */
	| { kind: "fake"; name: string; path: string }
	/** A model as it is trained, `config.json` and `*.safetensors`, which is converted before it runs; or an ONNX encoder. */
	| { kind: "directory"; name: string; path: string };

/** A model that has to be fetched first, unless it is in the cache. */
export type RemoteReference = HubReference | UrlReference;

/** What a MODEL argument names. `name` is how the API calls it unless somebody says otherwise. */
export type ModelReference = LocalReference | RemoteReference;

export interface ReferenceFiles {
	/** Where `models/` lies. */
	packageDirectory: string;
	kindOf(path: string): "file" | "directory" | null;
	list(directory: string): readonly string[];
}

export interface ReferenceNames {
	/** The user's own names, and the references that they stand for. */
	aliases?: ReadonlyMap<string, string>;
	/** Plain http to other machines; to this one it is always allowed. */
	isHttpAllowed?: boolean;
	catalog?: CatalogNames;
}

export interface NamedModel {
	/** Of the entry's first variant. */
	reference: string;
	/** Why Galley can't serve it; null where it can. */
	obstacle: string | null;
}

/** Names of the catalog, and what they stand for. */
export interface CatalogNames {
	/** Null where no entry has the name. */
	find(name: string): NamedModel | null;
	names(): readonly string[];
}

/** The models that come with Galley, by name, and their files inside the package. */
export const starterModels: ReadonlyMap<string, string> = new Map([
	["starter-chat", "models/starter-chat/starter-chat-q8_0.gguf"],
	["starter-embed", "models/starter-embed"],
	["starter-rerank", "models/starter-rerank"],
]);

/** Of those, the ones that generate text. */
export function languageStarters(): readonly string[] {
	return [...starterModels]
		.filter(([, path]) => path.endsWith(".gguf"))
		.map(([name]) => name);
}

export const diskFiles: ReferenceFiles = {
	// src/models and dist/models are both two folders below the package's own.
	packageDirectory: fileURLToPath(new URL("../../", import.meta.url)),
	kindOf(path) {
		try {
			const status = statSync(path, { throwIfNoEntry: false });
			if (status === undefined) return null;
			return status.isDirectory() ? "directory" : "file";
		} catch (cause) {
			// Names that no file can have (too long), and folders that nobody lets us into.
			throw unreadable(path, cause);
		}
	},
	list(directory) {
		try {
			return readdirSync(directory);
		} catch (cause) {
			throw unreadable(directory, cause);
		}
	},
};

/** An alias may stand for another one, but not without end. */
const deepestAlias = 8;

/**
 * Reads a MODEL argument:
 *
 *     1  an alias                  what it stands for
 *     2  fake:...                  the fake engine
 *     3  a starter model's name    its file in the package
 *     4  hf://org/repo[:quant-or-file][@revision]
 *     5  https://...               a file, or a page of the hub; http:// only to this machine or when allowed
 *     6  file:///...               a path
 *     7  what is there on disk     a file; a folder with one GGUF file; a folder with config.json and safetensors
 *     8  org/repo[:...][@...]      the same as with hf://
 *     9  an entry of the catalog   its first variant, under the entry's name
 *    10  anything else             GalleyError `model_not_found` with what was probably meant
 *
 * Names are looked up in tables and never become part of a path; repository, selector and revision can't leave the
 * folder that they will be joined to.
 */
export function parseModelReference(
	text: string,
	files: ReferenceFiles = diskFiles,
	names: ReferenceNames = {},
): ModelReference {
	const written = resolveAlias(text.trim(), names.aliases);
	if (written === "" || /[\0\r\n]/.test(written))
		throw notFound("The model reference is empty or no text.");
	if (written === "fake" || written.startsWith("fake:"))
		return { kind: "fake", name: "fake", path: written };

	const starter = starterModels.get(written);
	if (starter !== undefined) return starterReference(written, starter, files);

	const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(written)?.[1]?.toLowerCase();
	if (scheme === "hf") return parseHubReference(written.slice("hf://".length));
	if (scheme === "https" || scheme === "http")
		return parseUrlReference(written, names.isHttpAllowed ?? false);
	if (scheme === "file" || /^file:/i.test(written))
		return existing(pathOfFileUrl(written), files);
	if (scheme !== undefined) {
		throw notFound(
			`"${printable(written)}" has the scheme "${scheme}"; models come from hf://, https:// and file:// addresses, or from a path.`,
		);
	}

	const path = resolve(written);
	if (files.kindOf(path) !== null) return existing(path, files);
	const isPath = /^(\.{0,2}[/\\]|~)/.test(written) || written.startsWith(".");
	const [repository = ""] = written.split(/[:@]/);
	if (!isPath && isRepositoryName(repository) && !/\.gguf$/i.test(repository))
		return parseHubReference(written);
	if (isPath || written.toLowerCase().endsWith(".gguf"))
		throw notFound(`There is no file "${printable(path)}".`);
	const listed = names.catalog?.find(written) ?? null;
	if (listed !== null) {
		const isHttpAllowed = names.isHttpAllowed ?? false;
		const { reference, obstacle } = listed;
		if (obstacle !== null)
			throw new GalleyError(
				"model_unusable",
				`"${written}" is in the catalog, but can't be run. ${printable(obstacle)} To download it all the same: galley pull ${reference}.`,
			);
		const meant = parseModelReference(reference, files, { isHttpAllowed });
		return { ...meant, name: written };
	}
	throw unknownName(written, names);
}

/** The text that names the same model again: `parseModelReference(formatModelReference(r))` is `r`. */
export function formatModelReference(reference: ModelReference): string {
	switch (reference.kind) {
		case "starter":
			return reference.name;
		case "fake":
			return reference.path;
		case "url":
			return reference.url;
		case "hub":
			return [
				`hf://${reference.repository}`,
				reference.selector === null ? "" : `:${reference.selector}`,
				reference.revision === null ? "" : `@${reference.revision}`,
			].join("");
		case "file":
		case "directory":
			// A path may look like anything else (`fake:x`, `org/repo`, a space at its end); as an address it can't.
			return pathToFileURL(reference.path).href;
	}
}

function resolveAlias(
	text: string,
	aliases: ReadonlyMap<string, string> | undefined,
): string {
	let written = text;
	for (let depth = 0; depth <= deepestAlias; depth++) {
		const meant = aliases?.get(written)?.trim();
		if (meant === undefined || meant === written) return written;
		written = meant;
	}
	throw notFound(
		`The alias "${printable(text)}" stands for other aliases without end. Correct it in the configuration.`,
	);
}

function starterReference(
	name: string,
	file: string,
	files: ReferenceFiles,
): ModelReference {
	const path = join(files.packageDirectory, file);
	const kind = files.kindOf(path);
	if (kind === "file") return { kind: "starter", name, path };
	if (kind === "directory") return { kind: "directory", name, path };
	throw notFound(
		`The starter model "${name}" is missing from this installation: there is no file "${path}".`,
	);
}

function pathOfFileUrl(written: string): string {
	try {
		const path = fileURLToPath(written);
		if (!path.includes("\0")) return resolve(path);
	} catch (cause) {
		throw notFound(
			`"${printable(written)}" is no address of a file on this machine: write file:// and the full path.`,
			cause,
		);
	}
	throw notFound(`"${printable(written)}" is no path.`);
}

function existing(path: string, files: ReferenceFiles): ModelReference {
	const kind = files.kindOf(path);
	if (kind === "file") return { kind: "file", name: nameOfFile(path), path };
	if (kind === "directory") return onlyModelOf(path, files);
	throw notFound(`There is no file "${printable(path)}".`);
}

function onlyModelOf(directory: string, files: ReferenceFiles): ModelReference {
	const entries = files.list(directory);
	const firsts = entries.filter(
		(name) =>
			/\.gguf$/i.test(name) &&
			(!/-\d{5}-of-\d{5}\.gguf$/i.test(name) ||
				/-00001-of-\d{5}\.gguf$/i.test(name)),
	);
	const [only] = firsts;
	// sentence-transformers' list of modules: what lies beside a GGUF file there is the same embedding model.
	const isEmbedding =
		entries.includes("modules.json") && isEncoderListing(entries);
	if (only !== undefined && firsts.length === 1 && !isEmbedding) {
		const path = join(directory, only);
		return { kind: "file", name: nameOfFile(path), path };
	}
	if (
		isEmbedding ||
		(only === undefined &&
			(isEncoderListing(entries) ||
				(entries.includes("config.json") &&
					entries.some((name) => name.endsWith(".safetensors")))))
	)
		return {
			kind: "directory",
			name: basename(directory) || "model",
			path: directory,
		};
	throw notFound(
		firsts.length === 0
			? `The folder "${directory}" holds no GGUF file, and no config.json with safetensors or tokenizer.json and ONNX beside it.`
			: `The folder "${directory}" holds several GGUF files; name one of them: ${firsts.sort().slice(0, 10).join(", ")}.`,
	);
}

function unknownName(
	written: string,
	{ aliases, catalog }: ReferenceNames,
): GalleyError {
	const known = [
		...starterModels.keys(),
		...(aliases?.keys() ?? []),
		...(catalog?.names() ?? []),
	];
	const nearest = nearestName(written, known);
	const advice =
		nearest === null
			? `The starter models are: ${[...starterModels.keys()].join(", ")}.`
			: `Did you mean "${nearest}"?`;
	return notFound(
		`"${printable(written)}" is neither a file, a starter model nor a name in the catalog. ${advice} ` +
			"galley catalog search finds others. Or give the path of a GGUF file, or hf://organisation/repository.",
	);
}

function unreadable(path: string, cause: unknown): GalleyError {
	const message = cause instanceof Error ? cause.message : String(cause);
	return notFound(
		`"${printable(path)}" can't be looked at: ${printable(message)}.`,
		cause,
	);
}

function notFound(message: string, cause?: unknown): GalleyError {
	return new GalleyError("model_not_found", message, { cause });
}
