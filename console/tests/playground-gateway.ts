import { readFile } from "node:fs/promises";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import { extname, join, normalize } from "node:path";
import {
	type Body,
	embed,
	logprobsOf,
	rank,
	textFor,
} from "./playground-answers.ts";

const policy =
	"default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const types: Readonly<Record<string, string>> = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
};

interface Seen {
	path: string;
	body: Body;
}

/** A gateway that answers as the prompt tells it to, and remembers what it was asked. */
export class PlaygroundGateway {
	readonly seen: Seen[] = [];
	/** Requests whose reader left before the end. */
	left = 0;
	readonly #server: Server;

	constructor(directory: string) {
		this.#server = createServer((request, response) => {
			const { pathname } = new URL(request.url ?? "/", "http://localhost");
			const work = pathname.startsWith("/v1/")
				? this.#answer(pathname, request, response)
				: sendFile(directory, pathname, response);
			work.catch((error: unknown) => {
				if (!response.headersSent) response.writeHead(500);
				response.end(String(error));
			});
		});
	}

	async listen(port = 0): Promise<string> {
		await new Promise<void>((resolve) =>
			this.#server.listen(port, "127.0.0.1", resolve),
		);
		const address = this.#server.address();
		if (address === null || typeof address === "string")
			throw new Error("The stand-in has no port.");
		return `http://127.0.0.1:${address.port}`;
	}

	close(): Promise<void> {
		this.#server.closeAllConnections();
		return new Promise((resolve) => this.#server.close(() => resolve()));
	}

	/** The body of the last request to a path. */
	last(path: string): Body {
		const found = this.seen.findLast((one) => one.path === path);
		if (found === undefined) throw new Error(`Nothing was asked of ${path}.`);
		return found.body;
	}

	async #answer(
		path: string,
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const pieces: Buffer[] = [];
		for await (const piece of request) pieces.push(piece as Buffer);
		const text = Buffer.concat(pieces).toString("utf8");
		const body = (text === "" ? {} : JSON.parse(text)) as Body;
		if (request.method === "POST") this.seen.push({ path, body });
		switch (path) {
			case "/v1/session":
				return sendJson(response, {
					keysRequired: false,
					signedIn: true,
					principal: null,
					version: "0.1.0",
					features: [],
				});
			case "/v1/models":
				return sendJson(response, {
					object: "list",
					data: [
						model("starter-chat"),
						model("starter-chat-pirate", "starter-chat"),
						model("seer"),
						model("starter-embed"),
						model("starter-rerank"),
					],
				});
			case "/v1/fleet":
				return sendJson(response, {
					services: [
						service("starter-chat", "chat"),
						service("seer", "vision-language"),
						service("starter-embed", "embedding"),
						service("starter-rerank", "reranking"),
					],
					upstreams: [],
					aliases: [],
					applications: [],
					memory: null,
				});
			case "/v1/catalog/seer":
				return sendJson(response, {
					id: "seer",
					tasks: ["vision-language"],
					capabilities: { vision: true },
				});
			case "/v1/chat/completions":
				return this.#chat(body, response);
			case "/v1/completions":
				return this.#complete(body, response);
			case "/v1/embeddings":
				return sendJson(response, embed(body));
			case "/v1/ranking":
				return sendJson(response, rank(body));
			default:
				return sendError(response, 404, "There is no such route.", null);
		}
	}

	async #chat(body: Body, response: ServerResponse): Promise<void> {
		const messages = body.messages as { role: string; content: unknown }[];
		const last = messages.at(-1);
		const asked = JSON.stringify(last?.content ?? "");
		const delta = (content: string, more: object = {}) => ({
			choices: [
				{ index: 0, delta: { content }, ...logprobsOf(body, content), ...more },
			],
		});
		if (asked.includes("wrong"))
			return sendError(
				response,
				400,
				"'temperature' may be at most 2 with this model.",
				"temperature",
			);
		if (asked.includes("busy"))
			return sendError(response, 429, "The queue is full.", null, 3);
		const stream = openStream(response, () => this.left++);
		if (asked.includes("tool") && last?.role === "user") {
			const called = { name: "get_weather", arguments: "" };
			stream.send({
				choices: [
					{
						index: 0,
						delta: {
							tool_calls: [
								{ index: 0, id: "call_1", type: "function", function: called },
							],
						},
					},
				],
			});
			stream.send({
				choices: [
					{
						index: 0,
						delta: {
							tool_calls: [
								{ index: 0, function: { arguments: '{"town":"Bergen"}' } },
							],
						},
					},
				],
			});
			return stream.finish("tool_calls", body);
		}
		const text =
			last?.role === "tool"
				? `It is ${last.content}.`
				: textFor(asked, String(body.model));
		if (asked.includes("think"))
			stream.send({
				choices: [{ index: 0, delta: { reasoning_content: "Let me see." } }],
			});
		for (const word of text.match(/\S+\s*|\s+/g) ?? []) {
			if (stream.isGone()) return;
			stream.send(delta(word));
			if (asked.includes("slow")) await pause(30);
			if (asked.includes("broken") && word.startsWith("minerals")) {
				// What was written has to leave first.
				await pause(1500);
				response.destroy();
				return;
			}
			if (asked.includes("fails") && word.startsWith("minerals")) {
				stream.send({
					error: {
						message: "The engine died.",
						type: "server_error",
						param: null,
						code: "engine_crashed",
					},
				});
				return void response.end();
			}
		}
		stream.finish("stop", body);
	}

	async #complete(body: Body, response: ServerResponse): Promise<void> {
		const stream = openStream(response, () => this.left++);
		if (body.echo === true)
			stream.send({ choices: [{ index: 0, text: String(body.prompt) }] });
		for (const word of [" there", " lived", " a", " ship", "."])
			stream.send({
				choices: [
					{
						index: 0,
						text: word,
						...(body.logprobs === undefined
							? {}
							: {
									logprobs: {
										tokens: [word],
										token_logprobs: [-0.5],
										top_logprobs: [{ [word]: -0.5, " dragon": -1.2 }],
										text_offset: [0],
									},
								}),
					},
				],
			});
		stream.finish("length", body);
	}
}

