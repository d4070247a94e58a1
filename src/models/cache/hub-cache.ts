import { readdir, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import { digestFile } from "../download/file-digest.ts";
import {
	groupVariants,
	type ModelVariant,
	selectVariant,
} from "../hub/model-variants.ts";
import { formatModelReference } from "../model-reference.ts";
import {
	type HubReference,
	hubReference,
	isCommit,
	isSafePath,
} from "../reference-syntax.ts";
import { isAbsent, readIfThere } from "./atomic-file.ts";
import { sizeOfFile } from "./blob-store.ts";
import type { CachedFile, CachedModel } from "./cached-model.ts";

type FoundFile = { name: string; sizeBytes: number; path: string };

/** Files that git keeps are small; their digests are computed when they are asked for. */
const mostHashedBytes = 64 * 1024 * 1024;

/**
 * A cache as the hub's own tools keep it, which is only read:
 *
 *     models--org--repo/refs/main                  a commit
 *     models--org--repo/snapshots/<commit>/<file>  links to blobs/<digest>
 */
export class HubCache {
	readonly #directory: string;

	constructor(directory: string) {
		this.#directory = directory;
	}

	async find(reference: HubReference): Promise<CachedModel | null> {
		const folder = this.#folder(reference.repository);
		const revision = reference.revision ?? "main";
		const commit = isCommit(revision)
			? revision
			: ((await readIfThere(join(folder, "refs", revision))) ?? "").trim();
		if (!isCommit(commit)) return null;
		const variants = await this.#variants(folder, commit);
		const chosen = choose(variants, reference);
		return chosen === null
			? null
			: toModel(
					chosen,
					reference.repository,
					commit,
					join(folder, "snapshots", commit),
				);
	}

	async list(): Promise<CachedModel[]> {
		const models: CachedModel[] = [];
		for (const name of await namesIn(this.#directory)) {
			const match = /^models--([^/]+?)--([^/]+)$/.exec(name);
			if (match === null) continue;
			const folder = join(this.#directory, name);
			for (const commit of await namesIn(join(folder, "snapshots"))) {
				if (!isCommit(commit)) continue;
				for (const variant of await this.#variants(folder, commit))
					models.push(
						await toModel(
							variant,
							`${match[1]}/${match[2]}`,
							commit,
							join(folder, "snapshots", commit),
						),
					);
			}
		}
		return models;
	}

	#folder(repository: string): string {
		return join(this.#directory, `models--${repository.replace("/", "--")}`);
	}

	async #variants(
		folder: string,
		commit: string,
	): Promise<ModelVariant<FoundFile>[]> {
		const root = join(folder, "snapshots", commit);
		const files = await filesBelow(root, "");
		const variants = groupVariants(files);
		const complete: ModelVariant<FoundFile>[] = [];
		for (const variant of variants)
			if (await isWhole(variant, root)) complete.push(variant);
		return complete;
	}
}

function choose(
	variants: readonly ModelVariant<FoundFile>[],
	{ selector, repository }: HubReference,
): ModelVariant<FoundFile> | null {
	if (selector === null)
		return variants.length === 1 ? (variants[0] ?? null) : null;
	try {
		return selectVariant(variants, selector, repository);
	} catch (error) {
		// Not here, or not clear which: the hub can tell.
		if (error instanceof GalleyError) return null;
		throw error;
	}
}

/** A snapshot holds what somebody happened to fetch: safetensors without one of their parts are no model. */
async function isWhole(
	{ format, files }: ModelVariant<FoundFile>,
	root: string,
): Promise<boolean> {
	if (format !== "safetensors") return true;
	const index = await readIfThere(join(root, "model.safetensors.index.json"));
	const parts = files.filter(({ name }) => name.endsWith(".safetensors"));
	const told = /-of-(\d{5})\.safetensors$/.exec(parts[0]?.name ?? "")?.[1];
	if (told !== undefined)
		return index !== null && parts.length === Number(told);
	return parts.length > 0;
}

async function toModel(
	variant: ModelVariant<FoundFile>,
	repository: string,
	commit: string,
	root: string,
): Promise<CachedModel> {
	const files: CachedFile[] = [];
	for (const { name, path, sizeBytes } of variant.files)
		files.push({
			name,
			path,
			sizeBytes,
			sha256: await digestOf(path, sizeBytes),
		});
	const main = join(root, variant.mainFile);
	return {
		reference: formatModelReference(
			hubReference(repository, variant.label, commit),
		),
		repository,
		revision: commit,
		label: variant.label,
		files,
		mainPath: variant.format === "safetensors" ? dirname(main) : main,
		format: variant.format,
		sizeBytes: variant.sizeBytes,
		sourceUrl: null,
		obtainedAt: null,
		lastUsedAt: null,
		isReadOnly: true,
	};
}

/** Large files are stored under their digest; "" where it is neither told nor quickly computed. */
async function digestOf(path: string, sizeBytes: number): Promise<string> {
	const stored = basename(await realpath(path));
	if (/^[0-9a-f]{64}$/.test(stored)) return stored;
	if (sizeBytes > mostHashedBytes) return "";
	return (await digestFile(path)).sha256;
}

async function filesBelow(root: string, prefix: string): Promise<FoundFile[]> {
	const found: FoundFile[] = [];
	const entries = await readdir(join(root, prefix), {
		withFileTypes: true,
	}).catch((error: unknown) => {
		if (isAbsent(error)) return [];
		throw error;
	});
	for (const entry of entries) {
		const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
		if (!isSafePath(name) || name.split("/").length > 4) continue;
		if (entry.isDirectory()) {
			found.push(...(await filesBelow(root, name)));
			continue;
		}
		const path = join(root, name);
		const sizeBytes = await sizeOfFile(path);
		if (sizeBytes !== null) found.push({ name, sizeBytes, path });
	}
	return found;
}

async function namesIn(directory: string): Promise<string[]> {
	try {
		return await readdir(directory);
	} catch (error) {
		if (isAbsent(error)) return [];
		throw error;
	}
}
