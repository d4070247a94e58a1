import { mkdtempSync, rmSync } from "node:fs";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exchange } from "./answer-printer.ts";
import { Conversation } from "./conversation.ts";
import type { ServiceAddress } from "./service-address.ts";
import { type AnswerPart, ServiceClient } from "./service-client.ts";

type Handler = (
	request: IncomingMessage,
	body: string,
	response: ServerResponse,
) => void;

let server: Server;
let handle: Handler;
let address: ServiceAddress;

beforeEach(async () => {
	server = createServer(async (request, response) => {
		let body = "";
		for await (const chunk of request) body += String(chunk);
		handle(request, body, response);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	address = {
		baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		socketPath: null,
	};
});

afterEach(() => {
	server.closeAllConnections();
	server.close();
});

const event = (data: unknown) =>
	`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const delta = (content: string) =>
	event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const ending =
	event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }) +
	event({
		choices: [],
		usage: {
			prompt_tokens: 5,
			completion_tokens: 2,
			prompt_tokens_details: { cached_tokens: 3 },
		},
	}) +
	event("[DONE]");

function answerWith(stream: string): void {
	handle = (_request, _body, response) => {
		response.writeHead(200, { "content-type": "text/event-stream" });
		const bytes = Buffer.from(stream);
		// Cut in the middle of characters and events.
		for (let at = 0; at < bytes.length; at += 7)
			response.write(bytes.subarray(at, at + 7));
		response.end();
	};
}

async function collect(
	client: ServiceClient,
	signal = new AbortController().signal,
): Promise<AnswerPart[]> {
	const parts: AnswerPart[] = [];
	const messages = [{ role: "user", content: "Hi" }] as const;
	for await (const part of client.chat({
		model: "m",
		messages,
		parameters: { seed: 1 },
		signal,
	}))
		parts.push(part);
	return parts;
}

describe("ServiceClient", () => {
	it("reads a streamed answer that is cut anywhere", async () => {
		answerWith(`: comment\n\n${delta("Zoë ")}${delta("🦙!")}${ending}`);
		await using client = new ServiceClient(address);
		expect(await collect(client)).toEqual([
			{ type: "text", text: "Zoë " },
			{ type: "text", text: "🦙!" },
			{ type: "finish", reason: "stop" },
			{
				type: "usage",
				usage: { promptTokens: 5, completionTokens: 2, cachedTokens: 3 },
			},
		]);
	});

	it("sends messages, settings and the key", async () => {
		const seen: { body: Record<string, unknown>; key: string | undefined }[] =
			[];
		handle = (request, body, response) => {
			seen.push({ body: JSON.parse(body), key: request.headers.authorization });
			response.end(ending);
		};
		await using client = new ServiceClient(address, "secret");
		await collect(client);
		expect(seen).toEqual([
			{
				key: "Bearer secret",
				body: {
					model: "m",
					messages: [{ role: "user", content: "Hi" }],
					seed: 1,
					stream: true,
					stream_options: { include_usage: true },
				},
			},
		]);
	});

	it("passes on what the server says is wrong, before or in the stream", async () => {
		await using client = new ServiceClient(address);
		handle = (_request, _body, response) => {
			response
				.writeHead(400)
				.end(JSON.stringify({ error: { message: "The prompt is too long." } }));
		};
		await expect(collect(client)).rejects.toThrow("The prompt is too long.");
		handle = (_request, _body, response) =>
			response.writeHead(502).end("<html>bad gateway</html>");
		await expect(collect(client)).rejects.toThrow("<html>bad gateway</html>");
		answerWith(
			delta("Hal") + event({ error: { message: "The engine crashed." } }),
		);
		await expect(collect(client)).rejects.toThrow("The engine crashed.");
	});

	it("finds the base model among adapters", async () => {
		handle = (_request, _body, response) => {
			const data = [
				{ id: "lora", root: "base" },
				{ id: "base", root: "base" },
			];
			response.end(JSON.stringify({ data }));
		};
		await using client = new ServiceClient(address);
		expect(await client.modelName()).toBe("base");
		handle = (_request, _body, response) =>
			response.end(JSON.stringify({ data: [{ id: "only" }] }));
		expect(await client.modelName()).toBe("only");
		handle = (_request, _body, response) => response.end("{}");
		await expect(client.modelName()).rejects.toThrow("lists no model");
	});

	it("says where nobody answers", async () => {
		await using client = new ServiceClient({
			baseUrl: "http://127.0.0.1:9",
			socketPath: null,
		});
		await expect(client.modelName()).rejects.toMatchObject({
			code: "engine_unavailable",
		});
	});

	it("talks over a Unix socket", async () => {
		const folder = mkdtempSync(join(tmpdir(), "galley-client-"));
		const socketPath = join(folder, "s.sock");
		const local = createServer((_request, response) =>
			response.end(JSON.stringify({ data: [{ id: "near" }] })),
		);
		await new Promise<void>((resolve) => local.listen(socketPath, resolve));
		{
			await using client = new ServiceClient({
				baseUrl: "http://localhost",
				socketPath,
			});
			expect(await client.modelName()).toBe("near");
		}
		local.close();
		rmSync(folder, { recursive: true });
	});
});

describe("exchange", () => {
	function setUp(isTTY: boolean) {
		const written: string[] = [];
		const controller = new AbortController();
		const options = {
			client: new ServiceClient(address),
			conversation: new Conversation(),
			model: "m",
			question: "Hi",
			signal: controller.signal,
			output: { isTTY, write: (text: string) => written.push(text) },
			paint: (_style: string, text: string) => text,
			showsDetails: isTTY,
		};
		return { written, controller, options };
	}

	it("prints the answer as it comes, counts it and remembers it", async () => {
		const { written, options } = setUp(true);
		answerWith(
			event({ choices: [{ delta: { reasoning_content: "hm" } }] }) +
				delta("Hello\u001b[2J") +
				delta(" you") +
				ending,
		);
		const answer = await exchange(options);
		expect(answer).toMatchObject({
			text: "Hello\u001b[2J you",
			reasoning: "hm",
			finishReason: "stop",
			wasStopped: false,
		});
		expect(written.join("")).toMatch(
			/^hm\n\nHello\[2J you\n\[2 tokens, .*first after \d+\.\d\d s\]\n$/,
		);
		expect(options.conversation.messagesWith("x")).toHaveLength(3);
		await options.client[Symbol.asyncDispose]();
	});

	it("prints nothing but the answer into a pipe", async () => {
		const { written, options } = setUp(false);
		answerWith(
			event({ choices: [{ delta: { reasoning_content: "hm" } }] }) +
				delta("Hello") +
				ending,
		);
		await exchange(options);
		expect(written.join("")).toBe("Hello\n");
		await options.client[Symbol.asyncDispose]();
	});

	it("stops when told and keeps what had come", async () => {
		const { written, controller, options } = setUp(true);
		handle = (_request, _body, response) => {
			response.write(delta("Once upon"));
		};
		const answering = exchange(options);
		while (written.length === 0)
			await new Promise((resolve) => setImmediate(resolve));
		controller.abort();
		expect(await answering).toMatchObject({
			text: "Once upon",
			wasStopped: true,
		});
		expect(written.join("")).toBe("Once upon\n[stopped]\n");
		expect(options.conversation.messagesWith("x")).toHaveLength(3);
		await options.client[Symbol.asyncDispose]();
	});

	it("remembers nothing of a question that failed", async () => {
		const { options } = setUp(true);
		handle = (_request, _body, response) => response.writeHead(500).end("{}");
		await expect(exchange(options)).rejects.toThrow(
			"The service answered 500.",
		);
		expect(options.conversation.messagesWith("x")).toHaveLength(1);
		await options.client[Symbol.asyncDispose]();
	});
});
