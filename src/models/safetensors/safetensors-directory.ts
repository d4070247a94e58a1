import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import { SafetensorsFile } from "./safetensors-file.ts";
import { type SafetensorsEntry, unusable } from "./safetensors-header.ts";

export interface StoredTensor extends SafetensorsEntry {
	file: SafetensorsFile;
}

const maxIndexBytes = 64 * 1024 * 1024;
const maxShards = 1024;
/** Python objects: opening one runs what its author wrote. */
const pickleNames = /\.(bin|pt|pth|pkl|ckpt)$/i;

/** The weights of a directory: one file, or the shards that `<stem>.safetensors.index.json` names. Owns the files. */
export class SafetensorsDirectory implements AsyncDisposable {
	readonly tensors: ReadonlyMap<string, StoredTensor>;
	readonly #files: readonly SafetensorsFile[];

	private constructor(files: readonly SafetensorsFile[]) {
		const tensors = new Map<string, StoredTensor>();
		for (const file of files) {
			for (const entry of file.header.tensors) {
				const other = tensors.get(entry.name);
				if (other !== undefined)
					throw unusable(
						file.path,
						`holds "${entry.name}", and so does "${other.file.path}"`,
					);
				tensors.set(entry.name, { ...entry, file });
			}
		}
		this.tensors = tensors;
		this.#files = files;
	}

	/** Throws GalleyError as `SafetensorsFile.open` does; `stem` is the files' name, e.g. `model` or `adapter_model`. */
	static async open(
		directory: string,
		stem: string,
	): Promise<SafetensorsDirectory> {
		const names = await weightFiles(directory, stem);
		const files: SafetensorsFile[] = [];
		try {
			for (const name of names)
				files.push(await SafetensorsFile.open(join(directory, name)));
			return new SafetensorsDirectory(files);
		} catch (error) {
			for (const file of files) await file[Symbol.asyncDispose]();
			throw error;
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const file of this.#files) await file[Symbol.asyncDispose]();
	}
}

async function weightFiles(
	directory: string,
	stem: string,
): Promise<readonly string[]> {
	const single = `${stem}.safetensors`;
	const index = `${stem}.safetensors.index.json`;
	const present = new Set(await listDirectory(directory));
	if (present.has(index)) return shardsOf(join(directory, index));
	if (present.has(single)) return [single];
	const pickle = [...present].find((name) => pickleNames.test(name));
	if (pickle !== undefined) {
		throw new GalleyError(
			"model_unusable",
			`"${directory}" has its weights as a pickle file ("${pickle}"), which can run code when it is opened; Galley doesn't. ` +
				'Convert to safetensors with "python -m transformers.utils.convert_to_safetensors", or load it in Python and call ' +
				"save_pretrained(directory, safe_serialization=True), or get a repository that has .safetensors files.",
		);
	}
	throw new GalleyError(
		"model_not_found",
		`"${directory}" has no "${single}" and no "${index}"; name a directory with a model's safetensors files.`,
	);
}

async function listDirectory(directory: string): Promise<string[]> {
	return readdir(directory).catch((cause: NodeJS.ErrnoException) => {
		throw cause.code === "ENOENT"
			? new GalleyError(
					"model_not_found",
					`There is no directory "${directory}".`,
					{ cause },
				)
			: unusable(directory, `can't be listed: ${cause.message}`, cause);
	});
}

async function shardsOf(path: string): Promise<readonly string[]> {
	if ((await stat(path)).size > maxIndexBytes)
		throw unusable(path, "is too long for an index");
	const map = parseWeightMap(await readFile(path, "utf8"), path);
	const names = [...new Set(Object.values(map))];
	if (names.length === 0 || names.length > maxShards)
		throw unusable(path, `names ${names.length} files`);
	for (const name of names) {
		// A name with a folder in it could point anywhere.
		if (typeof name !== "string" || !/^[\w][\w.-]*\.safetensors$/.test(name))
			throw unusable(
				path,
				`names ${JSON.stringify(name)}, which is no safetensors file beside it`,
			);
	}
	return (names as string[]).sort();
}

function parseWeightMap(text: string, path: string): Record<string, unknown> {
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch (cause) {
		throw unusable(path, "is no JSON. Download it again", cause);
	}
	const map =
		typeof parsed === "object" && parsed !== null && "weight_map" in parsed
			? parsed.weight_map
			: null;
	if (typeof map !== "object" || map === null)
		throw unusable(path, 'has no "weight_map". Download it again');
	return map as Record<string, unknown>;
}
