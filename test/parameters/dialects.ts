import type { TestedService } from "./running-service.ts";

/** A body's fields; what is `undefined` is left out. */
export type Fields = Readonly<Record<string, unknown>>;

// biome-ignore lint/suspicious/noExplicitAny: bodies of four APIs, each looked into only by who knows it
export type Json = any;

/** The same of every API's answer. */
export interface Reading {
	/** Of each choice. */
	texts: string[];
	/** Of the first choice. */
	reasoning: string;
	calls: { name: string; arguments: Record<string, unknown> }[];
	/** `stop`: by itself or by what was asked for; `length`: by the number of tokens. */
	end: "stop" | "length" | "calls" | null;
	cachedTokens: number;
}

export interface Dialect {
	/** A user's question, so that the model reads the same tokens through every API. */
	ask(question: string, service: TestedService): Fields;
	/** Its name of the number of tokens to generate at most. */
	length: string;
	read(body: Json): Reading;
	streamedText(events: readonly Json[]): string;
}

const ends: Readonly<Record<string, Reading["end"]>> = {
	stop: "stop",
	length: "length",
	tool_calls: "calls",
	function_call: "calls",
	completed: "stop",
	incomplete: "length",
	end_turn: "stop",
	stop_sequence: "stop",
	max_tokens: "length",
	tool_use: "calls",
};

const toCall = ({ name, arguments: text }: Json) => ({
	name,
	arguments: JSON.parse(text),
});

const chat: Dialect = {
	ask: (question) => ({ messages: [{ role: "user", content: question }] }),
	length: "max_completion_tokens",
	read({ choices, usage }) {
		const [{ message, finish_reason }] = choices;
		const legacy = message.function_call ? [message.function_call] : [];
		return {
			texts: choices.map((choice: Json) => choice.message.content ?? ""),
			reasoning: message.reasoning_content ?? "",
			calls: [
				...(message.tool_calls ?? []).map((call: Json) => call.function),
				...legacy,
			].map(toCall),
			end: ends[finish_reason] ?? null,
			cachedTokens: usage.prompt_tokens_details.cached_tokens,
		};
	},
	streamedText: (events) =>
		events.map(({ choices }) => choices[0]?.delta.content ?? "").join(""),
};

const completions: Dialect = {
	ask: (question, service) => ({
		prompt: service.tokenize(
			`<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`,
		),
	}),
	length: "max_tokens",
	read: ({ choices, usage }) => ({
		texts: choices.map(({ text }: Json) => text),
		reasoning: "",
		calls: [],
		end: ends[choices[0].finish_reason] ?? null,
		cachedTokens: usage.prompt_tokens_details.cached_tokens,
	}),
	streamedText: (events) =>
		events.map(({ choices }) => choices[0]?.text ?? "").join(""),
};

const responses: Dialect = {
	ask: (question) => ({ input: question }),
	length: "max_output_tokens",
	read({ output, status, usage }) {
		const of = (type: string) =>
			output.filter((item: Json) => item.type === type);
		const calls = of("function_call").map(toCall);
		const textOf = (item: Json) =>
			(item.content ?? []).map((part: Json) => part.text ?? "").join("");
		return {
			texts: [of("message").map(textOf).join("")],
			reasoning: of("reasoning").map(textOf).join(""),
			calls,
			end: calls.length > 0 ? "calls" : (ends[status] ?? null),
			cachedTokens: usage?.input_tokens_details.cached_tokens ?? 0,
		};
	},
	streamedText: (events) =>
		events
			.filter(({ type }) => type === "response.output_text.delta")
			.map(({ delta }) => delta)
			.join(""),
};

const messages: Dialect = {
	ask: (question) => ({ messages: [{ role: "user", content: question }] }),
	length: "max_tokens",
	read({ content, stop_reason, usage }) {
		const of = (type: string) =>
			content.filter((block: Json) => block.type === type);
		return {
			texts: [
				of("text")
					.map(({ text }: Json) => text)
					.join(""),
			],
			reasoning: of("thinking")
				.map(({ thinking }: Json) => thinking)
				.join(""),
			calls: of("tool_use").map(({ name, input }: Json) => ({
				name,
				arguments: input,
			})),
			end: ends[stop_reason] ?? null,
			cachedTokens: usage.cache_read_input_tokens,
		};
	},
	streamedText: (events) =>
		events.map(({ delta }) => delta?.text ?? "").join(""),
};

export const dialects = {
	"/v1/chat/completions": chat,
	"/v1/completions": completions,
	"/v1/responses": responses,
	"/v1/messages": messages,
} as const satisfies Record<string, Dialect>;

export type RouteName = keyof typeof dialects;

export const routeNames = Object.keys(dialects) as RouteName[];
