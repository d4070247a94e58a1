import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import zlib from "node:zlib";
import { type Agent, type Dispatcher, request } from "undici";
import type { AllowedHosts } from "./address-guard.ts";
import { createGuardedAgent } from "./address-guard.ts";
import { fetchFailure } from "./fetch-failure.ts";
import { PageError } from "./page-error.ts";

export interface FetchLimits {
	/** Of the body, after decompression. */
	maxBytes: number;
	/** From the first request to the last byte, redirects included. */
	maxSeconds: number;
	maxRedirects: number;
}

export const defaultFetchLimits: FetchLimits = {
	maxBytes: 20_000_000,
	maxSeconds: 60,
	maxRedirects: 5,
};

/** What the server said about a page the last time. */
export interface KnownPage {
	etag: string | null;
	lastModified: string | null;
}

export interface FetchedPage {
	/** After redirects. */
	url: string;
	/** `text/html`, without parameters. */
	contentType: string;
	/** As the server named it; null leaves it to the document. */
	charset: string | null;
	body: Buffer;
	etag: string | null;
	lastModified: string | null;
}

export interface PageFetcherOptions {
	userAgent: string;
	allowedHosts: AllowedHosts;
	limits?: Partial<FetchLimits>;
	/** Types that are downloaded; others end at their headers. */
	acceptedTypes: ReadonlySet<string>;
	agent?: Agent;
}

const decoders: Record<string, () => NodeJS.ReadWriteStream> = {
	gzip: () => zlib.createGunzip(),
	"x-gzip": () => zlib.createGunzip(),
	deflate: () => zlib.createInflate(),
	br: () => zlib.createBrotliDecompress(),
};
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches pages whose addresses come from strangers: http and https only, public addresses only (after each redirect
 * too), bounded in size (after decompression, so that a bomb is cut short), time, redirects and types.
 */
export class PageFetcher {
	readonly #options: PageFetcherOptions;
	readonly #limits: FetchLimits;
	readonly #agent: Agent;

	constructor(options: PageFetcherOptions) {
		this.#options = options;
		this.#limits = { ...defaultFetchLimits, ...options.limits };
		this.#agent = options.agent ?? createGuardedAgent(options.allowedHosts);
	}

	/** Null when the page is still as it was known. Throws PageError. */
	async fetch(
		address: string,
		known: KnownPage | null = null,
		signal?: AbortSignal,
	): Promise<FetchedPage | null> {
		const timeout = AbortSignal.timeout(this.#limits.maxSeconds * 1000);
		const both = signal ? AbortSignal.any([signal, timeout]) : timeout;
		// What failed may be where a redirect led to.
		const place = { url: parsePageUrl(address) };
		try {
			return await this.#follow(place, known, both);
		} catch (error) {
			signal?.throwIfAborted();
			throw toPageError(error, place.url, timeout.aborted, this.#limits);
		}
	}

	close(): Promise<void> {
		return this.#agent.close();
	}

	async #follow(
		place: { url: URL },
		known: KnownPage | null,
		signal: AbortSignal,
	): Promise<FetchedPage | null> {
		const start = place.url;
		for (let hop = 0; hop <= this.#limits.maxRedirects; hop++) {
			const { url } = place;
			const response = await this.#request(url, known, signal);
			const { statusCode, headers, body } = response;
			const location = header(headers, "location");
			if (redirects.has(statusCode) && location !== null) {
				await drop(body);
				place.url = parsePageUrl(location, url);
				continue;
			}
			if (statusCode === 304 && known !== null) {
				await drop(body);
				return null;
			}
			if (statusCode !== 200) {
				await drop(body);
				throw new PageError(
					"http_status",
					`The server answered ${statusCode} for ${url.href}.`,
					{ status: statusCode },
				);
			}
			return await this.#read(url, response);
		}
		throw new PageError(
			"too_many_redirects",
			`${start.href} redirects more than ${this.#limits.maxRedirects} times.`,
		);
	}

	#request(
		url: URL,
		known: KnownPage | null,
		signal: AbortSignal,
	): Promise<Dispatcher.ResponseData> {
		const { userAgent, acceptedTypes } = this.#options;
		return request(url, {
			dispatcher: this.#agent,
			signal,
			headers: {
				"user-agent": userAgent,
				accept: [...acceptedTypes, "*/*;q=0.1"].join(", "),
				"accept-encoding": "gzip, deflate, br",
				...(known?.etag ? { "if-none-match": known.etag } : {}),
				...(known?.lastModified
					? { "if-modified-since": known.lastModified }
					: {}),
			},
		});
	}

