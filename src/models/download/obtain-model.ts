import { GalleyError } from "../../core/errors.ts";
import type { CachedModel, ModelCache } from "../cache/model-cache.ts";
import { HubClient, type HubListing } from "../hub/hub-client.ts";
import { explainRefusal } from "../hub/hub-refusal.ts";
import type { HubSettings } from "../hub/hub-settings.ts";
import {
	groupVariants,
	type HubModelFile,
	type ModelVariant,
	selectVariant,
} from "../hub/model-variants.ts";
import {
	formatModelReference,
	type RemoteReference,
} from "../model-reference.ts";
import type { HubReference } from "../reference-syntax.ts";
import type { FreeSpace } from "./disk-space.ts";
import type { DownloadProgress } from "./download-progress.ts";
import {
	type FetchedFile,
	FileFetcher,
	type WantedFile,
} from "./fetch-files.ts";
import type { LockTiming } from "./file-lock.ts";
import { obtainUrl } from "./obtain-url.ts";
import { DownloadTrouble } from "./range-answer.ts";

export type { DownloadProgress } from "./download-progress.ts";

export interface ObtainOptions {
	cache: ModelCache;
	hub: HubSettings;
	/** Opens no socket: what isn't in the cache is an error. */
	isOffline: boolean;
	/** Asks the hub what a branch stands for now, although the cache has an answer. */
	isRefresh?: boolean;
	signal?: AbortSignal;
	onProgress?: (progress: DownloadProgress) => void;
	/** Which GGUF file when the reference names none: gets the (first) files of all variants, returns the name of one. */
	chooseFile?: (files: readonly HubModelFile[]) => Promise<string>;
	/** How a file is fetched; what is left out has a default. */
	transfer?: {
		connections?: number;
		chunkBytes?: number;
		checkpointMs?: number;
		freeSpace?: FreeSpace;
		lockTiming?: Partial<LockTiming>;
	};
}

/**
 * The model that a reference names, complete on this machine:
 *
 *     1  in the cache (a commit, or a branch that was asked for before): no request at all, unless a refresh is wanted
 *     2  offline: an error
 *     3  the hub tells the commit and its files; those that are not here are downloaded and verified
 *     4  recorded in the cache under the commit
 *
 * Throws GalleyError: `model_not_found`, `permission_denied`, `insufficient_storage`, `download_failed`; the signal's
 * reason when it aborts.
 */
export async function obtainModel(
	reference: RemoteReference,
	options: ObtainOptions,
): Promise<CachedModel> {
	const { cache, isOffline, isRefresh = false, signal } = options;
	signal?.throwIfAborted();
	if (isOffline || !isRefresh) {
		const cached = await cache.find(reference);
		if (cached !== null) {
			await cache.touch(cached);
			return cached;
		}
	}
	if (isOffline) throw await notHere(reference, cache);
	return reference.kind === "url"
		? obtainUrl(reference, options)
		: obtainHub(reference, options);
}

async function obtainHub(
	reference: HubReference,
	options: ObtainOptions,
): Promise<CachedModel> {
	const { cache, onProgress, signal } = options;
	const { repository, revision, selector } = reference;
	onProgress?.({
		stage: "resolve",
		file: null,
		receivedBytes: 0,
		totalBytes: null,
		bytesPerSecond: null,
		etaSeconds: null,
	});
	await using client = new HubClient(options.hub);
	const listing = await client.listFiles(repository, revision, signal);
	const variant = await chooseVariant(listing, reference, options);
	const branch = revision === listing.commit ? null : (revision ?? "main");
	const present = await cache.find({
		...reference,
		revision: listing.commit,
		selector:
			variant.mainFile === "config.json" ? variant.label : variant.mainFile,
	});
	if (present !== null) {
		if (branch !== null && !present.isReadOnly)
			await cache.noteBranch(repository, branch, listing.commit);
		await cache.touch(present);
		return present;
	}
	const fetcher = new FileFetcher(client.http, options);
	const files = await fetchExplained(
		fetcher,
		variant.files.map((file) => ({
			name: file.name,
			sizeBytes: file.sizeBytes,
			sources: client.sourcesOf({
				repository,
				commit: listing.commit,
				name: file.name,
			}),
			...identityOf(file),
		})),
		reference,
		options.hub,
	);
	return cache.record({
		repository,
		url: null,
		revision: listing.commit,
		branch,
		label: variant.label,
		format: variant.format,
		mainFile: variant.mainFile,
		files,
		sourceUrl: `${options.hub.endpoint}/${repository}/tree/${listing.commit}`,
		isDefaultChoice: selector === null,
	});
}

