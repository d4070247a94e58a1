import { backoffDelayMs } from "../../async/backoff.ts";
import { GalleyError } from "../../core/errors.ts";
import { abortableDelay } from "../hub/abortable-delay.ts";
import { discard, type HttpAnswer, reasonOf } from "../hub/http-client.ts";
import type { FileSource } from "../hub/hub-client.ts";
import type { Patience } from "../hub/hub-settings.ts";
import type { ByteRange } from "./byte-ranges.ts";
import type { PartialFile } from "./partial-file.ts";
import {
	DownloadTrouble,
	FileChanged,
	type RangeAnswer,
	readRangeAnswer,
} from "./range-answer.ts";
import { RangeQueue } from "./range-queue.ts";
import type { SourceList } from "./source-list.ts";

export interface RangeDownload {
	/** How the file is called in messages. */
	name: string;
	file: PartialFile;
	sources: SourceList;
	patience: Patience;
	connections: number;
	chunkBytes: number;
	signal: AbortSignal;
	/** Called with each piece that was written. */
	onBytes: (receivedBytes: number) => void;
}

/**
 * Fetches what a partial file lacks, over several connections. Each one takes a range, and gives back what it could not
 * get; progress sets the patience back to full. Throws FileChanged, or GalleyError when nobody gives the file.
 */
export async function fetchMissing(download: RangeDownload): Promise<void> {
	await new RangeFetcher(download).run();
}

class RangeFetcher {
	readonly #download: RangeDownload;
	readonly #queue: RangeQueue;
	readonly #stop = new AbortController();
	readonly #signal: AbortSignal;
	/** The connection that receives the whole file from a server without ranges; the others have nothing to do then. */
	#hasWholeStream = false;
	#pausedUntilMs = 0;
	/** Why the last attempt failed: what to tell when there is nobody left to ask. */
	#lastTrouble: DownloadTrouble | null = null;

