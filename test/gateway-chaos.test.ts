import { mkdtemp, rm } from "node:fs/promises";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
	afterAll,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
} from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { type Fleet, readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";
import { streamChat } from "./start-service.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const silent = {
	debug: () => {},
	info: () => {},
	warn: () => {},
	error: () => {},
};
/** Clients that come and leave; `GALLEY_CHAOS_CLIENTS=10000` for a long run. */
const clients = Number(process.env.GALLEY_CHAOS_CLIENTS ?? 2000);

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

let upstream: Server;
let behave: Behaviour;
let asked = 0;
let directory: string;
let fleet: RunningFleet;

const json = { "content-type": "application/json" };
const completion = JSON.stringify({
	object: "chat.completion",
	choices: [{ index: 0, message: { role: "assistant", content: "hi" } }],
});
const well: Behaviour = (_, response) =>
	response.writeHead(200, json).end(completion);

beforeAll(async () => {
	upstream = createServer(async (request, response) => {
		for await (const _ of request);
		if (request.method === "POST") asked++;
		if (request.method === "GET")
			return response.writeHead(200, json).end("{}");
		behave(request, response);
	});
	await new Promise<void>((resolve) =>
		upstream.listen(0, "127.0.0.1", resolve),
	);
	const { port } = upstream.address() as AddressInfo;
	directory = await mkdtemp(join(tmpdir(), "galley-chaos-"));
	const { fleet: file, problems } = readFleetFile(`
gateway: { port: 1, coldStartSeconds: 30, breaker: { failures: 3, openSeconds: 1 } }
services:
  - { name: victim, model: 'fake:?stepMs=20' }
  - { name: steady, model: 'fake:?stepMs=5' }
  - { name: twins, model: 'fake:?stepMs=5', replicas: 2 }
upstreams:
  - { name: odd, url: "http://127.0.0.1:${port}/v1", models: [odd], timeoutSeconds: 1 }
aliases:
  sure: { fallback: [odd, steady] }
`);
	if (file === null) throw new Error(JSON.stringify(problems));
	fleet = await RunningFleet.open({
		fleet: { ...file, gateway: { ...file.gateway, port: 0 } } as Fleet,
		command: { executable: process.execPath, words: ["--import", "tsx", main] },
		environment: process.env,
		runDirectory: join(directory, "run"),
		toOptionName: toKebabCase,
		keyHashes: [],
		logger: silent,
	});
	while ((await fetch(`${fleet.address}/v1/health/ready`)).status !== 200)
		await delay(50);
}, 90_000);

afterAll(async () => {
	await fleet?.close();
	upstream?.closeAllConnections();
	upstream?.close();
	await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
	behave = well;
	asked = 0;
	// What a test before has done to the circuit breaker is over.
	while ((await ask("odd")).status !== 200) await delay(100);
	asked = 0;
});

const url = (path = "/v1/chat/completions") => fleet.address + path;
const body = (model: string, more: object = {}) =>
	JSON.stringify({
		model,
		messages: [{ role: "user", content: "Tell me a story." }],
		...more,
	});
const ask = (model: string, more: object = {}) =>
	fetch(url(), { method: "POST", body: body(model, more), headers: json });

async function errorOf(answer: Response) {
	const { error } = (await answer.json()) as {
		error: { code: string; message: string; type: string };
	};
	expect(answer.headers.get("content-type")).toContain("application/json");
	return { status: answer.status, ...error };
}

const serviceOf = (name: string) => {
	const found = fleet.status.services.find((service) => service.name === name);
	if (found === undefined) throw new Error(`There is no ${name}.`);
	return found;
};

describe("a service that is killed under load", () => {
	test("gives each of its clients one end, leaves others alone, and is back within seconds", async () => {
		const before = serviceOf("victim").replicas[0];
		const streams = Array.from({ length: 8 }, () =>
			streamChat(fleet.address, {
				model: "victim",
				max_tokens: 100,
				ignore_eos: true,
			}),
		);
		const wholes = Array.from({ length: 4 }, () =>
			ask("victim", { max_tokens: 20, ignore_eos: true }),
		);
		const neighbours = Array.from({ length: 8 }, () =>
			streamChat(fleet.address, {
				model: "steady",
				max_tokens: 200,
				ignore_eos: true,
			}),
		);
		await delay(300);
		process.kill(before?.pid as number, "SIGKILL");
		for (const seen of await Promise.all(streams)) {
			// It ends with what says so, or with its last event; never with neither, never with both.
			expect(seen.errors.length + seen.finishReasons.length).toBe(1);
			if (seen.errors.length === 1)
				expect(seen.errors[0]?.code).toBe("engine_crashed");
		}
		// Their clients had heard nothing: they were asked again when it was back.
		for (const answer of await Promise.all(wholes))
			expect(answer.status).toBe(200);
		for (const { isDone, errors } of await Promise.all(neighbours)) {
			expect(isDone).toBe(true);
			expect(errors).toEqual([]);
		}
		expect((await ask("victim", { max_tokens: 4 })).status).toBe(200);
		expect(serviceOf("victim").replicas[0]?.pid).not.toBe(before?.pid);
	}, 60_000);

	test("hands what it had not begun to answer to its twin", async () => {
		const answers = Array.from({ length: 12 }, () =>
			ask("twins", { max_tokens: 40, ignore_eos: true }),
		);
		await delay(50);
		process.kill(serviceOf("twins").replicas[0]?.pid as number, "SIGKILL");
		for (const answer of await Promise.all(answers))
			expect(answer.status).toBe(200);
	}, 60_000);
});

