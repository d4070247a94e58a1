import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import {
	type AddressInfo,
	createServer as createSocketServer,
	type Server,
	type Socket,
} from "node:net";
import { gzipSync } from "node:zlib";
import { Agent } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { readableTypes } from "../extract/document.ts";
import { selfSigned } from "../testing/self-signed.ts";
import { createGuardedAgent } from "./address-guard.ts";
import { fetchFailure } from "./fetch-failure.ts";
import type { PageErrorCode } from "./page-error.ts";
import { PageFetcher } from "./page-fetcher.ts";

const closings: (() => unknown)[] = [];
afterEach(async () => {
	for (const close of closings.splice(0).reverse()) await close();
});

async function listen(server: Server): Promise<number> {
	const sockets = new Set<Socket>();
	server.on("connection", (socket: Socket) => {
		sockets.add(socket);
		// Whoever fetches may leave at any time.
		socket.on("error", () => socket.destroy());
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	closings.push(async () => {
		for (const socket of sockets) socket.destroy();
		server.close();
		await once(server, "close");
	});
	return (server.address() as AddressInfo).port;
}

/** A server that answers whatever it is asked with these bytes. */
function answering(bytes: string | Buffer, isCut = false): Promise<number> {
	return listen(
		createSocketServer((socket) => {
			socket.once("data", () => {
				socket.write(bytes, () => {
					if (isCut) socket.destroy();
				});
			});
		}),
	);
}

async function failure(url: string, agent?: Agent) {
	const { host } = new URL(url);
	const fetcher = new PageFetcher({
		userAgent: "GalleyTest/1.0",
		allowedHosts: new Set([host]),
		acceptedTypes: readableTypes,
		...(agent && { agent }),
	});
	closings.push(() => fetcher.close());
	const error: unknown = await fetcher.fetch(url).then(
		() => null,
		(error: unknown) => error,
	);
	expect(error).toMatchObject({ name: "PageError" });
	return error as { code: PageErrorCode; message: string };
}

const day = 24 * 3_600_000;
const inDays = (days: number) => new Date(Date.now() + days * day);

describe("a connection that can't be made safe", () => {
	async function tlsServer(name: string, from: Date, to: Date) {
		const certificate = selfSigned(name, from, to);
		const port = await listen(
			createTlsServer(certificate, (_, response) =>
				response.end("<p>Nobody should read this.</p>"),
			),
		);
		const trusting = () =>
			new Agent({ connect: { ca: certificate.cert, timeout: 5000 } });
		return { url: `https://localhost:${port}/`, trusting };
	}

	test("for nobody vouches for the server", async () => {
		const { url } = await tlsServer("localhost", inDays(-1), inDays(1));
		const { code, message } = await failure(url);
		expect(code).toBe("tls");
		expect(message).toMatch(/^The connection to localhost:\d+ .*self-signed/);
	});

	test("for it is vouched for under another name", async () => {
		const { url, trusting } = await tlsServer(
			"other.example",
			inDays(-1),
			inDays(1),
		);
		const { code, message } = await failure(url, trusting());
		expect(code).toBe("tls");
		expect(message).toContain("other.example");
	});

	test("for what vouched for it has expired", async () => {
		const { url, trusting } = await tlsServer(
			"localhost",
			inDays(-2),
			inDays(-1),
		);
		const { code, message } = await failure(url, trusting());
		expect(code).toBe("tls");
		expect(message).toContain("expired");
	});

	test("for the server doesn't speak TLS at all", async () => {
		const port = await answering("HTTP/1.1 400 Bad Request\r\n\r\n");
		const { code } = await failure(`https://127.0.0.1:${port}/`);
		expect(code).toBe("tls");
	});

	test("and one that is vouched for is read", async () => {
		const { url, trusting } = await tlsServer(
			"localhost",
			inDays(-1),
			inDays(1),
		);
		const fetcher = new PageFetcher({
			userAgent: "GalleyTest/1.0",
			allowedHosts: new Set(),
			acceptedTypes: readableTypes,
			agent: trusting(),
		});
		closings.push(() => fetcher.close());
		expect((await fetcher.fetch(url))?.body.toString()).toContain("Nobody");
	});
});

describe("an answer", () => {
	test("to which there is no way says so", async () => {
		const agent = new Agent({
			connect: (_, callback) =>
				callback(coded("EHOSTUNREACH", "connect EHOSTUNREACH"), null),
		});
		const { code, message } = await failure("http://site.example/", agent);
		expect(code).toBe("no_route");
		expect(message).toBe("There is no way to site.example from here.");
	});

	test("that never begins is too slow", async () => {
		const port = await answering("");
		const agent = new Agent({ headersTimeout: 200 });
		const { code } = await failure(`http://127.0.0.1:${port}/`, agent);
		expect(code).toBe("too_slow");
	});

	test("that begins and falls silent is too slow", async () => {
		const port = await answering(
			"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 900\r\n\r\n<p>",
		);
		const agent = new Agent({ bodyTimeout: 200 });
		const { code } = await failure(`http://127.0.0.1:${port}/`, agent);
		expect(code).toBe("too_slow");
	});

	test.each([
		["", "<p>Half of"],
		["content-encoding: gzip\r\n", gzipSync("x".repeat(9000)).subarray(0, 20)],
	])("that ends in the middle is broken off (%j)", async (encoding, part) => {
		const head = `HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n${encoding}content-length: 900\r\n\r\n`;
		const port = await answering(
			Buffer.concat([Buffer.from(head), Buffer.from(part)]),
			true,
		);
		const { code } = await failure(`http://127.0.0.1:${port}/`);
		expect(code).toBe("broken_off");
	});

	test("that is not HTTP can't be read, and says why", async () => {
		const port = await answering("SSH-2.0-OpenSSH_9.6\r\n");
		const { code, message } = await failure(`http://127.0.0.1:${port}/`);
		expect(code).toBe("unreachable");
		expect(message).toMatch(/^127\.0\.0\.1:\d+ could not be read: \S/);
	});
});

test.each([
	["ENOTFOUND", "dns", "There is no host"],
	["EAI_AGAIN", "dns_busy", "the name server did not answer"],
])("a name that fails with %s: %s", async (code, expected, saying) => {
	const agent = createGuardedAgent(new Set(), ((
		name: string,
		_options: object,
		callback: (error: Error) => void,
	) => callback(coded(code, `getaddrinfo ${code} ${name}`))) as never);
	const problem = await failure("http://site.example/", agent);
	expect(problem).toMatchObject({ code: expected });
	expect(problem.message).toContain(saying);
	expect(problem.message).toContain("site.example");
});

/** Those that a machine makes only when its network is broken. */
test.each([
	["EHOSTUNREACH", "no_route"],
	["ENETUNREACH", "no_route"],
	["EADDRNOTAVAIL", "no_route"],
	["ETIMEDOUT", "too_slow"],
	["UND_ERR_CONNECT_TIMEOUT", "too_slow"],
	["ECONNREFUSED", "refused"],
	["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls"],
	["ESOMETHING", "unreachable"],
])("%s is %s, wherever among its causes it stands", (code, expected) => {
	const url = new URL("https://site.example/page");
	const plain = coded(code, "no");
	for (const error of [
		plain,
		new TypeError("fetch failed", { cause: plain }),
		new AggregateError([plain, coded(code, "nor so")]),
		new Error("failed", { cause: new AggregateError([plain]) }),
	]) {
		const problem = fetchFailure(error, url);
		expect(problem.code).toBe(expected);
		expect(problem.message).toContain("site.example");
		expect(problem.cause).toBe(error);
	}
});

function coded(code: string, message: string): Error {
	return Object.assign(new Error(message), { code });
}