	constructor(download: RangeDownload) {
		this.#download = download;
		const { file, chunkBytes } = download;
		this.#queue = new RangeQueue(
			file.received.missing(file.sizeBytes),
			chunkBytes,
		);
		this.#signal = AbortSignal.any([download.signal, this.#stop.signal]);
	}

	async run(): Promise<void> {
		const { file, connections, chunkBytes, signal } = this.#download;
		const missingBytes = file.sizeBytes - file.received.total;
		const count = Math.min(
			connections,
			Math.max(1, Math.ceil(missingBytes / chunkBytes)),
		);
		const workers = Array.from({ length: count }, () =>
			this.#work().catch((error: unknown) => {
				this.#stop.abort();
				throw error;
			}),
		);
		const results = await Promise.allSettled(workers);
		signal.throwIfAborted();
		const reasons = results.flatMap((result) =>
			result.status === "rejected" ? [result.reason as unknown] : [],
		);
		// The first to fail stops the others, who then fail with no reason of their own.
		const cause = reasons.find((reason) => !isAbort(reason)) ?? reasons[0];
		if (cause !== undefined) throw cause;
		if (file.received.total < file.sizeBytes) throw this.#noSource();
	}

	async #work(): Promise<void> {
		const { file, patience, sources } = this.#download;
		let failures = 0;
		let receivedBefore = file.received.total;
		for (;;) {
			const range = this.#queue.take();
			if (range === null) return;
			const source = sources.current;
			if (source === null) throw this.#noSource();
			try {
				await this.#pause();
				await this.#fetch(range, source);
				failures = 0;
			} catch (error) {
				if (!(error instanceof DownloadTrouble)) throw error;
				this.#lastTrouble = error;
				const received = file.received.total;
				failures = received > receivedBefore ? 1 : failures + 1;
				receivedBefore = received;
				if (error.isFinal && !sources.drop(source)) throw this.#noSource();
				if (failures >= patience.maxAttempts) throw this.#noSource();
				if (!error.isFinal) await this.#recover(error, failures, source);
			}
		}
	}

	async #pause(): Promise<void> {
		const waitMs = this.#pausedUntilMs - performance.now();
		if (waitMs > 0) await abortableDelay(waitMs, this.#signal);
	}

	async #recover(
		{ waitMs, message }: DownloadTrouble,
		failures: number,
		source: FileSource,
	): Promise<void> {
		const { patience, name, sources } = this.#download;
		const { baseDelayMs, maxDelayMs, maxRetryAfterMs } = patience;
		if (waitMs !== null && waitMs > maxRetryAfterMs) {
			throw new GalleyError(
				"download_failed",
				`"${name}" can't be downloaded now: ${message} and asks to come back in ${Math.ceil(waitMs / 60_000)} minutes. What is there is kept; run the command again then.`,
				{ retryAfterSeconds: Math.ceil(waitMs / 1000) },
			);
		}
		if (waitMs !== null) {
			// A server that is asked to slow down by one connection means all of them.
			this.#pausedUntilMs = Math.max(
				this.#pausedUntilMs,
				performance.now() + waitMs,
			);
		} else if (failures >= 2) sources.rotate(source);
		const backoff = { baseMs: baseDelayMs, maxMs: maxDelayMs };
		await abortableDelay(
			Math.max(waitMs ?? 0, backoffDelayMs(failures, backoff, Math.random())),
			this.#signal,
		);
	}

	async #fetch([from, end]: ByteRange, source: FileSource): Promise<void> {
		let position = from;
		try {
			const answer = await this.#download.sources.get(
				source,
				`bytes=${from}-${end - 1}`,
				this.#signal,
			);
			const range = await this.#check(answer, from);
			if (range.isPartial) {
				await this.#receive(
					answer,
					from,
					Math.min(end, range.end),
					(reached) => {
						position = reached;
					},
				);
				return;
			}
			await this.#receiveWhole(answer, [from, end]);
			position = end;
		} finally {
			if (position < end) this.#queue.giveBack(position, end);
		}
	}

	async #check(answer: HttpAnswer, from: number): Promise<RangeAnswer> {
		const { file } = this.#download;
		const { host } = new URL(answer.url);
		try {
			const range = readRangeAnswer(
				answer.status,
				answer.headers,
				host,
				Date.now(),
			);
			if (
				file.validator !== null &&
				range.validator !== null &&
				range.validator !== file.validator
			)
				throw new FileChanged(`${host} has a new version of the file`);
			if (range.totalBytes !== null && range.totalBytes !== file.sizeBytes) {
				// Without a digest the length at the beginning was all that was known of the file.
				if (file.validator !== null)
					throw new FileChanged(`the file on ${host} has another length now`);
				throw new DownloadTrouble(
					`${host} has a file of ${range.totalBytes} bytes where ${file.sizeBytes} are expected`,
					{ isFinal: true },
				);
			}
			if (range.isPartial && range.from !== from)
				throw new DownloadTrouble(`${host} sends another range than was asked`);
			return range;
		} catch (error) {
			await discard(answer.body);
			throw error;
		}
	}

	/** A server without ranges sends everything: one connection takes it, over what is there already. */
	async #receiveWhole(
		answer: HttpAnswer,
		[from, end]: ByteRange,
	): Promise<void> {
		if (this.#hasWholeStream) {
			await discard(answer.body);
			return;
		}
		const { file } = this.#download;
		this.#hasWholeStream = true;
		try {
			await this.#receive(answer, 0, file.sizeBytes, () => undefined);
			this.#queue.clear();
		} catch (error) {
			// Ranges that idle connections dropped are this one's to bring now.
			this.#queue.clear();
			for (const [gapFrom, gapEnd] of file.received.missing(file.sizeBytes))
				if (gapFrom !== from || gapEnd !== end)
					this.#queue.giveBack(gapFrom, gapEnd);
			throw error;
		} finally {
			this.#hasWholeStream = false;
		}
	}

	async #receive(
		answer: HttpAnswer,
		from: number,
		end: number,
		onReached: (position: number) => void,
	): Promise<void> {
		const { file, onBytes } = this.#download;
		const { host } = new URL(answer.url);
		const guard = new StallGuard(answer, this.#download.patience, host);
		let position = from;
		try {
			for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
				guard.count(piece.length);
				const bytes = piece.subarray(0, end - position);
				await file.write(bytes, position);
				position += bytes.length;
				onReached(position);
				onBytes(file.received.total);
				if (position >= end) break;
			}
		} catch (error) {
			this.#signal.throwIfAborted();
			if (error instanceof GalleyError) throw error;
			if (error instanceof DownloadTrouble) throw error;
			throw new DownloadTrouble(
				`${host} broke the connection off: ${reasonOf(error)}`,
				{ cause: error },
			);
		} finally {
			guard.end();
		}
		if (position < end)
			throw new DownloadTrouble(
				`${host} ended its answer after ${position - from} of ${end - from} bytes`,
			);
	}

	#noSource(): GalleyError {
		const { name, file } = this.#download;
		const cause = this.#lastTrouble;
		const denied = cause?.status === 401 || cause?.status === 403;
		return new GalleyError(
			denied ? "permission_denied" : "download_failed",
			`"${name}" can't be downloaded: ${cause?.message ?? "no source has it"}. ` +
				(denied
					? "Accept the licence on the model's page, and give a token that may read it in HF_TOKEN."
					: `${file.received.total} of ${file.sizeBytes} bytes are there and kept: run the command again, or name a mirror.`),
			{ cause },
		);
	}
}

/** Ends a body that brings too little in too long a time. */
class StallGuard {
	readonly #timer: NodeJS.Timeout;
	#bytes = 0;

	constructor(
		{ body }: HttpAnswer,
		{ stallTimeoutMs, stallBytes }: Patience,
		host: string,
	) {
		this.#timer = setInterval(() => {
			if (this.#bytes < stallBytes)
				body.destroy(
					new DownloadTrouble(
						`${host} sent only ${this.#bytes} bytes in ${stallTimeoutMs / 1000} s`,
					),
				);
			this.#bytes = 0;
		}, stallTimeoutMs);
	}

	count(bytes: number): void {
		this.#bytes += bytes;
	}

	end(): void {
		clearInterval(this.#timer);
	}
}

function isAbort(reason: unknown): boolean {
	return reason instanceof Error && reason.name === "AbortError";
}