/** Lists of gated repositories are public, so that the hub says no only when a file is asked for. */
async function fetchExplained(
	fetcher: FileFetcher,
	files: readonly WantedFile[],
	reference: HubReference,
	{ endpoint, token }: HubSettings,
): Promise<FetchedFile[]> {
	try {
		return await fetcher.fetchAll(files, formatModelReference(reference));
	} catch (error) {
		const { cause } = error instanceof Error ? error : { cause: null };
		if (
			cause instanceof DownloadTrouble &&
			(cause.status === 401 || cause.status === 403)
		)
			throw explainRefusal({
				status: cause.status,
				headers: cause.headers,
				body: "",
				endpoint,
				repository: reference.repository,
				revision: reference.revision,
				hasToken: token !== null,
			});
		throw error;
	}
}

function identityOf({ sha256, gitBlobId, name }: HubModelFile) {
	if (sha256 !== null)
		return {
			key: `sha256-${sha256}`,
			digest: { algorithm: "sha256" as const, hex: sha256 },
		};
	if (gitBlobId !== null)
		return {
			key: `git-${gitBlobId}`,
			digest: { algorithm: "git-blob" as const, hex: gitBlobId },
		};
	throw new GalleyError(
		"download_failed",
		`The hub gives no digest for "${name}", so nobody could tell whether it came whole. Use the hub itself (HF_ENDPOINT) instead of this mirror.`,
	);
}

async function chooseVariant(
	{ files, repository }: HubListing,
	{ selector }: HubReference,
	{ chooseFile }: ObtainOptions,
): Promise<ModelVariant> {
	const variants = groupVariants(files);
	if (selector !== null) return selectVariant(variants, selector, repository);
	const ggufs = variants.filter(({ format }) => format === "gguf");
	const safetensors = variants.find(({ format }) => format === "safetensors");
	const [first, ...others] =
		ggufs.length > 0
			? ggufs
			: safetensors !== undefined
				? [safetensors]
				: variants;
	if (first === undefined) throw noModel(repository, files);
	if (others.length === 0) return first;
	const alternatives = [first, ...others];
	if (chooseFile === undefined) {
		throw new GalleyError(
			"model_not_found",
			`"${repository}" has several variants; name one of them: ${alternatives.map(({ label }) => `hf://${repository}:${label}`).join(", ")}.`,
		);
	}
	const chosen = await chooseFile(
		alternatives.flatMap((variant) => {
			const main = variant.files.find(({ name }) => name === variant.mainFile);
			// A split model is as large as all of its parts.
			return main === undefined
				? []
				: [{ ...main, sizeBytes: variant.sizeBytes }];
		}),
	);
	return selectVariant(alternatives, chosen, repository);
}

function noModel(
	repository: string,
	files: readonly HubModelFile[],
): GalleyError {
	const hasPickles = files.some(({ name }) =>
		/\.(bin|pt|pth|ckpt)$/i.test(name),
	);
	return new GalleyError(
		"model_unusable",
		hasPickles
			? `"${repository}" holds its weights as Python pickles only, which can run code when they are opened. Choose a repository with GGUF or safetensors files.`
			: `"${repository}" holds no complete GGUF, safetensors or ONNX model. Choose another repository, often the one with "-GGUF" at the end of its name.`,
	);
}

async function notHere(
	reference: RemoteReference,
	cache: ModelCache,
): Promise<GalleyError> {
	const text = formatModelReference(reference);
	const alike =
		reference.kind === "hub"
			? (await cache.list()).filter(
					({ repository }) => repository === reference.repository,
				)
			: [];
	const known =
		alike.length === 0
			? ""
			: ` Of this repository the cache has: ${alike.map((model) => model.reference).join(", ")}.`;
	return new GalleyError(
		"model_not_found",
		`"${text}" is not in the cache "${cache.directory}", and --offline forbids fetching it.${known} Run "galley pull ${text}" with a network, or bring it with galley export and galley import.`,
	);
}
