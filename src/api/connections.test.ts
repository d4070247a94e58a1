import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { ApiOptions } from "./api-options.ts";
import { createScriptedService } from "./testing/scripted-service.ts";
import {
	createTestServer,
	listenForTest,
	type TestServer,
} from "./testing/test-server.ts";

const open: TestServer[] = [];

async function start(
	options: Partial<ApiOptions> = {},
	scripted = createScriptedService(),
) {
	const server = createTestServer(options, scripted);
	open.push(server);
	const base = await listenForTest(server.app);
	return { ...server, base };
}

afterEach(async () => {
	await Promise.all(open.splice(0).map(({ app }) => app.close()));
});

async function connectTo(base: string): Promise<Socket> {
	const { hostname, port } = new URL(base);
	const socket = connect(Number(port), hostname);
	await once(socket, "connect");
	return socket;
}

function requestText(path: string, body: object, version = "1.1"): string {
	const text = JSON.stringify(body);
	return `POST ${path} HTTP/${version}\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** Everything the server says until it closes the connection. */
async function readAll(socket: Socket): Promise<string> {
	let text = "";
	socket.setEncoding("utf8");
	socket.on("data", (piece: string) => {
		text += piece;
	});
	await once(socket, "close");
	return text;
}

const messages = [{ role: "user", content: "Hi" }];

describe("a client that goes away", () => {
	const endless = { deltas: Array<string>(5_000).fill("x"), delayMs: 1 };

	it("in the middle of a stream has its request cancelled at once", async () => {
		const { base, scripted, entries } = await start();
		scripted.setScript(endless);
		const socket = await connectTo(base);
		socket.write(
			requestText("/v1/chat/completions", { messages, stream: true }),
		);
		await once(socket, "data");
		socket.destroy();
		await expect.poll(() => entries.length).toBe(1);
		expect(scripted.cancelled).toHaveLength(1);
		expect(scripted.terminalEvents).toEqual([
			{ id: scripted.requests[0]?.id, type: "error" },
		]);
		expect(entries[0]).toMatchObject({
			status: 499,
			errorCode: "client_closed",
			promptTokens: 21,
		});
		expect(entries[0]?.completionTokens).toBeGreaterThanOrEqual(0);
	});

	it("while it waits for an answer in one piece, too", async () => {
		const { base, scripted, entries } = await start();
		scripted.setScript({ deltas: [], isSilent: true });
		const socket = await connectTo(base);
		socket.write(requestText("/v1/completions", { prompt: ["a", "b"] }));
		await expect.poll(() => scripted.requests.length).toBe(2);
		socket.destroy();
		await expect.poll(() => entries.length).toBe(1);
		expect(scripted.cancelled).toHaveLength(2);
		expect(entries[0]).toMatchObject({ status: 499 });
	});

	it("before the stream begins, too", async () => {
		const { base, scripted, entries } = await start();
		scripted.setScript({ deltas: [], isSilent: true });
		const socket = await connectTo(base);
		socket.write(
			requestText("/v1/chat/completions", { messages, stream: true }),
		);
		await expect.poll(() => scripted.requests.length).toBe(1);
		socket.destroy();
		await expect.poll(() => scripted.cancelled.length).toBe(1);
		await expect.poll(() => entries.length).toBe(1);
	});
});

it("a client that reads too slowly loses its stream, not the server's memory", async () => {
	const scripted = createScriptedService();
	const text = "x".repeat(64 * 1024);
	let told = 0;
	let cancelled = false;
	const service: typeof scripted.service = {
		...scripted.service,
		generate(_request, onEvent) {
			const tell = () => {
				if (cancelled) return;
				told += text.length;
				onEvent({
					type: "delta",
					choice: 0,
					text,
					tokens: [1],
					logprobs: null,
				});
				setImmediate(tell);
			};
			setImmediate(() => {
				onEvent({
					type: "start",
					promptTokens: 1,
					cachedTokens: 0,
					promptLogprobs: null,
				});
				tell();
			});
			return () => {
				cancelled = true;
			};
		},
	};
	const options = { maxBufferedBytes: 256 * 1024, slowClientTimeoutMs: 100 };
	const { base, entries } = await start(options, { ...scripted, service });
	const socket = await connectTo(base);
	socket.pause();
	socket.write(requestText("/v1/chat/completions", { messages, stream: true }));
	await expect.poll(() => cancelled, { timeout: 10_000 }).toBe(true);
	// The kernel's buffers take some megabytes; what the server holds is bounded.
	expect(told).toBeLessThan(64 * 1024 * 1024);
	await expect.poll(() => entries.length, { timeout: 10_000 }).toBe(1);
	expect(entries[0]).toMatchObject({ errorCode: "client_closed" });
	socket.destroy();
});

describe("a connection", () => {
	it("serves several requests, streams among them", async () => {
		const { base } = await start();
		const socket = await connectTo(base);
		const stream = requestText("/v1/completions", {
			prompt: "x",
			stream: true,
		});
		socket.write(stream);
		socket.write(stream);
		socket.write(
			"GET /v1/version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
		);
		const text = await readAll(socket);
		expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
		expect(text.match(/data: \[DONE\]\n\n\r\n0\r\n\r\n/g)).toHaveLength(2);
		expect(text).toContain('{"release":"1.2.3","api":"1.0.0"}');
	});

	it("of HTTP/1.0 gets its stream without chunks", async () => {
		const { base } = await start();
		const socket = await connectTo(base);
		const body = { prompt: "x", stream: true };
		socket.write(requestText("/v1/completions", body, "1.0"));
		const [head, ...events] = (await readAll(socket)).split("\r\n\r\n");
		expect(head).not.toContain("chunked");
		expect(events.join("")).toMatch(/^data: \{/);
		expect(events.join("")).toMatch(/data: \[DONE\]\n\n$/);
	});

	it("that sends its headers too slowly is told so and closed", async () => {
		const { base } = await start({
			headersTimeoutMs: 100,
			requestTimeoutMs: 200,
			connectionsCheckingIntervalMs: 20,
		});
		const socket = await connectTo(base);
		socket.write("POST /tokenize HTTP/1.1\r\nhost: x\r\nx-slow: ");
		const text = await readAll(socket);
		expect(text).toMatch(/^HTTP\/1\.1 408 /);
		expect(text).toContain('"code":"request_timeout"');
	});

	it("that sends its body too slowly is closed", async () => {
		const { base, scripted } = await start({
			headersTimeoutMs: 100,
			requestTimeoutMs: 150,
			connectionsCheckingIntervalMs: 20,
		});
		const socket = await connectTo(base);
		socket.write(
			"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
		);
		expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 /);
		expect(scripted.requests).toEqual([]);
	});

	it.each([
		["nonsense", "hello there\r\n\r\n", "400"],
		[
			"very long headers",
			`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${"x".repeat(20_000)}\r\n\r\n`,
			"431",
		],
	])(
		"that sends %s is answered in the one error shape",
		async (_what, bytes, status) => {
			const { base } = await start();
			const socket = await connectTo(base);
			socket.write(bytes);
			const [head = "", body = ""] = (await readAll(socket)).split("\r\n\r\n");
			expect(head).toContain(`HTTP/1.1 ${status} `);
			expect(JSON.parse(body).error.code).toBe("invalid_request");
		},
	);

	it("that sends nonsense behind a request is closed, and nothing lands in the answer", async () => {
		const { base, scripted } = await start();
		scripted.setScript({ deltas: Array<string>(5_000).fill("x"), delayMs: 1 });
		const socket = await connectTo(base);
		socket.write(
			requestText("/v1/completions", {
				prompt: "x",
				stream: true,
				max_tokens: 4_000,
			}),
		);
		await once(socket, "data");
		const rest = readAll(socket);
		socket.write("hello there\r\n\r\n");
		expect(await rest).not.toContain("400 Bad Request");
		await expect.poll(() => scripted.cancelled.length).toBe(1);
	});

	it("above the limit is refused", async () => {
		const { base } = await start({ maxConnections: 2 });
		const sockets = [await connectTo(base), await connectTo(base)];
		const third = await connectTo(base);
		expect(await readAll(third)).toBe("");
		for (const socket of sockets) socket.destroy();
	});

	it("that was never used does not keep the server from closing", async () => {
		const { base, app } = await start();
		const socket = await connectTo(base);
		await app.close();
		expect(await readAll(socket)).toBe("");
	});
});

describe("large bodies", () => {
	it("of 10 MB are 413, and the server goes on", async () => {
		const { base } = await start();
		const big = JSON.stringify({ prompt: "x".repeat(10_000_000) });
		const answer = await fetch(`${base}/v1/completions`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: big,
		});
		expect(answer.status).toBe(413);
		expect(await answer.json()).toMatchObject({
			error: { code: "payload_too_large" },
		});
		expect((await fetch(`${base}/health`)).status).toBe(200);
	});

	const million = 1_000_000;
	const items = (count: number, item: unknown) => Array(count).fill(item);
	it.each([
		["a long text", () => ({ prompt: "word ".repeat(1.5 * million) })],
		["token ids", () => ({ prompt: items(2 * million, 1) })],
		["wrong items", () => ({ prompt: items(1.5 * million, true) })],
		["wrong messages", () => ({ messages: items(2 * million, 1) })],
		[
			"many unknown fields",
			() =>
				Object.fromEntries(
					items(300_000, 1).map((one, index) => [`field${index}`, one]),
				),
		],
		[
			"wrong parts",
			() => ({
				messages: items(1_000, { role: "user", content: items(900, 1) }),
			}),
		],
	])("of 8 MB with %s are refused quickly", async (_what, makeBody) => {
		const { app } = createTestServer();
		const body: object = makeBody();
		const payload = JSON.stringify(body);
		expect(payload.length < 8 * 1024 * 1024).toBe(true);
		const before = performance.now();
		const answer = await app.inject({
			method: "POST",
			url: "messages" in body ? "/v1/chat/completions" : "/v1/completions",
			headers: { "content-type": "application/json" },
			payload,
		});
		expect(answer.statusCode).toBe(400);
		// Generous: what this guards against takes minutes or the whole heap.
		expect(performance.now() - before).toBeLessThan(10_000);
	});
});

it("while the server drains, running streams finish and new requests get 503", async () => {
	const { base, app, scripted } = await start();
	scripted.setScript({ deltas: Array<string>(20).fill("x"), delayMs: 5 });
	const running = await fetch(`${base}/v1/chat/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ messages, stream: true }),
	});
	scripted.setState({ phase: "draining" });
	const refused = await fetch(`${base}/v1/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ prompt: "x" }),
	});
	expect(refused.status).toBe(503);
	expect(refused.headers.get("retry-after")).toBe("10");
	expect(await refused.json()).toMatchObject({ error: { code: "draining" } });
	const closed = app.close();
	expect(await running.text()).toMatch(/data: \[DONE\]\n\n$/);
	await closed;
});
