import type { Readable } from "node:stream";
import { type Agent, request } from "undici";

/** Where one of the three services answers; any OpenAI-compatible address will do. */
export interface Endpoint {
	/** `http://127.0.0.1:8000/v1` */
	baseUrl: string;
	model: string;
	apiKey: string | null;
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
	try {
		const response = await request(url, {
			method: "POST",
			headers: {
				"content-type": "application/json",
				...(endpoint.apiKey === null
					? {}
					: { authorization: `Bearer ${endpoint.apiKey}` }),
			},
			body: JSON.stringify(body),
			signal: signal ?? null,
			headersTimeout: 600_000,
			bodyTimeout: 600_000,
			...(agent === undefined ? {} : { dispatcher: agent }),
		});
		const { statusCode, headers } = response;
		if (statusCode === 200) return response.body;
		const text = await response.body.text();
		const after = Number(headers["retry-after"]);
		throw new ServiceError(
			`${endpoint.model} answered ${statusCode}: ${errorMessage(text)}`,
			statusCode,
			Number.isFinite(after) ? after : null,
		);
	} catch (error) {
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
