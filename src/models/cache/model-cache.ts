import { randomUUID } from "node:crypto";
import { mkdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import { withFileLock } from "../download/file-lock.ts";
import type { ModelReference } from "../model-reference.ts";
import { isCommit } from "../reference-syntax.ts";
import { BlobStore, type LinkKind, sizeOfFile } from "./blob-store.ts";
import type {
	CachedModel,
	ModelRecord,
	RemoveResult,
	VerifyProgress,
	VerifyResult,
} from "./cached-model.ts";
import { HubCache } from "./hub-cache.ts";
import {
	folderOf,
	type ModelManifest,
	ModelManifests,
	type StoredManifest,
} from "./model-manifests.ts";
import { StoredModels } from "./stored-models.ts";
import { verifyFiles } from "./verify-files.ts";

export type {
	CachedModel,
	VerifyProgress,
	VerifyResult,
} from "./cached-model.ts";

export interface ModelCacheOptions {
	/** Caches of the hub's own tools (`hub/models--org--repo/...`): read, never written. */
	hubCaches?: readonly string[];
	/** How names are tied to contents, the first that works; without any the files themselves get the names. */
	linkKinds?: readonly LinkKind[];
	now?: () => Date;
}

/**
 * Models that are complete on this machine, in a folder that any number of processes share:
 *
 *     blobs/sha256-<hex>                        contents, each once
 *     models/<org>--<repo>/<commit>/<file>      the same by name, as links where the file system has them
 *     manifests/, refs/                         what there is (model-manifests.ts)
 *     downloads/                                what is on its way
 */
export class ModelCache {
	readonly directory: string;
	readonly #blobs: BlobStore;
	readonly #manifests: ModelManifests;
	readonly #stored: StoredModels;
	readonly #hubCaches: readonly HubCache[];
	readonly #now: () => Date;

	constructor(
		directory: string,
		{
			hubCaches = [],
			linkKinds = ["symlink", "hardlink"],
			now = () => new Date(),
		}: ModelCacheOptions = {},
	) {
		this.directory = directory;
		this.#blobs = new BlobStore(join(directory, "blobs"), linkKinds);
		this.#manifests = new ModelManifests(directory);
		this.#stored = new StoredModels(directory, this.#manifests);
		this.#hubCaches = hubCaches.map((path) => new HubCache(path));
		this.#now = now;
	}

	/** All complete models, those of the hub's own tools last. */
	async list(): Promise<CachedModel[]> {
		const own: CachedModel[] = [];
		for (const stored of await this.#manifests.all()) {
			const model = await this.#stored.complete(stored);
			if (model !== null) own.push(model);
		}
		const others = await Promise.all(
			this.#hubCaches.map((cache) => cache.list()),
		);
		return [...own.sort(byReference), ...others.flat().sort(byReference)];
	}

	/** The model that the reference names, when it is here complete; never asks the network. */
	async find(reference: ModelReference): Promise<CachedModel | null> {
		if (reference.kind === "url") {
			const folder = folderOf({ repository: null, url: reference.url });
			return this.#stored.firstComplete(await this.#manifests.of(folder));
		}
		if (reference.kind !== "hub") return null;
		const own = await this.#stored.findHub(reference);
		if (own !== null) return own;
		for (const cache of this.#hubCaches) {
			const model = await cache.find(reference);
			if (model !== null) return model;
		}
		return null;
	}

	/** Reads every file whole and compares it with the digest that it was stored under. */
	verify(
		model: CachedModel,
		onProgress?: (progress: VerifyProgress) => void,
		signal?: AbortSignal,
	): Promise<VerifyResult> {
		return verifyFiles(model.files, onProgress, signal);
	}

	/** Removes a model, and the contents that no other model of the cache uses. */
	async remove(model: CachedModel): Promise<RemoveResult> {
		if (model.isReadOnly) {
			throw new GalleyError(
				"permission_denied",
				`"${model.reference}" lies in a cache of other tools (${dirname(model.mainPath)}), which Galley only reads. Remove it with those tools: hf cache delete.`,
			);
		}
		return this.#locked(async () => {
			const all = await this.#manifests.all();
			const stored = all.find(
				({ manifest }) =>
					this.#stored.mainPathOf(manifest) === model.mainPath &&
					manifest.label === model.label,
			);
			if (stored === undefined)
				throw new GalleyError(
					"model_not_found",
					`"${model.reference}" is no longer in the cache.`,
				);
			// Without its manifest the model is gone, whatever happens to the rest.
			await rm(stored.path, { force: true });
			return this.#removeContents(
				stored,
				all.filter((other) => other !== stored),
			);
		});
	}

	/** A path inside the cache for a file that is being received (from an archive, say). */
	async temporaryPath(): Promise<string> {
		const directory = this.downloadsDirectory;
		await mkdir(directory, { recursive: true });
		return join(directory, `${randomUUID()}.incoming`);
	}

	get downloadsDirectory(): string {
		return join(this.directory, "downloads");
	}

	/**
	 * Takes a complete file over: moves it under its digest. Throws `model_unusable` when the digest is not the expected
	 * one. `known` spares computing it again.
	 */
	addFile(
		path: string,
		expectedSha256: string | null,
		known: { sha256: string; sizeBytes: number } | null = null,
	): Promise<{ sha256: string; sizeBytes: number }> {
		return this.#blobs.add(path, known, expectedSha256);
	}

	/** Remembers what else a content is known by. */
	noteKey(key: string, sha256: string): Promise<void> {
		return this.#blobs.noteKey(key, sha256);
	}

	async findKey(
		key: string,
	): Promise<{ sha256: string; sizeBytes: number; notedMs: number } | null> {
		const noted = await this.#blobs.findKey(key);
		if (noted === null) return null;
		const content = await this.findContent(noted.sha256);
		return content === null ? null : { ...noted, ...content };
	}

	/** Where a content lies, under its digest or, where there are no links, under a name. */
	async findContent(
		sha256: string,
	): Promise<{ path: string; sizeBytes: number } | null> {
		const path = this.#blobs.pathOf(sha256);
		const sizeBytes = await this.#blobs.sizeOf(sha256);
		if (sizeBytes !== null) return { path, sizeBytes };
		for (const { manifest } of await this.#manifests.all()) {
			for (const file of manifest.files) {
				if (file.sha256 !== sha256) continue;
				const named = join(this.#stored.folderFor(manifest), file.name);
				if ((await sizeOfFile(named)) === file.sizeBytes)
					return { path: named, sizeBytes: file.sizeBytes };
			}
		}
		return null;
	}

	/** Makes files that were added a model of this cache. Throws when one of them is not here. */
	async record(model: ModelRecord): Promise<CachedModel> {
		const { branch, ...facts } = model;
		const now = this.#now();
		const manifest: ModelManifest = {
			...facts,
			galley: 1,
			files: model.files.map((file) => ({ ...file })),
			obtainedAt: now.toISOString(),
		};
		return this.#locked(async () => {
			const path = this.#manifests.pathOf(manifest);
			const before = await this.#manifests.all();
			for (const { name, sha256, sizeBytes } of model.files) {
				const content = await this.findContent(sha256);
				if (content === null || content.sizeBytes !== sizeBytes)
					throw new GalleyError(
						"model_not_found",
						`"${name}" has been removed from the cache meanwhile. Fetch the model again.`,
					);
				await this.#blobs.place(
					sha256,
					join(this.#stored.folderFor(manifest), name),
					content.path,
				);
			}
			const stored = await this.#manifests.write(manifest, now);
			// What an address had before is replaced, and its content may have no user left.
			const replaced = before.find((other) => other.path === path);
			const used = [stored, ...before.filter((other) => other !== replaced)];
			for (const { sha256 } of replaced?.manifest.files ?? [])
				if (!isUsedBy(used, sha256)) await this.#blobs.remove(sha256);
			if (branch !== null && model.revision !== "")
				await this.#manifests.writeRef(
					folderOf(model),
					branch,
					model.revision,
					now,
				);
			return this.#stored.toModel(stored);
		});
	}

	/** A branch has been asked for and still stands for this commit, or does now. */
	async noteBranch(
		repository: string,
		branch: string,
		commit: string,
	): Promise<void> {
		const folder = folderOf({ repository, url: null });
		await this.#manifests.writeRef(folder, branch, commit, this.#now());
	}

	/** Notes that the model was used now. */
	async touch(model: CachedModel): Promise<void> {
		for (const stored of await this.#manifests.all())
			if (this.#stored.mainPathOf(stored.manifest) === model.mainPath)
				await this.#manifests.touch(stored, this.#now());
	}

	async #removeContents(
		{ manifest, path }: StoredManifest,
		others: readonly StoredManifest[],
	): Promise<RemoveResult> {
		const folder = this.#stored.folderFor(manifest);
		const beside = others.filter(
			(other) => this.#stored.folderFor(other.manifest) === folder,
		);
		const result = { freedBytes: 0, keptBytes: 0 };
		for (const { name, sha256, sizeBytes } of manifest.files) {
			const isNamed = beside.some((other) =>
				other.manifest.files.some((file) => file.name === name),
			);
			if (!isNamed) await rm(join(folder, name), { force: true });
			const isUsed = isUsedBy(others, sha256);
			if (!isUsed) await this.#blobs.remove(sha256);
			if (isUsed) result.keptBytes += sizeBytes;
			else result.freedBytes += sizeBytes;
		}
		for (const { name } of manifest.files)
			await this.#removeEmpty(dirname(join(folder, name)));
		await this.#removeEmpty(dirname(path));
		if (beside.length === 0 && isCommit(manifest.revision))
			await this.#manifests.removeRefs(folderOf(manifest), manifest.revision);
		return result;
	}

	/** Folders from here up to the cache's own, as far as nothing is left in them. */
	async #removeEmpty(folder: string): Promise<void> {
		for (
			let at = folder;
			at.startsWith(join(this.directory, "m"));
			at = dirname(at)
		) {
			try {
				await rmdir(at);
			} catch (error) {
				const { code } = error as NodeJS.ErrnoException;
				if (code === "ENOTEMPTY" || code === "EEXIST") return;
				if (code !== "ENOENT") throw error;
			}
		}
	}

	async #locked<Result>(work: () => Promise<Result>): Promise<Result> {
		await mkdir(this.directory, { recursive: true });
		return withFileLock(
			join(this.directory, "cache.lock"),
			{ timing: { pollMs: 20 } },
			work,
		);
	}
}

function isUsedBy(stored: readonly StoredManifest[], sha256: string): boolean {
	return stored.some(({ manifest }) =>
		manifest.files.some((file) => file.sha256 === sha256),
	);
}

function byReference(left: CachedModel, right: CachedModel): number {
	return left.reference < right.reference
		? -1
		: left.reference > right.reference
			? 1
			: 0;
}
