import { once } from "node:events";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Endpoint } from "../services/endpoint.ts";

type Body = Record<string, unknown>;

/**
 * The three services with models that need no weights: a text's vector counts its words by their hash, a passage's
 * relevance is the words it shares with the query, and the language model says what `answer` gives it to say.
 */
export class FakeServices {
	/** Each request's path and body. */
	readonly asked: { path: string; body: Body }[] = [];
	/** The next answers are these statuses instead. */
	readonly failures: number[] = [];
	/** Which status a request gets instead of its answer; null: none. */
	fail: (request: { path: string; body: Body }) => number | null = () => null;
	answer: (messages: { role: string; content: string }[]) => string = () =>
		"I don't know from these pages.";
	readonly #server: Server;

	private constructor() {
		this.#server = createServer((request, response) => {
			void this.#serve(request, response);
		});
	}

	static async open(): Promise<FakeServices> {
		const services = new FakeServices();
		services.#server.listen(0, "127.0.0.1");
		await once(services.#server, "listening");
		return services;
	}

	endpoint(model: string): Endpoint {
		const { port } = this.#server.address() as AddressInfo;
		return { baseUrl: `http://127.0.0.1:${port}/v1`, model, apiKey: "key" };
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		this.#server.close();
		await once(this.#server, "close");
	}

	async #serve(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		let text = "";
		for await (const piece of request) text += piece;
		const body = (text === "" ? {} : JSON.parse(text)) as Body;
		const path = request.url ?? "";
		this.asked.push({ path, body });
		const failure = this.failures.shift() ?? this.fail({ path, body });
		if (failure !== null) {
			response.writeHead(failure, { "retry-after": "0" });
			response.end(JSON.stringify({ error: { message: "not now" } }));
		} else if (path === "/v1/chat/completions") this.#stream(body, response);
		else response.end(JSON.stringify(answerOf(path, body)));
	}

	#stream(body: Body, response: ServerResponse): void {
		const messages = body.messages as { role: string; content: string }[];
		response.writeHead(200, { "content-type": "text/event-stream" });
		for (const content of this.answer(messages).match(/.{1,3}/gs) ?? [])
			response.write(
				`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`,
			);
		response.end(
			`data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`,
		);
	}
}

function answerOf(path: string, body: Body): unknown {
	if (path === "/tokenize")
		return {
			counts: (body.prompts as string[]).map((text) => words(text).length),
		};
	if (path === "/v1/embeddings")
		return {
			data: (body.input as string[]).map((text, index) => ({
				index,
				embedding: Buffer.from(vectorOf(text).buffer).toString("base64"),
			})),
		};
	if (path === "/v1/models") return { object: "list", data: [] };
	const { text } = body.query as { text: string };
	const asked = new Set(words(text));
	return {
		rankings: (body.passages as { text: string }[])
			.map((passage, index) => ({
				index,
				logit:
					2 * words(passage.text).filter((word) => asked.has(word)).length - 3,
			}))
			.sort((one, other) => other.logit - one.logit),
	};
}

const dimensions = 64;

function vectorOf(text: string): Float32Array {
	const vector = new Float32Array(dimensions);
	for (const word of words(text)) {
		let hash = 7;
		for (const letter of word) hash = (hash * 31 + letter.charCodeAt(0)) % 9973;
		vector[hash % dimensions] = (vector[hash % dimensions] ?? 0) + 1;
	}
	const length = Math.hypot(...vector) || 1;
	return vector.map((value) => value / length);
}

function words(text: string): string[] {
	return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
