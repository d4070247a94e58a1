import type { Readable } from "node:stream";
import { type Agent, request } from "undici";
import type { Span, Tracing } from "../tracing/tracing.ts";

/** Where one of the three services answers; any OpenAI-compatible address will do. */
export interface Endpoint {
	/** `http://127.0.0.1:8000/v1` */
	baseUrl: string;
	model: string;
	apiKey: string | null;
	/** What is asked here belongs to the trace of the request that it is asked for. */
	tracing?: Tracing;
}

/** A service said no, or nothing. */
export class ServiceError extends Error {
	/** 0 when there was no answer at all. */
	readonly status: number;
	/** Seconds that it asks to be left alone. */
	readonly retryAfterSeconds: number | null;

	constructor(
		message: string,
		status: number,
		retryAfterSeconds: number | null = null,
		options?: ErrorOptions,
	) {
		super(message, options);
		this.name = "ServiceError";
		this.status = status;
		this.retryAfterSeconds = retryAfterSeconds;
	}
}

/** Whether asking again later may help: there was no answer, or the service, or what stands before it, says so. */
export function isAway(error: unknown): error is ServiceError {
	return (
		error instanceof ServiceError &&
		[0, 429, 502, 503, 504].includes(error.status)
	);
}

export interface Call {
	endpoint: Endpoint;
	/** `/embeddings` */
	path: string;
	body: unknown;
	signal?: AbortSignal | undefined;
	agent?: Agent | undefined;
}

/** Sends JSON and returns the answer's stream. Throws ServiceError. */
export async function post({
	endpoint,
	path,
	body,
	signal,
	agent,
}: Call): Promise<Readable> {
	const url = `${endpoint.baseUrl.replace(/\/$/, "")}${path}`;
	const span = beginCall(endpoint, path);
	const traceparent = span?.traceparent ?? endpoint.tracing?.traceparent;
	try {
		const response = await request(url, {
			method: "POST",
			headers: {
				"content-type": "application/json",
				...(endpoint.apiKey === null
					? {}
					: { authorization: `Bearer ${endpoint.apiKey}` }),
				...(traceparent == null ? {} : { traceparent }),
			},
			body: JSON.stringify(body),
			signal: signal ?? null,
			headersTimeout: 600_000,
			bodyTimeout: 600_000,
			...(agent === undefined ? {} : { dispatcher: agent }),
		});
		const { statusCode, headers } = response;
		span?.set({ "http.response.status_code": statusCode });
		if (statusCode === 200) {
			response.body.once("close", () => span?.end());
			return response.body;
		}
		const text = await response.body.text();
		const after = Number(headers["retry-after"]);
		throw new ServiceError(
			`${endpoint.model} answered ${statusCode}: ${errorMessage(text)}`,
			statusCode,
			Number.isFinite(after) ? after : null,
		);
	} catch (error) {
		span?.fail(
			error instanceof ServiceError ? String(error.status) : "unreachable",
		);
		span?.end();
		if (error instanceof ServiceError) throw error;
		signal?.throwIfAborted();
		const reason = error instanceof Error ? error.message : String(error);
		throw new ServiceError(
			`${endpoint.model} at ${endpoint.baseUrl} can't be reached: ${reason}`,
			0,
			null,
			{ cause: error },
		);
	}
}

const operations: Readonly<Record<string, string>> = {
	"/chat/completions": "chat",
	"/embeddings": "embeddings",
	"/ranking": "rerank",
};

function beginCall({ tracing, model }: Endpoint, path: string): Span | null {
	const operation = operations[path] ?? path;
	return (
		tracing?.call(`${operation} ${model}`, {
			"gen_ai.operation.name": operation,
			"gen_ai.request.model": model,
		}) ?? null
	);
}

export async function postForJson(call: Call): Promise<unknown> {
	const pieces: Buffer[] = [];
	for await (const piece of await post(call)) pieces.push(piece as Buffer);
	const text = Buffer.concat(pieces).toString();
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw new ServiceError(
			`${call.endpoint.model} answered with something that is not JSON.`,
			200,
			null,
			{ cause },
		);
	}
}

function errorMessage(text: string): string {
	try {
		const { error } = JSON.parse(text) as { error?: { message?: string } };
		return error?.message ?? text.slice(0, 300);
	} catch {
		// A proxy's page, not the service's own words.
		return text.slice(0, 300);
	}
}
