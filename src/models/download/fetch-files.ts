import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { HttpClient } from "../hub/http-client.ts";
import type { FileSource } from "../hub/hub-client.ts";
import { checkDiskSpace } from "./disk-space.ts";
import { downloadFile, type FileProgress } from "./download-file.ts";
import { downloadOnce } from "./download-once.ts";
import type { ExpectedDigest } from "./file-digest.ts";
import type { ObtainOptions } from "./obtain-model.ts";
import { PartialFile } from "./partial-file.ts";
import { RateMeter } from "./rate-meter.ts";

export interface WantedFile {
	name: string;
	/** null asks the server. */
	sizeBytes: number | null;
	sources: readonly FileSource[];
	digest: ExpectedDigest | null;
	/** What the content is known by, for the folder of its download and for whoever wants the same: safe as a file name. */
	key: string;
	/** A content that was noted for the key before this moment doesn't count. */
	notBeforeMs?: number;
}

export interface FetchedFile {
	name: string;
	sizeBytes: number;
	sha256: string;
}

/** Brings files into the cache, one after the other, and tells the progress of all together. */
export class FileFetcher {
	readonly #http: HttpClient;
	readonly #options: ObtainOptions;
	readonly #meter = new RateMeter();
	#doneBytes = 0;
	#totalBytes: number | null = null;
	/** Bytes that were here at the start: they are progress, but not speed. */
	#startBytes: number | null = null;
	#lastTold = { stage: "", file: "", atMs: 0 };

	constructor(http: HttpClient, options: ObtainOptions) {
		this.#http = http;
		this.#options = options;
	}

	async fetchAll(
		files: readonly WantedFile[],
		what: string,
	): Promise<FetchedFile[]> {
		await this.#checkSpace(files, what);
		this.#totalBytes = files.reduce<number | null>(
			(sum, { sizeBytes }) =>
				sum === null || sizeBytes === null ? null : sum + sizeBytes,
			0,
		);
		const fetched: FetchedFile[] = [];
		for (const file of files) {
			const result = await this.#fetch(file);
			this.#doneBytes += result.sizeBytes;
			fetched.push({ ...result, name: file.name });
		}
		return fetched;
	}

	async #fetch(
		file: WantedFile,
	): Promise<{ sha256: string; sizeBytes: number }> {
		const {
			cache,
			signal = new AbortController().signal,
			transfer = {},
		} = this.#options;
		const directory = this.#directoryOf(file);
		return downloadOnce({
			directory,
			signal,
			...(transfer.lockTiming === undefined
				? {}
				: { timing: transfer.lockTiming }),
			find: () => this.#find(file),
			onOther: (ownerPid, progress) =>
				this.#tell(file.name, progress, ownerPid),
			download: async (lockSignal, assertHeld) => {
				const { connections, chunkBytes, checkpointMs, freeSpace } = transfer;
				const downloaded = await downloadFile(
					{ ...file, directory },
					{
						http: this.#http,
						signal: lockSignal,
						onProgress: (progress) => this.#tell(file.name, progress),
						...(connections === undefined ? {} : { connections }),
						...(chunkBytes === undefined ? {} : { chunkBytes }),
						...(checkpointMs === undefined ? {} : { checkpointMs }),
						...(freeSpace === undefined ? {} : { freeSpace }),
					},
				);
				await assertHeld();
				const added = await cache.addFile(downloaded.path, null, downloaded);
				await cache.noteKey(file.key, added.sha256);
				return added;
			},
		});
	}

	async #find({
		digest,
		key,
		notBeforeMs,
	}: WantedFile): Promise<{ sha256: string; sizeBytes: number } | null> {
		const { cache } = this.#options;
		if (digest?.algorithm === "sha256") {
			const content = await cache.findContent(digest.hex);
			return content === null
				? null
				: { sha256: digest.hex, sizeBytes: content.sizeBytes };
		}
		const noted = await cache.findKey(key);
		if (noted === null) return null;
		return notBeforeMs !== undefined && noted.notedMs < notBeforeMs
			? null
			: noted;
	}

	/** Before the first byte: that half of a model fits helps nobody. */
	async #checkSpace(files: readonly WantedFile[], what: string): Promise<void> {
		const { cache, transfer = {} } = this.#options;
		let neededBytes = 0;
		for (const file of files) {
			if (file.sizeBytes === null || (await this.#find(file)) !== null)
				continue;
			const left = await PartialFile.left(this.#directoryOf(file));
			neededBytes += file.sizeBytes - (left?.received.total ?? 0);
		}
		await checkDiskSpace(
			await existingFolder(cache.directory),
			neededBytes,
			`"${what}"`,
			transfer.freeSpace,
		);
	}

	#directoryOf({ key }: WantedFile): string {
		return join(this.#options.cache.downloadsDirectory, key);
	}

	#tell(
		name: string,
		{ stage, receivedBytes, totalBytes }: FileProgress,
		otherProcess: number | null = null,
	): void {
		const { onProgress } = this.#options;
		if (onProgress === undefined) return;
		const nowMs = performance.now();
		const isNew =
			stage !== this.#lastTold.stage || name !== this.#lastTold.file;
		// Pieces come by the thousand, and nobody reads faster than this.
		if (
			!isNew &&
			nowMs - this.#lastTold.atMs < 100 &&
			receivedBytes < totalBytes
		)
			return;
		this.#lastTold = { stage, file: name, atMs: nowMs };
		const received = this.#doneBytes + receivedBytes;
		const total = this.#totalBytes ?? this.#doneBytes + totalBytes;
		if (stage === "download") {
			this.#startBytes ??= received;
			this.#meter.update(received - this.#startBytes, nowMs);
		}
		onProgress({
			stage,
			file: name,
			receivedBytes: received,
			totalBytes: total,
			bytesPerSecond: stage === "download" ? this.#meter.perSecond : null,
			etaSeconds:
				stage === "download" ? this.#meter.secondsFor(total - received) : null,
			otherProcess,
		});
	}
}

/** The cache may not have been made yet; the disk that it will be on is known by the folder above. */
async function existingFolder(directory: string): Promise<string> {
	for (let at = directory; ; at = join(at, "..")) {
		try {
			await stat(at);
			return at;
		} catch (error) {
			if (
				(error as NodeJS.ErrnoException).code !== "ENOENT" ||
				at === join(at, "..")
			)
				throw error;
		}
	}
}
