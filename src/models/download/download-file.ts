import { mkdir } from "node:fs/promises";
import { GalleyError } from "../../core/errors.ts";
import { abortableDelay } from "../hub/abortable-delay.ts";
import { discard, type HttpClient } from "../hub/http-client.ts";
import type { FileSource } from "../hub/hub-client.ts";
import { ByteRanges } from "./byte-ranges.ts";
import { checkDiskSpace, type FreeSpace } from "./disk-space.ts";
import { digestFile, type ExpectedDigest, hasDigest } from "./file-digest.ts";
import { fetchMissing } from "./file-download.ts";
import { PartialFile } from "./partial-file.ts";
import {
	DownloadTrouble,
	FileChanged,
	readRangeAnswer,
} from "./range-answer.ts";
import { SourceList } from "./source-list.ts";

export interface DownloadTask {
	/** How the file is called in messages and progress. */
	name: string;
	/** A folder of its own, in which the partial file stays between runs. */
	directory: string;
	sources: readonly FileSource[];
	/** null asks the server. */
	sizeBytes: number | null;
	/** null when nobody says what the file has to be; then its ETag guards against mixing two versions. */
	digest: ExpectedDigest | null;
}

export interface FileProgress {
	stage: "download" | "verify";
	receivedBytes: number;
	totalBytes: number;
}

export interface DownloadFileOptions {
	http: HttpClient;
	signal: AbortSignal;
	onProgress?: (progress: FileProgress) => void;
	connections?: number;
	/** A range that one request asks for. */
	chunkBytes?: number;
	checkpointMs?: number;
	freeSpace?: FreeSpace;
}

export interface DownloadedFile {
	/** The verified file, still in the task's folder. */
	path: string;
	sizeBytes: number;
	sha256: string;
}

const defaultConnections = 4;

/** Few requests for large files, several connections for small ones. */
export function chunkBytesFor(sizeBytes: number): number {
	const mebibyte = 1024 * 1024;
	return Math.min(
		128 * mebibyte,
		Math.max(4 * mebibyte, Math.ceil(sizeBytes / 32)),
	);
}

/**
 * Downloads one file, or goes on with what an earlier run has left, and checks the whole of it. Only one process may
 * work in the folder. Throws GalleyError; whatever is correct stays for the next run.
 */
export async function downloadFile(
	task: DownloadTask,
	options: DownloadFileOptions,
): Promise<DownloadedFile> {
	await mkdir(task.directory, { recursive: true });
	// A file that turned out wrong is fetched once more from all sources together, then from each one alone.
	const rounds = [
		task.sources,
		...(task.sources.length === 1
			? [task.sources]
			: task.sources.map((source) => [source])),
	];
	let wrong = "";
	for (const [round, sources] of rounds.entries()) {
		const isLast = round === rounds.length - 1;
		try {
			const path = await fetchFile({ ...task, sources }, options);
			const result = await verify(task, path, options);
			if (result.isRight) return result;
			wrong = result.wrong;
		} catch (error) {
			if (!(error instanceof FileChanged)) throw error;
			wrong = error.message;
		}
		await PartialFile.discard(task.directory);
		if (!isLast) options.signal.throwIfAborted();
	}
	throw new GalleyError(
		"download_failed",
		`"${task.name}" was downloaded ${rounds.length} times and was wrong each time: ${wrong}. Nothing of it was kept. Try again later, or another mirror.`,
	);
}

async function fetchFile(
	task: DownloadTask,
	options: DownloadFileOptions,
): Promise<string> {
	const { http, signal, onProgress, freeSpace } = options;
	const sources = new SourceList(http, task.sources);
	const known = await sizeAndValidator(task, sources, options);
	const left = await PartialFile.left(task.directory);
	const isSame =
		left !== null &&
		left.sizeBytes === known.sizeBytes &&
		left.validator === known.validator;
	const received = isSame ? left.received : new ByteRanges();
	if (!isSame) await PartialFile.discard(task.directory);
	await checkDiskSpace(
		task.directory,
		known.sizeBytes - received.total,
		`"${task.name}"`,
		freeSpace,
	);
	const file = await PartialFile.open(
		task.directory,
		{ ...known, received },
		options.checkpointMs ?? 1000,
	);
	const tell = (receivedBytes: number) =>
		onProgress?.({
			stage: "download",
			receivedBytes,
			totalBytes: known.sizeBytes,
		});
	tell(received.total);
	try {
		await fetchMissing({
			name: task.name,
			file,
			sources,
			patience: http.patience,
			connections: options.connections ?? defaultConnections,
			chunkBytes: options.chunkBytes ?? chunkBytesFor(known.sizeBytes),
			signal,
			onBytes: tell,
		});
	} finally {
		await file.close();
	}
	return file.path;
}

async function verify(
	{ digest, directory }: DownloadTask,
	path: string,
	{ signal, onProgress }: DownloadFileOptions,
): Promise<DownloadedFile & { isRight: boolean; wrong: string }> {
	const left = await PartialFile.left(directory);
	const totalBytes = left?.sizeBytes ?? 0;
	const digests = await digestFile(path, {
		gitSizeBytes: digest?.algorithm === "git-blob" ? totalBytes : null,
		signal,
		onBytes: (receivedBytes) =>
			onProgress?.({ stage: "verify", receivedBytes, totalBytes }),
	});
	const actual =
		digest?.algorithm === "git-blob" ? digests.gitBlob : digests.sha256;
	return {
		path,
		sizeBytes: digests.sizeBytes,
		sha256: digests.sha256,
		isRight: hasDigest(digests, digest),
		wrong: `its digest is ${actual} and should be ${digest?.hex}`,
	};
}

/** Of a file of the hub all is known beforehand; of an address only what the server tells. */
async function sizeAndValidator(
	{ name, sizeBytes, digest }: DownloadTask,
	sources: SourceList,
	{ http, signal }: DownloadFileOptions,
): Promise<{ sizeBytes: number; validator: string | null }> {
	if (sizeBytes !== null && digest !== null)
		return { sizeBytes, validator: null };
	for (let attempt = 1; ; attempt++) {
		const source = sources.current;
		if (source === null) break;
		try {
			const answer = await sources.get(source, "bytes=0-0", signal);
			const { host } = new URL(answer.url);
			try {
				const range = readRangeAnswer(
					answer.status,
					answer.headers,
					host,
					Date.now(),
				);
				if (range.totalBytes === null) break;
				return {
					sizeBytes: range.totalBytes,
					validator: digest === null ? range.validator : null,
				};
			} finally {
				await discard(answer.body);
			}
		} catch (error) {
			if (!(error instanceof DownloadTrouble)) throw error;
			const hasMore = !error.isFinal || sources.drop(source);
			if (!hasMore || attempt >= http.patience.maxAttempts) {
				const isAbsent = error.status === 404 || error.status === 410;
				throw new GalleyError(
					isAbsent ? "model_not_found" : "download_failed",
					`"${name}" can't be downloaded: ${error.message}. Check the address and the network.`,
					{ cause: error },
				);
			}
			await abortableDelay(
				Math.min(
					error.waitMs ?? http.patience.baseDelayMs * 2 ** (attempt - 1),
					http.patience.maxRetryAfterMs,
				),
				signal,
			);
		}
	}
	throw new GalleyError(
		"download_failed",
		`"${name}" can't be downloaded: the server doesn't say how long the file is, so nobody could tell whether it came whole. Fetch it with another tool and give its path.`,
	);
}
