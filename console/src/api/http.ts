import { ApiError, toApiError } from "./api-error.ts";
import { readEvents, type ServerSentEvent } from "./event-stream.ts";
import { storedKey } from "./key-storage.ts";

export type Query = Readonly<
	Record<string, string | number | boolean | null | undefined>
>;

export interface CallOptions {
	query?: Query;
	signal?: AbortSignal;
	/** Instead of the stored key. */
	key?: string;
}

export interface StreamOptions extends CallOptions {
	/** With a body the request is a POST, without one a GET. */
	body?: unknown;
}

/** Where the gateway is, without a slash at the end: `http://localhost:8000`. The console is served by the gateway itself. */
export function baseUrl(): string {
	return window.location.origin;
}

/** The gateway's HTTP API. Paths begin with `/v1`. All throw ApiError, and AbortError when the signal ends the call. */
export const api = {
	get: <T>(path: string, options: CallOptions = {}) =>
		json<T>("GET", path, undefined, options),
	post: <T>(path: string, body?: unknown, options: CallOptions = {}) =>
		json<T>("POST", path, body ?? {}, options),
	patch: <T>(path: string, body: unknown, options: CallOptions = {}) =>
		json<T>("PATCH", path, body, options),
	delete: <T = unknown>(path: string, options: CallOptions = {}) =>
		json<T>("DELETE", path, undefined, options),
	/** An answer that is no JSON: CSV, metrics. */
	async text(path: string, options: CallOptions = {}): Promise<string> {
		return (await call("GET", path, undefined, options)).text();
	},
	/** Server-sent events, until the server ends the stream or the reader leaves the loop. */
	async *stream(
		path: string,
		options: StreamOptions = {},
	): AsyncGenerator<ServerSentEvent, void, undefined> {
		const { body, ...rest } = options;
		const method = body === undefined ? "GET" : "POST";
		const response = await call(method, path, body, rest, "text/event-stream");
		if (response.body === null) return;
		try {
			yield* readEvents(response.body);
		} catch (error) {
			if (isAbort(error)) throw error;
			throw new ApiError("The connection broke off.", {
				status: 0,
				code: "connection_lost",
				cause: error,
			});
		}
	},
};

async function json<T>(
	method: string,
	path: string,
	body: unknown,
	options: CallOptions,
): Promise<T> {
	const response = await call(method, path, body, options);
	const text = await response.text();
	if (text === "") return undefined as T;
	try {
		return JSON.parse(text) as T;
	} catch (error) {
		throw new ApiError(
			`What answers at ${path} is no Galley gateway: its answer is no JSON.`,
			{ status: response.status, code: "not_json", cause: error },
		);
	}
}

async function call(
	method: string,
	path: string,
	body: unknown,
	{ query, signal, key }: CallOptions,
	accept = "application/json",
): Promise<Response> {
	const headers: Record<string, string> = { accept };
	const bearer = key ?? storedKey();
	if (bearer !== null) headers.authorization = `Bearer ${bearer}`;
	if (body !== undefined) headers["content-type"] = "application/json";
	let response: Response;
	try {
		response = await fetch(path + queryText(query), {
			method,
			headers,
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
			...(signal === undefined ? {} : { signal }),
		});
	} catch (error) {
		if (isAbort(error)) throw error;
		throw new ApiError("The gateway can't be reached.", {
			status: 0,
			code: "offline",
			cause: error,
		});
	}
	if (!response.ok) throw await toApiError(response);
	return response;
}

export function queryText(query: Query | undefined): string {
	const parameters = new URLSearchParams();
	for (const [name, value] of Object.entries(query ?? {}))
		if (value !== null && value !== undefined && value !== "")
			parameters.set(name, String(value));
	const text = parameters.toString();
	return text === "" ? "" : `?${text}`;
}

export function isAbort(error: unknown): boolean {
	return error instanceof DOMException && error.name === "AbortError";
}