function openStream(response: ServerResponse, onLeft: () => void) {
	response.writeHead(200, { "content-type": "text/event-stream" });
	response.on("close", () => {
		if (!response.writableFinished) onLeft();
	});
	const send = (value: unknown) =>
		response.write(`data: ${JSON.stringify(value)}\n\n`);
	response.write(": keep-alive\n\n");
	return {
		send,
		isGone: () => response.destroyed,
		finish(reason: string, _body: Body) {
			send({
				choices: [{ index: 0, delta: {}, text: "", finish_reason: reason }],
			});
			send({
				choices: [],
				usage: {
					prompt_tokens: 48,
					completion_tokens: 96,
					total_tokens: 144,
					prompt_tokens_details: { cached_tokens: 32 },
				},
			});
			response.end("data: [DONE]\n\n");
		},
	};
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function model(id: string, parent: string | null = null) {
	return {
		id,
		object: "model",
		root: parent ?? id,
		parent,
		max_model_len: 2048,
	};
}

function service(name: string, task: string) {
	return { name, model: name, task, state: "ready", replicas: [] };
}

async function sendJson(
	response: ServerResponse,
	body: unknown,
): Promise<void> {
	response.writeHead(200, { "content-type": "application/json" });
	response.end(JSON.stringify(body));
}

async function sendError(
	response: ServerResponse,
	status: number,
	message: string,
	param: string | null,
	retryAfterSeconds?: number,
): Promise<void> {
	response.writeHead(status, {
		"content-type": "application/json",
		...(retryAfterSeconds === undefined
			? {}
			: { "retry-after": String(retryAfterSeconds) }),
	});
	response.end(
		JSON.stringify({ error: { message, type: "error", param, code: "error" } }),
	);
}

async function sendFile(
	directory: string,
	path: string,
	response: ServerResponse,
): Promise<void> {
	const isAsset = path.startsWith("/console/");
	const file = join(directory, isAsset ? normalize(path) : "index.html");
	const content = await readFile(file).catch(() => null);
	if (content === null) {
		response.writeHead(404).end();
		return;
	}
	response.writeHead(200, {
		"content-type": types[extname(file)] ?? "application/octet-stream",
		"content-security-policy": policy,
	});
	response.end(content);
}
