import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
	path: string;
	headers: IncomingMessage["headers"];
	body: Record<string, unknown>;
}

export type Answer = (
	request: SeenRequest,
	response: ServerResponse,
) => void | Promise<void>;

const event = (body: unknown) => `data: ${JSON.stringify(body)}\n\n`;
const choice = (delta: unknown, finishReason: string | null = null) =>
	event({ choices: [{ index: 0, delta, finish_reason: finishReason }] });

/** The events of a streamed chat answer. */
export const sse = {
	event,
	role: choice({ role: "assistant", content: "" }),
	piece: (content: string) => choice({ content }),
	finish: choice({}, "length"),
	done: "data: [DONE]\n\n",
};

export const eventStream = { "content-type": "text/event-stream" };

export const pause = (milliseconds: number) =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));

export function promptOf({ body }: SeenRequest): string {
	const messages = body.messages as { content: string }[] | undefined;
	return (
		messages?.map((message) => message.content).join(" ") ?? String(body.prompt)
	);
}

/** Streams `max_tokens` pieces. Its prompts have ten tokens of template and one token a word. */
export const stream: Answer = async (request, response) => {
	const tokens = Number(request.body.max_tokens);
	response.writeHead(200, eventStream);
	response.write(sse.role);
	for (let index = 0; index < tokens; index++) {
		await pause(1);
		response.write(sse.piece(`w${index} `));
	}
	const usage = {
		prompt_tokens: 10 + promptOf(request).split(" ").length,
		completion_tokens: tokens,
	};
	response.end(sse.finish + sse.event({ choices: [], usage }) + sse.done);
};

export function refuse(
	response: ServerResponse,
	status: number,
	message: string,
): void {
	response.writeHead(status, { "content-type": "application/json" });
	response.end(JSON.stringify({ error: { message } }));
}

/** A server on a free port that answers completions as a test says and remembers what it was asked. */
export class CompletionServer implements AsyncDisposable {
	/** Completion requests, the first one first. */
	readonly seen: SeenRequest[] = [];
	answer: Answer = stream;
	/** Null: there is no `/tokenize`. */
	tokenize: ((body: Record<string, unknown>) => unknown) | null = null;
	mostInFlight = 0;
	#inFlight = 0;
	readonly #server: Server;

	private constructor() {
		this.#server = createServer((request, response) => {
			void this.#handle(request, response);
		});
	}

	static async start(): Promise<CompletionServer> {
		const server = new CompletionServer();
		await new Promise<void>((resolve) =>
			server.#server.listen(0, "127.0.0.1", resolve),
		);
		return server;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Requests but those of the preparation, which ask for one token. */
	get measured(): SeenRequest[] {
		return this.seen.filter((request) => request.body.max_tokens !== 1);
	}

	/** Lets the preparation through and answers the rest as given. */
	afterPreparation(then: Answer): void {
		this.answer = (request, response) =>
			request.body.max_tokens === 1
				? stream(request, response)
				: then(request, response);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	async #handle(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const parts: Buffer[] = [];
		for await (const part of request) parts.push(part);
		const path = request.url ?? "";
		if (path === "/v1/models") {
			response.end(JSON.stringify({ data: [{ id: "first-model" }] }));
			return;
		}
		if (request.method !== "POST") {
			response.writeHead(404).end();
			return;
		}
		const body = JSON.parse(
			Buffer.concat(parts).toString(),
		) as SeenRequest["body"];
		if (path === "/tokenize") {
			response.statusCode = this.tokenize === null ? 404 : 200;
			response.end(JSON.stringify(this.tokenize?.(body) ?? {}));
			return;
		}
		this.mostInFlight = Math.max(this.mostInFlight, ++this.#inFlight);
		response.on("close", () => this.#inFlight--);
		const seen = { path, headers: request.headers, body };
		this.seen.push(seen);
		await this.answer(seen, response);
	}
}
