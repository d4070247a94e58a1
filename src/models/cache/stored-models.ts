import { dirname, join } from "node:path";
import { labelOf } from "../hub/model-variants.ts";
import { formatModelReference } from "../model-reference.ts";
import { type HubReference, hubReference } from "../reference-syntax.ts";
import { sizeOfFile } from "./blob-store.ts";
import type { CachedFile, CachedModel } from "./cached-model.ts";
import {
	folderOf,
	type ModelManifest,
	type ModelManifests,
	type StoredManifest,
} from "./model-manifests.ts";

/** Manifests as models: where their files lie, and whether all are there. */
export class StoredModels {
	readonly #directory: string;
	readonly #manifests: ModelManifests;

	constructor(directory: string, manifests: ModelManifests) {
		this.#directory = directory;
		this.#manifests = manifests;
	}

	/** By commit, or by a branch that was asked for before. */
	async findHub(reference: HubReference): Promise<CachedModel | null> {
		const { repository, selector } = reference;
		const revision = reference.revision ?? "main";
		const folder = folderOf({ repository, url: null });
		const commit =
			(await this.#manifests.readRef(folder, revision)) ?? revision;
		const stored = (await this.#manifests.of(folder)).filter(
			({ manifest }) =>
				manifest.revision === commit ||
				(/^[0-9a-f]{7,39}$/.test(commit) &&
					manifest.revision.startsWith(commit)),
		);
		if (selector !== null)
			return this.firstComplete(
				stored.filter(({ manifest }) => isSelected(manifest, selector)),
			);
		const defaults = stored.filter(({ manifest }) => manifest.isDefaultChoice);
		return (await this.firstComplete(defaults)) ?? this.firstComplete(stored);
	}

	/** The last used one of those whose files are all here. */
	async firstComplete(
		stored: readonly StoredManifest[],
	): Promise<CachedModel | null> {
		const lastFirst = [...stored].sort(
			(left, right) => right.usedAt.getTime() - left.usedAt.getTime(),
		);
		for (const candidate of lastFirst) {
			const model = await this.complete(candidate);
			if (model !== null) return model;
		}
		return null;
	}

	/** null when one of its files is not here. */
	async complete(stored: StoredManifest): Promise<CachedModel | null> {
		const folder = this.folderFor(stored.manifest);
		for (const { name, sizeBytes } of stored.manifest.files)
			if ((await sizeOfFile(join(folder, name))) !== sizeBytes) return null;
		return this.toModel(stored);
	}

	async toModel({ manifest, usedAt }: StoredManifest): Promise<CachedModel> {
		const folder = this.folderFor(manifest);
		const files: CachedFile[] = manifest.files.map((file) => ({
			...file,
			path: join(folder, file.name),
		}));
		return {
			reference: await this.#referenceOf(manifest),
			repository: manifest.repository,
			revision: manifest.revision,
			label: manifest.label,
			files,
			mainPath: this.mainPathOf(manifest),
			format: manifest.format,
			sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
			sourceUrl: manifest.sourceUrl,
			obtainedAt: manifest.obtainedAt,
			lastUsedAt: usedAt.toISOString(),
			isReadOnly: false,
		};
	}

	async #referenceOf(manifest: ModelManifest): Promise<string> {
		const { repository, revision, label, url } = manifest;
		if (repository === null) return url ?? label;
		const main = await this.#manifests.readRef(folderOf(manifest), "main");
		return formatModelReference(
			hubReference(
				repository,
				label,
				main === revision ? null : revision || null,
			),
		);
	}

	/** Where its files lie under their names. */
	folderFor(
		manifest: Pick<ModelManifest, "repository" | "url" | "revision">,
	): string {
		return join(
			this.#directory,
			"models",
			folderOf(manifest),
			manifest.revision || "current",
		);
	}

	mainPathOf(manifest: ModelManifest): string {
		const main = join(this.folderFor(manifest), manifest.mainFile);
		return manifest.format === "safetensors" ? dirname(main) : main;
	}
}

function isSelected(
	{ label, files, mainFile }: ModelManifest,
	selector: string,
): boolean {
	const wanted = selector.toLowerCase();
	const names = [label, ...files.map(({ name }) => name), labelOf(mainFile)];
	return (
		names.some((name) => name.toLowerCase() === wanted) ||
		mainFile.toLowerCase().endsWith(`/${wanted}`)
	);
}
