import type { Agent } from "undici";
import { z } from "zod";
import { type Endpoint, post, ServiceError } from "./endpoint.ts";

export interface ChatTurn {
	role: "system" | "user" | "assistant";
	content: string;
}

export interface ChatOptions {
	maxTokens: number;
	temperature: number;
	signal?: AbortSignal | undefined;
}

const chunkShape = z.object({
	choices: z.array(
		z.object({
			delta: z.object({ content: z.string().nullish() }).optional(),
			finish_reason: z.string().nullish(),
		}),
	),
});

/** The language service, by OpenAI's chat completions. */
export class ChatClient {
	readonly endpoint: Endpoint;
	readonly #agent: Agent | undefined;

	constructor(endpoint: Endpoint, agent?: Agent) {
		this.endpoint = endpoint;
		this.#agent = agent;
	}

	/** The answer's text as it comes. */
	async *stream(
		messages: readonly ChatTurn[],
		{ maxTokens, temperature, signal }: ChatOptions,
	): AsyncGenerator<string> {
		const body = await post({
			endpoint: this.endpoint,
			path: "/chat/completions",
			body: {
				model: this.endpoint.model,
				messages,
				max_tokens: maxTokens,
				temperature,
				stream: true,
			},
			signal,
			agent: this.#agent,
		});
		let isFinished = false;
		try {
			for await (const data of readEvents(body)) {
				if (data === "[DONE]") return;
				const { text, finished } = this.#read(data);
				if (text !== "") yield text;
				isFinished ||= finished;
			}
		} finally {
			body.destroy();
		}
		if (!isFinished)
			throw new ServiceError(
				`${this.endpoint.model} broke off in the middle of its answer.`,
				200,
			);
	}

	async complete(
		messages: readonly ChatTurn[],
		options: ChatOptions,
	): Promise<string> {
		let answer = "";
		for await (const text of this.stream(messages, options)) answer += text;
		return answer;
	}

	#read(data: string): { text: string; finished: boolean } {
		const event: unknown = JSON.parse(data);
		const problem = z
			.object({ error: z.object({ message: z.string() }) })
			.safeParse(event);
		if (problem.success)
			throw new ServiceError(
				`${this.endpoint.model}: ${problem.data.error.message}`,
				200,
			);
		const { choices } = chunkShape.parse(event);
		return {
			text: choices[0]?.delta?.content ?? "",
			finished: choices[0]?.finish_reason != null,
		};
	}
}

/** The data of server-sent events, comments left out. */
async function* readEvents(
	body: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
	const decoder = new TextDecoder();
	let rest = "";
	for await (const piece of body) {
		rest += decoder.decode(piece, { stream: true });
		const lines = rest.split("\n");
		rest = lines.pop() ?? "";
		for (const line of lines)
			if (line.startsWith("data:")) yield line.slice(5).trim();
	}
}
