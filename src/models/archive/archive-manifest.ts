import { GalleyError } from "../../core/errors.ts";
import { requireInside } from "./tar-reader.ts";

/** A file of a model or an adapter: what it is called there, and what it must be. */
export interface ArchivedFile {
	/** With folders where the repository has them, separated by `/`. */
	name: string;
	sizeBytes: number;
	/** Hex. */
	sha256: string;
}

export interface ArchivedAdapter {
	name: string;
	files: readonly ArchivedFile[];
}

/** The first entry of an archive; the files follow in this order under `blobs/`. */
export interface ArchiveManifest {
	/** How the cache calls the model: `hf://org/repo:Q4_K_M`. */
	reference: string;
	repository: string | null;
	revision: string;
	/** `Q4_K_M`. */
	label: string;
	format: "gguf" | "safetensors" | "onnx";
	/** The file that is opened, one of `files`. */
	mainFile: string;
	files: readonly ArchivedFile[];
	adapters: readonly ArchivedAdapter[];
}

export const manifestName = "galley-model.json";
const formatName = "galley-model";
const formatVersion = 1;

/** Files lie under their digests: names of a repository never become names in the archive. */
export function blobName({ sha256 }: ArchivedFile): string {
	return `blobs/${sha256}`;
}

export function writeManifest(manifest: ArchiveManifest): string {
	return `${JSON.stringify({ archive: formatName, version: formatVersion, ...manifest }, null, "\t")}\n`;
}

/** Throws GalleyError `model_unusable` with what is wrong. */
export function parseManifest(text: string): ArchiveManifest {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (cause) {
		throw unusable("its manifest is no JSON", cause);
	}
	if (!isRecord(value) || value.archive !== formatName)
		throw unusable("it holds no model");
	if (value.version !== formatVersion) {
		throw unusable(
			`it is of version ${String(value.version)}, and this Galley reads version ${formatVersion}`,
		);
	}
	const { reference, repository, revision, label, format, mainFile } = value;
	const files = toFiles(value.files);
	if (
		!isText(reference) ||
		!isText(label) ||
		!files.some(({ name }) => name === mainFile) ||
		!isText(mainFile) ||
		!(repository === null || isText(repository)) ||
		!isText(revision) ||
		!(format === "gguf" || format === "safetensors" || format === "onnx")
	)
		throw unusable("its manifest doesn't say what model it holds");
	return {
		reference,
		repository,
		revision,
		label,
		format,
		mainFile,
		files,
		adapters: toAdapters(value.adapters),
	};
}

/** All contents of an archive in their order; two files may have the same. */
export function filesOfManifest({
	files,
	adapters,
}: ArchiveManifest): readonly ArchivedFile[] {
	return [...files, ...adapters.flatMap((adapter) => adapter.files)];
}

function toFiles(value: unknown): ArchivedFile[] {
	if (!Array.isArray(value) || value.length === 0)
		throw unusable("its manifest names no files");
	const files = value.map((file: unknown): ArchivedFile => {
		if (
			!isRecord(file) ||
			!isText(file.name) ||
			!Number.isSafeInteger(file.sizeBytes) ||
			Number(file.sizeBytes) < 0 ||
			!isText(file.sha256) ||
			!/^[0-9a-f]{64}$/.test(file.sha256)
		)
			throw unusable("its manifest describes a file wrongly");
		requireInside(file.name);
		return {
			name: file.name,
			sizeBytes: Number(file.sizeBytes),
			sha256: file.sha256,
		};
	});
	if (new Set(files.map(({ name }) => name.toLowerCase())).size < files.length)
		throw unusable("its manifest names a file twice");
	return files;
}

function toAdapters(value: unknown): ArchivedAdapter[] {
	if (!Array.isArray(value))
		throw unusable("its manifest has no list of adapters");
	return value.map((adapter: unknown): ArchivedAdapter => {
		if (!isRecord(adapter) || !isText(adapter.name))
			throw unusable("its manifest describes an adapter wrongly");
		// An adapter's name is one folder's or one file's.
		if (adapter.name.includes("/"))
			throw unusable("its manifest has an adapter whose name is a path");
		requireInside(adapter.name);
		return { name: adapter.name, files: toFiles(adapter.files) };
	});
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
	return typeof value === "string";
}

function unusable(what: string, cause?: unknown): GalleyError {
	return new GalleyError(
		"model_unusable",
		`The file can't be imported: ${what}. Make it with galley export.`,
		{ cause },
	);
}
