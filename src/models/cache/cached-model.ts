import type { ModelFormat } from "../hub/model-variants.ts";

export interface CachedFile {
	/** Its path in the repository, or the file name of an address. */
	name: string;
	/** Where it lies here. */
	path: string;
	sizeBytes: number;
	sha256: string;
}

/** A model that is complete on this machine. */
export interface CachedModel {
	/** The text that names it again: `hf://org/repo:Q4_K_M`. */
	reference: string;
	repository: string | null;
	/** The commit, or "" where there is none. */
	revision: string;
	/** `Q4_K_M`; the file's name where that tells no quantisation. */
	label: string;
	files: readonly CachedFile[];
	/** What the engine or the converter opens: the (first) GGUF or ONNX file, or the folder of the safetensors. */
	mainPath: string;
	format: ModelFormat;
	sizeBytes: number;
	/** Where it was fetched from: an address, or the name of an archive. */
	sourceUrl: string | null;
	obtainedAt: string | null;
	lastUsedAt: string | null;
	/** It lies in a cache of the hub's own tools, which is only read: it can't be removed from here. */
	isReadOnly: boolean;
}

/** A complete model whose files are to become a part of the cache. */
export interface ModelRecord {
	/** null for a file from an address. */
	repository: string | null;
	/** The address, for a file from one. */
	url: string | null;
	/** The commit, or "". */
	revision: string;
	/** Branch or tag that was asked for and stood for this commit; null when the commit itself was. */
	branch: string | null;
	label: string;
	format: ModelFormat;
	/** The file that is opened, as named in `files`. */
	mainFile: string;
	files: readonly { name: string; sizeBytes: number; sha256: string }[];
	sourceUrl: string | null;
	/** It was the answer to a reference without a selector, and will be again. */
	isDefaultChoice: boolean;
}

export interface VerifyProblem {
	name: string;
	problem: "missing" | "wrong-size" | "wrong-digest";
	/** What is there instead, in words. */
	found: string;
}

export interface VerifyResult {
	isIntact: boolean;
	problems: readonly VerifyProblem[];
	/** Files that were read whole and compared. */
	checkedFiles: number;
	checkedBytes: number;
}

export interface VerifyProgress {
	file: string;
	checkedBytes: number;
	totalBytes: number;
}

export interface RemoveResult {
	freedBytes: number;
	/** Kept because another model of the cache uses them too. */
	keptBytes: number;
}
