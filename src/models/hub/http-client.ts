import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { GalleyError } from "../../core/errors.ts";
import { isLoopback } from "../reference-syntax.ts";
import {
	defaultPatience,
	type HubSettings,
	type Patience,
} from "./hub-settings.ts";

export interface HttpAnswer {
	status: number;
	headers: Readonly<Record<string, string>>;
	body: Dispatcher.ResponseData["body"];
	/** Where the answer came from, after redirects. */
	url: string;
	/** What the redirecting answers said on the way, e.g. `x-linked-etag`: the first one that says it counts. */
	redirectHeaders: Readonly<Record<string, string>>;
}

interface HttpRequest {
	headers?: Readonly<Record<string, string>>;
	/** Only sent to the origin of the address that is asked first. */
	token?: string | null;
	signal?: AbortSignal | undefined;
}

/** The part of a failure that is the network's: it may be tried again, elsewhere too. */
export class ConnectionError extends Error {
	override readonly name = "ConnectionError";
}

const mostRedirects = 10;

/** GET requests that follow redirects without carrying the token to another origin. */
export class HttpClient {
	readonly patience: Patience;
	readonly #dispatcher: Dispatcher;

	constructor({ proxy, patience }: Pick<HubSettings, "proxy" | "patience">) {
		this.patience = { ...defaultPatience, ...patience };
		const options = {
			connect: { timeout: this.patience.connectTimeoutMs },
			headersTimeout: this.patience.answerTimeoutMs,
			// A silent connection is given up here, a dripping one by whoever reads it.
			bodyTimeout: this.patience.stallTimeoutMs,
			keepAliveTimeout: 4000,
		};
		this.#dispatcher =
			proxy === null
				? new Agent(options)
				: new EnvHttpProxyAgent({
						...options,
						...(proxy === undefined
							? {}
							: {
									httpProxy: proxy.http ?? "",
									httpsProxy: proxy.https ?? "",
									noProxy: proxy.except ?? "",
								}),
					});
	}

	/** Throws ConnectionError when no answer comes, GalleyError when redirects lead where nobody should follow. */
	async get(address: string, ask: HttpRequest = {}): Promise<HttpAnswer> {
		const first = new URL(address);
		let url = first;
		const redirectHeaders: Record<string, string> = {};
		for (let redirects = 0; redirects <= mostRedirects; redirects++) {
			const mayHaveToken = ask.token != null && url.origin === first.origin;
			const answer = await this.#request(
				url,
				{
					// An encoded body has another length and other ranges than the file.
					"accept-encoding": "identity",
					"user-agent": "galley",
					...ask.headers,
					...(mayHaveToken ? { authorization: `Bearer ${ask.token}` } : {}),
				},
				ask.signal,
			);
			const headers = flatten(answer.headers);
			const location = headers.location;
			if (
				![301, 302, 303, 307, 308].includes(answer.statusCode) ||
				location === undefined
			)
				return {
					status: answer.statusCode,
					headers,
					body: answer.body,
					url: url.href,
					redirectHeaders,
				};
			await discard(answer.body);
			for (const [name, value] of Object.entries(headers))
				redirectHeaders[name] ??= value;
			url = nextAddress(url, location);
		}
		throw new GalleyError(
			"download_failed",
			`${first.host} redirects without end. Check the address, or the hub's endpoint.`,
		);
	}

	async #request(
		url: URL,
		headers: Record<string, string>,
		signal: AbortSignal | undefined,
	): Promise<Dispatcher.ResponseData> {
		try {
			return await request(url, {
				dispatcher: this.#dispatcher,
				headers,
				...(signal === undefined ? {} : { signal }),
			});
		} catch (cause) {
			signal?.throwIfAborted();
			throw new ConnectionError(
				`${url.host} does not answer: ${reasonOf(cause)}`,
				{ cause },
			);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#dispatcher.destroy();
	}
}

function nextAddress(from: URL, location: string): URL {
	if (!URL.canParse(location, from.href))
		throw new GalleyError(
			"download_failed",
			`${from.host} redirects to something that is no address. Try a mirror, or later.`,
		);
	const next = new URL(location, from);
	const isDowngrade =
		from.protocol === "https:" &&
		next.protocol !== "https:" &&
		!isLoopback(next.hostname);
	if (isDowngrade || !/^https?:$/.test(next.protocol)) {
		throw new GalleyError(
			"download_failed",
			`${from.host} redirects to an unencrypted address on ${next.host}, which Galley does not follow.`,
		);
	}
	// A password in the address would travel to wherever the server likes.
	next.username = "";
	next.password = "";
	return next;
}

/** Throws the rest of a body away, but not at any length: a long one ends the connection. */
export async function discard(
	body: Dispatcher.ResponseData["body"],
): Promise<void> {
	try {
		await body.dump({ limit: 64 * 1024 });
	} catch (error) {
		// The answer was not wanted; that its connection broke on the way changes nothing.
		if (!(error instanceof Error)) throw error;
	}
}

/** A body as text, cut after `maxBytes`. */
export async function readText(
	answer: HttpAnswer,
	maxBytes: number,
): Promise<string> {
	const pieces: Uint8Array[] = [];
	let length = 0;
	try {
		for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
			pieces.push(piece);
			length += piece.length;
			if (length >= maxBytes) break;
		}
	} catch (cause) {
		throw new ConnectionError(
			`${new URL(answer.url).host} broke its answer off: ${reasonOf(cause)}`,
			{ cause },
		);
	}
	return Buffer.concat(pieces).toString("utf8");
}

function flatten(
	headers: Dispatcher.ResponseData["headers"],
): Record<string, string> {
	const flat: Record<string, string> = {};
	for (const [name, value] of Object.entries(headers)) {
		const text = Array.isArray(value) ? value[0] : value;
		if (text !== undefined) flat[name.toLowerCase()] = text;
	}
	return flat;
}

export function reasonOf(cause: unknown): string {
	if (!(cause instanceof Error)) return String(cause);
	if (cause.message !== "") return cause.message;
	// Several addresses were tried, and node puts what happened to each into a list.
	const [first] = cause instanceof AggregateError ? cause.errors : [];
	return first instanceof Error ? first.message : cause.name;
}

/** `Retry-After` in milliseconds: seconds or a date; null when it is absent or unreadable. */
export function retryAfterMs(
	headers: Readonly<Record<string, string>>,
	nowMs: number,
): number | null {
	const written = headers["retry-after"]?.trim();
	if (written === undefined || written === "") return null;
	if (/^\d+(\.\d+)?$/.test(written)) return Number(written) * 1000;
	const date = Date.parse(written);
	return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
