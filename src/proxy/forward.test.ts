import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { Agent } from "undici";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Forwarded, type ForwardOutcome, forward } from "./forward.ts";

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** The other side, as each test wants it, and the door in front of it. */
let behave: Behaviour;
let other: Server;
let door: Server;
let more: Partial<Forwarded> = {};
let outcome: Promise<ForwardOutcome>;
const agent = new Agent();

const listen = async (server: Server) => {
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

let origin: string;
let url: string;

beforeAll(async () => {
	other = createServer((request, response) => behave(request, response));
	origin = await listen(other);
	door = createServer((request, response) => {
		outcome = forward({
			request,
			response,
			body: null,
			dispatcher: agent,
			origin,
			path: request.url ?? "/",
			headers: {},
			timeoutMs: 0,
			...more,
		});
	});
	url = await listen(door);
});

afterEach(() => {
	more = {};
	door.closeAllConnections();
});

afterAll(async () => {
	await agent.destroy();
	other.closeAllConnections();
	other.close();
	door.close();
});

const json = { "content-type": "application/json" };
const events = { "content-type": "text/event-stream" };
const ask = (path = "/v1/chat/completions", init: RequestInit = {}) =>
	fetch(url + path, init);

/** What becomes of a request that the client gets no answer to. */
async function refusal(given: Behaviour): Promise<ForwardOutcome> {
	behave = given;
	outcome = undefined as unknown as Promise<ForwardOutcome>;
	const left = new AbortController();
	const asked = ask("/v1/chat/completions", { signal: left.signal });
	asked.catch(() => undefined);
	while (outcome === undefined) await new Promise(setImmediate);
	const ended = await outcome;
	left.abort();
	return ended;
}

describe("an answer", () => {
	test("passes with its status and headers, but for those of the connection", async () => {
		behave = (request, response) => {
			expect(request.headers).not.toHaveProperty("accept-encoding");
			response.writeHead(404, { ...json, "x-mine": "1", "keep-alive": "x" });
			response.end('{"error":{}}');
		};
		const answer = await ask();
		expect(answer.status).toBe(404);
		expect(answer.headers.get("x-mine")).toBe("1");
		expect(answer.headers.get("content-length")).toBe("12");
		expect(await answer.json()).toEqual({ error: {} });
		expect(await outcome).toEqual({ kind: "answered", status: 404 });
	});

	test("that is a stream passes piece by piece", async () => {
		let proceed: () => void = () => undefined;
		behave = (_, response) => {
			response.writeHead(200, events);
			response.write("data: 1\n\n");
			proceed = () => response.end("data: [DONE]\n\n");
		};
		const answer = await ask();
		const reader = answer.body?.getReader();
		const first = await reader?.read();
		expect(Buffer.from(first?.value ?? []).toString()).toBe("data: 1\n\n");
		proceed();
		const second = await reader?.read();
		expect(Buffer.from(second?.value ?? []).toString()).toContain("[DONE]");
	});

	test("that is long JSON passes though it isn't held", async () => {
		const text = JSON.stringify({ data: "x".repeat(3_000_000) });
		behave = (_, response) => response.writeHead(200, json).end(text);
		expect(await (await ask()).text()).toBe(text);
	});

	test("that comes in drips over more than a second is passed on as it comes", async () => {
		behave = (_, response) => {
			response.writeHead(200, json).write(" ");
			setTimeout(() => response.write(" "), 1100);
			setTimeout(() => response.end("{}"), 1500);
		};
		const answer = await ask();
		expect(await answer.text()).toBe("  {}");
		expect(answer.headers.get("content-length")).toBeNull();
	});

	test("that is gone through by a slow reader waits for it", async () => {
		let written = 0;
		behave = (_, response) => {
			response.writeHead(200, events);
			const write = () => {
				while (written < 64 && response.write("x".repeat(1_000_000))) written++;
				written++;
				if (written < 64) response.once("drain", write);
				else response.end();
			};
			write();
		};
		const answer = await ask();
		const reader = answer.body?.getReader();
		await reader?.read();
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(written).toBeLessThan(64);
		while (!(await reader?.read())?.done);
		expect(written).toBeGreaterThanOrEqual(64);
	});
});

describe("a place that gives no answer", () => {
	test("says that it takes nothing, and for how long: anybody else may be asked", async () => {
		const refused = await refusal((_, response) =>
			response
				.writeHead(503, { ...json, "retry-after": "7" })
				.end('{"error":{"message":"loading"}}'),
		);
		expect(refused).toMatchObject({
			kind: "unanswered",
			cause: "refused",
			repeat: "safe",
			reason: "it answered 503: loading",
			retryAfterSeconds: 7,
			answer: null,
		});
	});

	test("has had too many requests: the client may have its own words", async () => {
		const refused = await refusal((_, response) =>
			response
				.writeHead(429, json)
				.end('{"error":{"message":"slow down","code":"x"}}'),
		);
		expect(refused).toMatchObject({
			cause: "refused",
			answer: { status: 429, headers: { "content-type": "application/json" } },
		});
	});

	test("answers with a web page", async () => {
		const page = await refusal((_, response) =>
			response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
		);
		expect(page).toMatchObject({ cause: "unreadable", repeat: "safe" });
		const late = await refusal((_, response) =>
			response.writeHead(504, { "content-type": "text/html" }).end("<p>"),
		);
		expect(late).toMatchObject({ cause: "unreadable", repeat: "never" });
	});

	test("announces more than it sends, or less", async () => {
		const more = await refusal((_, response) => {
			response.writeHead(200, { ...json, "content-length": "100" });
			response.write('{"a":1}');
			setTimeout(() => response.destroy(), 20);
		});
		expect(more).toMatchObject({ cause: "unreadable", repeat: "never" });
		const less = await refusal((_, response) => {
			response.socket?.end(
				'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{"a":1}',
			);
		});
		expect(less).toMatchObject({ cause: "unreadable", repeat: "never" });
	});

	test("ends the connection: it may have begun to compute", async () => {
		const reset = await refusal((_, response) => response.destroy());
		expect(reset).toMatchObject({ cause: "reset", repeat: "once" });
	});

	test("isn't there: it was never sent", async () => {
		const probe = createTcpServer();
		const gone = await listen(probe as unknown as Server);
		await new Promise((resolve) => probe.close(resolve));
		more = { origin: gone };
		const nobody = await refusal(() => undefined);
		expect(nobody).toMatchObject({ cause: "unreachable", repeat: "safe" });
	});

	test("hangs: it is given up, and may compute still", async () => {
		more = { timeoutMs: 50 };
		const silent = await refusal(() => undefined);
		expect(silent).toMatchObject({ cause: "silent", repeat: "never" });
	}, 10_000);
});

describe("a stream that breaks off", () => {
	const breaking = (text: string): Behaviour => {
		return (_, response) => {
			response.writeHead(200, events).write(text);
			setTimeout(() => response.destroy(), 20);
		};
	};

	test("between two events ends with one that says so, in the words of its API", async () => {
		behave = breaking("data: {}\n\n");
		const text = await (await ask()).text();
		expect(text).toMatch(/^data: \{\}\n\ndata: \{"error":\{"message":"[^"]+/);
		expect(await outcome).toMatchObject({ kind: "broken" });
		const message = await (await ask("/v1/messages")).text();
		expect(message).toContain('event: error\ndata: {"type":"error","error":');
		const response = await (await ask("/v1/responses")).text();
		expect(response).toContain('data: {"type":"error","code":"engine_crashed"');
	});

	test("in the middle of an event ends with its connection", async () => {
		behave = breaking('data: {"a"');
		await expect(ask().then((answer) => answer.text())).rejects.toThrow();
		expect(await outcome).toMatchObject({ kind: "broken" });
	});

	test("behind its last event is whole", async () => {
		behave = breaking("data: {}\n\ndata: [DONE]\n\n");
		expect(await (await ask()).text()).toBe("data: {}\n\ndata: [DONE]\n\n");
		expect(await outcome).toEqual({ kind: "answered", status: 200 });
	});
});

describe("a client that leaves", () => {
	test("ends what is done for it, whether an answer has begun or not", async () => {
		for (const hasBegun of [false, true]) {
			const left = new AbortController();
			const closed = new Promise<void>((resolve) => {
				behave = (_, response) => {
					response.once("close", resolve);
					if (hasBegun) response.writeHead(200, events).write("data: 1\n\n");
					else left.abort();
				};
			});
			const asked = ask("/", { signal: left.signal });
			if (hasBegun) {
				await asked;
				left.abort();
			} else await expect(asked).rejects.toThrow();
			await closed;
			expect(await outcome).toEqual({ kind: "left" });
		}
	});

	test("loses nothing to another attempt that was first", async () => {
		more = { claim: () => false };
		const lost = await refusal((_, response) =>
			response.writeHead(200, json).end("{}"),
		);
		expect(lost).toEqual({ kind: "lost" });
	});
});
