import type { CompletionEndpoint } from "./stream-chunk.ts";

/** Fields that not every OpenAI-compatible server takes. A server that refuses one is asked again without it. */
export interface BodyDialect {
	ignoreEos: boolean;
	includeUsage: boolean;
	temperature: number | null;
	maxTokensField: "max_tokens" | "max_completion_tokens";
}

export interface BodyOptions {
	endpoint: CompletionEndpoint;
	model: string;
	dialect: BodyDialect;
	extraBody: Readonly<Record<string, unknown>>;
}

export function renderBody(
	content: string | readonly unknown[],
	maxTokens: number,
	options: BodyOptions,
): string {
	const { endpoint, model, dialect, extraBody } = options;
	const prompt =
		endpoint === "completions"
			? { prompt: content }
			: {
					messages:
						typeof content === "string" ? [{ role: "user", content }] : content,
				};
	return JSON.stringify({
		model,
		...prompt,
		[dialect.maxTokensField]: maxTokens,
		stream: true,
		...(dialect.includeUsage
			? { stream_options: { include_usage: true } }
			: {}),
		...(dialect.temperature === null
			? {}
			: { temperature: dialect.temperature }),
		...(dialect.ignoreEos ? { ignore_eos: true } : {}),
		...extraBody,
	});
}

/**
 * What to try after a server refused a request (400 or 422) with this message; null when there is nothing to leave out.
 *   1. It names `max_completion_tokens`: use that field.
 *   2. It names a field: leave that one out.
 *   3. It names none: leave out `ignore_eos`, which OpenAI's own API does not know.
 */
export function simplify(
	dialect: BodyDialect,
	message: string,
): { dialect: BodyDialect; note: string } | null {
	if (
		message.includes("max_completion_tokens") &&
		dialect.maxTokensField === "max_tokens"
	) {
		return {
			dialect: { ...dialect, maxTokensField: "max_completion_tokens" },
			note: "The server wants max_completion_tokens.",
		};
	}
	if (message.includes("stream_options") && dialect.includeUsage) {
		return {
			dialect: { ...dialect, includeUsage: false },
			note: "The server does not take stream_options: output tokens are counted as chunks.",
		};
	}
	if (message.includes("temperature") && dialect.temperature !== null) {
		return {
			dialect: { ...dialect, temperature: null },
			note: "The server does not take this temperature: it uses its own.",
		};
	}
	if (dialect.ignoreEos) {
		return {
			dialect: { ...dialect, ignoreEos: false },
			note: "The server does not take ignore_eos: answers may be shorter than asked for.",
		};
	}
	return null;
}
