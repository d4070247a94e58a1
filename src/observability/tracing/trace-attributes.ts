/**
 * Names of attributes, in one table. They are OpenTelemetry's: HTTP's stable ones and the GenAI conventions, which are still
 * "development" there, and vLLM's for times within an engine, which they lack.
 */
export const traceAttributes = {
	httpMethod: "http.request.method",
	httpRoute: "http.route",
	httpStatus: "http.response.status_code",
	urlPath: "url.path",
	errorType: "error.type",
	requestId: "galley.request.id",

	operation: "gen_ai.operation.name",
	provider: "gen_ai.provider.name",
	requestModel: "gen_ai.request.model",
	responseModel: "gen_ai.response.model",
	maxTokens: "gen_ai.request.max_tokens",
	temperature: "gen_ai.request.temperature",
	topP: "gen_ai.request.top_p",
	choices: "gen_ai.request.choice.count",
	finishReasons: "gen_ai.response.finish_reasons",
	inputTokens: "gen_ai.usage.input_tokens",
	outputTokens: "gen_ai.usage.output_tokens",
	cachedTokens: "gen_ai.usage.cache_read.input_tokens",
	timeToFirstToken: "gen_ai.server.time_to_first_token",
	timePerOutputToken: "gen_ai.server.time_per_output_token",
	requestDuration: "gen_ai.server.request.duration",

	queueSeconds: "gen_ai.latency.time_in_queue",
	prefillSeconds: "gen_ai.latency.time_in_model_prefill",
	decodeSeconds: "gen_ai.latency.time_in_model_decode",

	targetKind: "galley.target.kind",
	targetName: "galley.target.name",
	replica: "galley.replica",
	attempt: "galley.attempt",
	isHedge: "galley.hedge",
	tenant: "galley.tenant",
	outcome: "galley.outcome",
	coldStartSeconds: "galley.cold_start_wait",
	firstByteSeconds: "galley.time_to_first_byte",
} as const;

const operations: readonly (readonly [path: RegExp, operation: string])[] = [
	[/\/chat\/completions$|\/messages$|\/responses$/, "chat"],
	[/\/completions$/, "text_completion"],
	[/\/embeddings$/, "embeddings"],
	[/\/(ranking|rerank)$/, "rerank"],
	[/\/audio\/(transcriptions|translations)$/, "transcribe"],
	[/\/audio\/(speech|synthesize)$/, "speak"],
	[/\/infer$/, "infer"],
];

/** What a path of the API does, in the words of the GenAI conventions where they have one; null for all other paths. */
export function operationOf(path: string): string | null {
	return operations.find(([form]) => form.test(path))?.[1] ?? null;
}
