import type { Answer, Failure } from "./answer.ts";
import {
	asCount,
	asList,
	asRecord,
	asText,
	type TokenLogprob,
	type Unknown,
	type WireToolCall,
} from "./wire.ts";

const states = ["finished", "stopped", "failed"] as const;

/** An answer that was on its way when the page was left has been stopped by that. */
export function parseAnswer(given: Unknown): Answer {
	const timing = asRecord(given.timing);
	const usage = asRecord(given.usage);
	return {
		model: asText(given.model) ?? "",
		state: states.find((state) => state === given.state) ?? "stopped",
		text: asText(given.text) ?? "",
		reasoning: asText(given.reasoning) ?? "",
		calls: asList(given.calls).flatMap(parseCall),
		logprobs: asList(given.logprobs).flatMap(parseLogprob),
		finishReason: asText(given.finishReason),
		usage:
			usage === null
				? null
				: {
						promptTokens: asCount(usage.promptTokens),
						completionTokens: asCount(usage.completionTokens),
						cachedTokens: asCount(usage.cachedTokens),
						reasoningTokens:
							typeof usage.reasoningTokens === "number"
								? usage.reasoningTokens
								: null,
					},
		timing:
			timing === null
				? null
				: {
						firstTokenMs: toNumber(timing.firstTokenMs),
						totalMs: asCount(timing.totalMs),
						tokensPerSecond: toNumber(timing.tokensPerSecond),
					},
		failure: parseFailure(asRecord(given.failure)),
	};
}

function toNumber(value: unknown): number | null {
	return typeof value === "number" ? value : null;
}

function parseFailure(failure: Unknown | null): Failure | null {
	if (failure === null) return null;
	return {
		message: asText(failure.message) ?? "",
		field: asText(failure.field),
		status: asCount(failure.status),
		retryAfterSeconds: toNumber(failure.retryAfterSeconds),
	};
}

function parseCall(value: unknown): WireToolCall[] {
	const call = asRecord(value);
	const called = asRecord(call?.function);
	const name = asText(called?.name);
	if (call === null || name === null) return [];
	return [
		{
			id: asText(call.id) ?? "",
			type: "function",
			function: { name, arguments: asText(called?.arguments) ?? "" },
		},
	];
}

function parseLogprob(value: unknown): TokenLogprob[] {
	const entry = asRecord(value);
	const token = asText(entry?.token);
	if (entry === null || token === null) return [];
	return [
		{
			token,
			logprob: asCount(entry.logprob),
			isKnown: entry.isKnown !== false,
			top:
				entry.top === null
					? null
					: asList(entry.top).flatMap((one) => {
							const candidate = asRecord(one);
							const text = asText(candidate?.token);
							return text === null
								? []
								: [{ token: text, logprob: asCount(candidate?.logprob) }];
						}),
		},
	];
}
