import { retryAfterMs } from "../hub/http-client.ts";
import { printable } from "../reference-syntax.ts";

type Headers = Readonly<Record<string, string>>;

/** A failure after which it makes sense to try again, here or at another source. */
export class DownloadTrouble extends Error {
	override readonly name = "DownloadTrouble";
	/** The server's own wish; null leaves it to the back-off. */
	readonly waitMs: number | null;
	/** This source will not give the file, however often it is asked. */
	readonly isFinal: boolean;
	readonly status: number | null;
	/** What the server says about a refusal, as the hub does in `x-error-code`. */
	readonly headers: Headers;

	constructor(
		message: string,
		{
			waitMs = null,
			isFinal = false,
			status = null,
			headers = {},
			cause,
		}: {
			waitMs?: number | null;
			isFinal?: boolean;
			status?: number | null;
			headers?: Headers;
			cause?: unknown;
		} = {},
	) {
		super(message, { cause });
		this.waitMs = waitMs;
		this.isFinal = isFinal;
		this.status = status;
		this.headers = headers;
	}
}

/** The file on the server is not the one that the partial file was begun with. */
export class FileChanged extends Error {
	override readonly name = "FileChanged";
}

/** What an answer to a range request brings: bytes from `from` up to `end` of a file of `totalBytes`. */
export interface RangeAnswer {
	from: number;
	end: number;
	totalBytes: number | null;
	/** The server knows ranges; where it doesn't, the whole file comes. */
	isPartial: boolean;
	validator: string | null;
}

/** Throws DownloadTrouble for every answer that is not content, or that contradicts itself. */
export function readRangeAnswer(
	status: number,
	headers: Headers,
	host: string,
	nowMs: number,
): RangeAnswer {
	const validator = headers.etag ?? headers["last-modified"] ?? null;
	const length = numberOf(headers["content-length"]);
	if (
		headers["content-encoding"] !== undefined &&
		headers["content-encoding"] !== "identity"
	)
		throw new DownloadTrouble(`${host} sends the file compressed`, {
			isFinal: true,
		});
	if (status === 200) {
		return {
			from: 0,
			end: length ?? Number.POSITIVE_INFINITY,
			totalBytes: length,
			isPartial: false,
			validator,
		};
	}
	if (status === 206) {
		const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(
			headers["content-range"] ?? "",
		);
		if (match === null)
			throw new DownloadTrouble(
				`${host} answers with the range "${printable(headers["content-range"] ?? "")}", which is none`,
				{ isFinal: true },
			);
		return {
			from: Number(match[1]),
			end: Number(match[2]) + 1,
			totalBytes: match[3] === "*" ? null : Number(match[3]),
			isPartial: true,
			validator,
		};
	}
	const isPassing = [408, 425, 429].includes(status) || status >= 500;
	throw new DownloadTrouble(`${host} answers ${status}`, {
		status,
		headers,
		isFinal: !isPassing,
		waitMs: isPassing ? retryAfterMs(headers, nowMs) : null,
	});
}

function numberOf(text: string | undefined): number | null {
	return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
