import { type Dispatcher, Pool } from "undici";
import { GalleyError } from "../core/errors.ts";
import type { RequestRecord } from "./request-record.ts";
import type { CompletionEndpoint } from "./stream-chunk.ts";
import {
	isStaleConnection,
	parseJson,
	StreamHandler,
} from "./stream-handler.ts";

export interface CompletionClientOptions {
	url: string;
	endpoint: CompletionEndpoint;
	headers: Readonly<Record<string, string>>;
	timeoutMs: number;
}

export interface JsonAnswer {
	status: number;
	body: unknown;
}

const paths = { chat: "/chat/completions", completions: "/completions" };

/**
 * Talks to one OpenAI-compatible server over kept-alive connections, one request on a connection at a time, as many connections as
 * requests in flight. Uses undici's handler interface: bytes arrive as the socket gives them, without a stream in between.
 */
export class CompletionClient {
	/** E.g. `http://127.0.0.1:8000/v1`. */
	readonly apiUrl: string;
	readonly #endpoint: CompletionEndpoint;
	readonly #apiPath: string;
	readonly #headers: Readonly<Record<string, string>>;
	readonly #timeoutMs: number;
	readonly #pool: Pool;

	constructor(options: CompletionClientOptions) {
		const { origin, apiPath } = splitUrl(options.url);
		this.apiUrl = origin + apiPath;
		this.#apiPath = apiPath;
		this.#endpoint = options.endpoint;
		this.#headers = { ...options.headers, "content-type": "application/json" };
		this.#timeoutMs = options.timeoutMs;
		// Our own timer bounds a request as a whole.
		this.#pool = new Pool(origin, {
			headersTimeout: 0,
			bodyTimeout: 0,
			pipelining: 1,
		});
	}

	async close(): Promise<void> {
		await this.#pool.destroy();
	}

	/** `path` below the API (`/models`), or from the server's root with `fromRoot`. Throws `engine_unavailable` when nobody answers. */
	async json(
		path: string,
		options: { body?: unknown; fromRoot?: boolean; signal?: AbortSignal } = {},
	): Promise<JsonAnswer> {
		const rootPath = this.#apiPath.replace(/\/v1$/, "");
		const request: Dispatcher.RequestOptions = {
			method: options.body === undefined ? "GET" : "POST",
			path: `${options.fromRoot === true ? rootPath : this.#apiPath}${path}`,
			headers: this.#headers,
			body: options.body === undefined ? null : JSON.stringify(options.body),
			signal: options.signal ?? null,
		};
		try {
			return await this.#request(request).catch((error: unknown) => {
				if (!isStaleConnection(error)) throw error;
				return this.#request(request);
			});
		} catch (error) {
			throw new GalleyError(
				"engine_unavailable",
				`No answer from ${this.apiUrl}: ${String(error)}. Is the server running there?`,
				{
					cause: error,
				},
			);
		}
	}

	/**
	 * Sends one streaming request and resolves when it has ended, well or not: never rejects. `stageStart` is the `performance.now()`
	 * that `startMs` counts from; `onOutput` hears of each chunk with output.
	 */
	stream(
		body: string,
		stageStart: number,
		options: { onOutput?: () => void; signal?: AbortSignal } = {},
	): Promise<RequestRecord> {
		return new Promise((resolve) => {
			const handler = new StreamHandler(
				this.#endpoint,
				stageStart,
				options.onOutput,
				(record) => {
					clearTimeout(timer);
					options.signal?.removeEventListener("abort", onAbort);
					resolve(record);
				},
				() => this.#dispatch(body, handler),
			);
			const onAbort = () =>
				handler.fail("cancelled", "The benchmark was stopped.");
			const timer = setTimeout(
				() =>
					handler.fail(
						"timeout",
						`No end after ${this.#timeoutMs / 1000} seconds.`,
					),
				this.#timeoutMs,
			);
			if (options.signal?.aborted === true) {
				onAbort();
				return;
			}
			options.signal?.addEventListener("abort", onAbort, { once: true });
			handler.start();
			this.#dispatch(body, handler);
		});
	}

	#dispatch(body: string, handler: StreamHandler): void {
		const path = this.#apiPath + paths[this.#endpoint];
		this.#pool.dispatch(
			{ method: "POST", path, headers: this.#headers, body },
			handler,
		);
	}

	async #request(request: Dispatcher.RequestOptions): Promise<JsonAnswer> {
		const { statusCode, body } = await this.#pool.request(request);
		return { status: statusCode, body: parseJson(await body.text()) };
	}
}

/** `http://host:1234` means `http://host:1234/v1`; a path that is there is kept. */
export function splitUrl(url: string): { origin: string; apiPath: string } {
	const parsed = URL.canParse(url) ? new URL(url) : null;
	if (
		parsed === null ||
		(parsed.protocol !== "http:" && parsed.protocol !== "https:")
	) {
		throw new GalleyError(
			"invalid_request",
			`"${url}" is not a URL: write for example http://127.0.0.1:8000.`,
			{ param: "url" },
		);
	}
	const path = parsed.pathname.replace(/\/+$/, "");
	return { origin: parsed.origin, apiPath: path === "" ? "/v1" : path };
}