	async #read(
		url: URL,
		{ headers, body }: Dispatcher.ResponseData,
	): Promise<FetchedPage> {
		const { contentType, charset } = parseContentType(
			header(headers, "content-type"),
		);
		if (!this.#options.acceptedTypes.has(contentType)) {
			await drop(body);
			throw new PageError(
				"unsupported_type",
				`${url.href} is ${contentType}, which can't be read as text.`,
			);
		}
		const announced = Number(header(headers, "content-length") ?? 0);
		if (announced > this.#limits.maxBytes) {
			await drop(body);
			throw tooLarge(this.#limits);
		}
		return {
			url: url.href,
			contentType,
			charset,
			body: await this.#decode(body, header(headers, "content-encoding")),
			etag: header(headers, "etag"),
			lastModified: header(headers, "last-modified"),
		};
	}

	async #decode(
		body: Dispatcher.ResponseData["body"],
		encoding: string | null,
	): Promise<Buffer> {
		const names = (encoding ?? "")
			.split(",")
			.map((name) => name.trim().toLowerCase())
			.filter((name) => name !== "" && name !== "identity");
		// More than two layers are only ever a trick.
		if (names.length > 2 || names.some((name) => !(name in decoders))) {
			await drop(body);
			throw new PageError(
				"unsupported_type",
				`The content encoding "${encoding}" is not supported.`,
			);
		}
		let stream: NodeJS.ReadableStream = body;
		for (const name of names.reverse()) {
			const decoder = (decoders[name] as () => NodeJS.ReadWriteStream)();
			stream.on("error", (error) =>
				(decoder as unknown as Readable).destroy(error),
			);
			stream = stream.pipe(decoder);
		}
		const pieces: Buffer[] = [];
		let bytes = 0;
		try {
			for await (const piece of stream) {
				bytes += piece.length;
				if (bytes > this.#limits.maxBytes) throw tooLarge(this.#limits);
				pieces.push(piece as Buffer);
			}
		} finally {
			body.destroy();
		}
		return Buffer.concat(pieces);
	}
}

/** The URL without its fragment. Throws PageError for anything but http and https, and for names and passwords in it. */
export function parsePageUrl(address: string, base?: URL): URL {
	let url: URL;
	try {
		url = new URL(address, base);
	} catch {
		throw new PageError("invalid_url", `"${address}" is not a URL.`);
	}
	if (url.protocol !== "http:" && url.protocol !== "https:")
		throw new PageError(
			"invalid_url",
			`${url.href} is not a web page: only http and https are read.`,
		);
	if (url.username !== "" || url.password !== "")
		throw new PageError(
			"invalid_url",
			"A URL with a name or a password in it is not read.",
		);
	url.hash = "";
	return url;
}

function parseContentType(text: string | null): {
	contentType: string;
	charset: string | null;
} {
	const [type = "", ...parameters] = (text ?? "text/html").split(";");
	const charset = parameters
		.map((parameter) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(parameter))
		.find((match) => match !== null);
	return {
		contentType: type.trim().toLowerCase(),
		charset: charset?.[1] ?? null,
	};
}

function header(
	headers: Record<string, string | string[] | undefined>,
	name: string,
): string | null {
	const value = headers[name];
	return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** The answer's body is not wanted: a short one is read to keep the connection, a long one ends with it. */
async function drop(body: Dispatcher.ResponseData["body"]): Promise<void> {
	await Promise.race([
		body.dump({ limit: 16_384 }).catch(() => undefined),
		delay(1000, undefined, { ref: false }),
	]);
	body.destroy();
}

function tooLarge({ maxBytes }: FetchLimits): PageError {
	return new PageError(
		"too_large",
		`The page is larger than ${Math.round(maxBytes / 1e6)} MB.`,
	);
}

function toPageError(
	error: unknown,
	at: URL,
	isTimeout: boolean,
	{ maxSeconds }: FetchLimits,
): PageError {
	for (let cause = error; cause instanceof Error; cause = cause.cause)
		if (cause instanceof PageError) return cause;
	if (isTimeout)
		return new PageError(
			"too_slow",
			`${at.href} did not arrive within ${maxSeconds} seconds.`,
			{ cause: error },
		);
	return fetchFailure(error, at);
}
