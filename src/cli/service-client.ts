import { Pool } from "undici";
import { EventStreamScanner } from "../benchmark/event-stream.ts";
import { GalleyError } from "../core/errors.ts";
import type { ServiceAddress } from "./service-address.ts";

export interface ChatTurn {
	role: "system" | "user" | "assistant";
	content: string;
}

export interface AnswerUsage {
	promptTokens: number;
	completionTokens: number;
	cachedTokens: number;
}

export type AnswerPart =
	| { type: "text"; text: string }
	| { type: "reasoning"; text: string }
	| { type: "finish"; reason: string }
	| { type: "usage"; usage: AnswerUsage };

export interface AnswerRequest {
	model: string;
	messages: readonly ChatTurn[];
	/** More fields of the body: `temperature`, `max_tokens` ... */
	parameters: Readonly<Record<string, unknown>>;
	signal: AbortSignal;
}

/** Talks to a service as any client of the OpenAI API does. */
export class ServiceClient implements AsyncDisposable {
	readonly #address: ServiceAddress;
	readonly #pool: Pool;
	readonly #headers: Readonly<Record<string, string>>;

	constructor(address: ServiceAddress, apiKey: string | null = null) {
		this.#address = address;
		const { origin } = new URL(address.baseUrl);
		// A slow machine may think for minutes before the first token.
		this.#pool = new Pool(origin, {
			...(address.socketPath === null
				? {}
				: { socketPath: address.socketPath }),
			headersTimeout: 0,
			bodyTimeout: 0,
		});
		this.#headers =
			apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#pool.destroy();
	}

	/** Any status is an answer; throws `engine_unavailable` only when nobody listens. */
	async get(
		path: string,
		signal?: AbortSignal,
	): Promise<{ status: number; body: unknown }> {
		const { status, text } = await this.getText(path, signal);
		return { status, body: parseJson(text) };
	}

	/** The same for answers that are no JSON: metrics. */
	async getText(
		path: string,
		signal?: AbortSignal,
	): Promise<{ status: number; text: string }> {
		const { statusCode, body } = await this.#request(
			"GET",
			path,
			undefined,
			signal,
		);
		return { status: statusCode, text: await body.text() };
	}

	/** The base model's name. */
	async modelName(signal?: AbortSignal): Promise<string> {
		const { status, body } = await this.get("/v1/models", signal);
		if (status !== 200) throw failure(status, body);
		const entries = fieldOf(body, "data");
		const ids = (Array.isArray(entries) ? entries : []).map(
			(entry: unknown) => ({
				id: fieldOf(entry, "id"),
				root: fieldOf(entry, "root"),
			}),
		);
		const name = (ids.find(({ id, root }) => id === root) ?? ids[0])?.id;
		if (typeof name === "string") return name;
		throw new GalleyError(
			"engine_unavailable",
			`The service at ${this.#place()} lists no model.`,
		);
	}

	async *chat(request: AnswerRequest): AsyncGenerator<AnswerPart> {
		const { model, messages, parameters, signal } = request;
		const body = {
			...parameters,
			model,
			messages,
			stream: true,
			stream_options: { include_usage: true },
		};
		const response = await this.#request(
			"POST",
			"/v1/chat/completions",
			JSON.stringify(body),
			signal,
		);
		if (response.statusCode !== 200)
			throw failure(response.statusCode, parseJson(await response.body.text()));
		const waiting: unknown[] = [];
		const scanner = new EventStreamScanner((data) => {
			const text = data.toString("utf8");
			if (text !== "[DONE]") waiting.push(parseJson(text));
		});
		for await (const chunk of response.body) {
			scanner.push(chunk as Buffer);
			for (const event of waiting.splice(0)) yield* toParts(event);
		}
		scanner.end();
		for (const event of waiting.splice(0)) yield* toParts(event);
	}

	async #request(
		method: "GET" | "POST",
		path: string,
		body: string | undefined,
		signal: AbortSignal | undefined,
	) {
		const basePath = new URL(this.#address.baseUrl).pathname.replace(/\/$/, "");
		try {
			return await this.#pool.request({
				method,
				path: basePath + path,
				headers: {
					...this.#headers,
					...(body === undefined ? {} : { "content-type": "application/json" }),
				},
				body: body ?? null,
				signal: signal ?? null,
			});
		} catch (cause) {
			if (signal?.aborted === true) throw cause;
			const reason = cause instanceof Error ? cause.message : String(cause);
			throw new GalleyError(
				"engine_unavailable",
				`Nobody answers at ${this.#place()}${reason === "" ? "" : ` (${reason})`}. Is the service running there?`,
				{ cause },
			);
		}
	}

	#place(): string {
		return this.#address.socketPath ?? this.#address.baseUrl;
	}
}

function* toParts(event: unknown): Generator<AnswerPart> {
	const error = fieldOf(event, "error");
	if (error !== undefined) throw failure(500, event);
	const choices = fieldOf(event, "choices");
	const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
	const delta = fieldOf(choice, "delta");
	const reasoning =
		fieldOf(delta, "reasoning_content") ?? fieldOf(delta, "reasoning");
	if (typeof reasoning === "string" && reasoning !== "")
		yield { type: "reasoning", text: reasoning };
	const content = fieldOf(delta, "content");
	if (typeof content === "string" && content !== "")
		yield { type: "text", text: content };
	const reason = fieldOf(choice, "finish_reason");
	if (typeof reason === "string") yield { type: "finish", reason };
	const usage = fieldOf(event, "usage");
	if (typeof usage !== "object" || usage === null) return;
	const count = (value: unknown) => (typeof value === "number" ? value : 0);
	yield {
		type: "usage",
		usage: {
			promptTokens: count(fieldOf(usage, "prompt_tokens")),
			completionTokens: count(fieldOf(usage, "completion_tokens")),
			cachedTokens: count(
				fieldOf(fieldOf(usage, "prompt_tokens_details"), "cached_tokens"),
			),
		},
	};
}

/** The server's own words, whatever shape they come in. */
function failure(status: number, body: unknown): GalleyError {
	const error = fieldOf(body, "error");
	const message =
		fieldOf(error, "message") ??
		fieldOf(body, "message") ??
		(typeof error === "string" ? error : undefined);
	const code =
		status === 401
			? "invalid_api_key"
			: status === 404
				? "model_not_found"
				: "engine_error";
	return new GalleyError(
		code,
		typeof message === "string" ? message : `The service answered ${status}.`,
	);
}

function fieldOf(value: unknown, name: string): unknown {
	return typeof value === "object" && value !== null
		? (value as Record<string, unknown>)[name]
		: undefined;
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// A proxy's error page; what it says matters less than its status.
		return { message: text.slice(0, 300) };
	}
}