describe("an upstream", () => {
	test("that hangs is given up with 504, and isn't asked twice", async () => {
		behave = () => undefined;
		const error = await errorOf(await ask("sure"));
		expect(error).toMatchObject({ status: 504, code: "deadline_exceeded" });
		expect(error.message).toContain("did not begin to answer within 1 s");
		expect(asked).toBe(1);
	}, 15_000);

	test("that stops in the middle of a stream leaves an error event", async () => {
		behave = (_, response) =>
			response
				.writeHead(200, { "content-type": "text/event-stream" })
				.write('data: {"choices":[]}\n\n');
		const seen = await streamChat(fleet.address, { model: "odd" });
		expect(seen.errors).toMatchObject([{ code: "engine_crashed" }]);
	}, 15_000);

	test("that drips is passed on, and holds nobody else up", async () => {
		behave = (_, response) => {
			response.writeHead(200, { ...json, "content-length": completion.length });
			let at = 0;
			const timer = setInterval(() => {
				response.write(completion.slice(at, at + 10));
				at += 10;
				if (at >= completion.length) {
					clearInterval(timer);
					response.end();
				}
			}, 150);
		};
		const drip = ask("odd").then((answer) => answer.text());
		const quick = await ask("steady", { max_tokens: 4 });
		expect(quick.status).toBe(200);
		expect(await drip).toBe(completion);
	}, 15_000);

	test("that lies about its length, or answers with a page, gives a clear 502", async () => {
		behave = (_, response) => {
			response.writeHead(200, { ...json, "content-length": 4000 });
			response.write(completion);
			setTimeout(() => response.destroy(), 20);
		};
		const long = await errorOf(await ask("odd"));
		expect(long).toMatchObject({ status: 502, code: "upstream_error" });
		behave = (_, response) => {
			response.socket?.end(
				`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n${completion}`,
			);
		};
		expect(await errorOf(await ask("odd"))).toMatchObject({ status: 502 });
		behave = well;
		expect((await ask("odd")).status).toBe(200);
		behave = (_, response) =>
			response.writeHead(200, { "content-type": "text/html" }).end("<p>Hello");
		const page = await errorOf(await ask("odd"));
		expect(page).toMatchObject({ status: 502, code: "upstream_error" });
		expect(page.message).toContain("a web page");
		// Nothing was computed there: somebody else may.
		expect((await ask("sure", { max_tokens: 4 })).status).toBe(200);
	}, 15_000);

	test("that refuses says until when, and after failures in a row it is left alone until it is well", async () => {
		behave = (_, response) =>
			response
				.writeHead(429, { ...json, "retry-after": "9" })
				.end('{"error":{"message":"too fast","code":"limit"}}');
		const limited = await ask("odd");
		expect(limited.status).toBe(429);
		expect(limited.headers.get("retry-after")).toBe("9");
		expect(await errorOf(limited)).toMatchObject({ code: "limit" });
		behave = (_, response) => response.writeHead(503).end();
		for (let time = 0; time < 3; time++)
			expect((await ask("odd")).status).toBe(503);
		asked = 0;
		const left = await ask("odd");
		expect(left.status).toBe(503);
		expect(Number(left.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
		expect(asked).toBe(0);
		expect((await ask("sure", { max_tokens: 4 })).status).toBe(200);
		behave = well;
		while ((await ask("odd")).status !== 200) await delay(50);
	}, 20_000);

	test("that doesn't accept the gateway's key is no fault of the client's", async () => {
		behave = (_, response) =>
			response.writeHead(401, json).end('{"error":{"message":"no"}}');
		const error = await errorOf(await ask("odd"));
		expect(error.status).toBe(502);
		expect(error.message).toContain("asks for a key");
	});
});

describe("clients that come and leave", () => {
	test(`${clients} of them leave nothing behind`, async () => {
		const round = async (count: number) => {
			for (let left = count; left > 0; left -= 100)
				await Promise.all(
					Array.from({ length: Math.min(100, left) }, (_, place) =>
						comeAndLeave(place),
					),
				);
			while (outstanding() > 0) await delay(20);
		};
		await round(Math.min(400, clients));
		const before = heap();
		await round(clients);
		expect(outstanding()).toBe(0);
		expect((heap() - before) / 2 ** 20).toBeLessThan(16);
		// The services have let go of them as well.
		expect((await ask("steady", { max_tokens: 4 })).status).toBe(200);
		const metrics = await fetch(url("/v1/fleet"));
		expect(metrics.status).toBe(200);
	}, 120_000);
});

const outstanding = () =>
	fleet.status.services
		.flatMap(({ replicas }) => replicas)
		.reduce((sum, { outstandingTokens }) => sum + outstandingTokens, 0);

function heap(): number {
	setFlagsFromString("--expose-gc");
	(runInNewContext("gc") as () => void)();
	return process.memoryUsage().heapUsed;
}

/** At once, in the middle of a request, before an answer, or in the middle of one. */
function comeAndLeave(place: number): Promise<void> {
	const { hostname, port } = new URL(fleet.address);
	const content = body("steady", { stream: true, max_tokens: 500 });
	const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${content.length}\r\n\r\n`;
	return new Promise((resolve) => {
		const socket = connect(Number(port), hostname);
		socket.on("error", () => undefined);
		socket.on("close", () => resolve());
		socket.on("connect", () => {
			if (place % 4 === 0) return socket.destroy();
			if (place % 4 === 1) {
				socket.write(head + content.slice(0, 20), () => socket.destroy());
				return;
			}
			socket.write(head + content);
			if (place % 4 === 2) setTimeout(() => socket.destroy(), 5);
			else socket.once("data", () => socket.destroy());
		});
	});
}
