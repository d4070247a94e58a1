import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen, readTlsFiles } from "./listen.ts";
import {
	authority,
	clientCertificate,
	clientKey,
	serverCertificate,
	serverKey,
} from "./testing/certificates.ts";
import { createTestServer } from "./testing/test-server.ts";

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "galley-listen-"));
});
afterAll(() => rm(folder, { recursive: true }));

function statusOf(
	send: typeof httpRequest | typeof httpsRequest,
	options: RequestOptions,
): Promise<number | undefined> {
	return new Promise((resolve, reject) => {
		const request = send({ ...options, path: "/health" }, (response) => {
			response.resume();
			resolve(response.statusCode);
		});
		request.once("error", reject);
		request.end();
	});
}

describe("listening", () => {
	it("takes a free port and says which", async () => {
		const { app } = createTestServer();
		const address = await listen(app, { host: "127.0.0.1", port: 0 });
		expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
		expect((await fetch(`${address}/health`)).status).toBe(200);
		await app.close();
	});

	it("on a port in use says what to do", async () => {
		const first = createTestServer().app;
		const address = await listen(first, { host: "127.0.0.1", port: 0 });
		const port = Number(new URL(address).port);
		const second = createTestServer().app;
		await expect(listen(second, { host: "127.0.0.1", port })).rejects.toThrow(
			`Can't listen on 127.0.0.1:${port}: it is in use. Stop the process that holds it, or choose another.`,
		);
		await Promise.all([first.close(), second.close()]);
	});

	it("serves on a Unix socket, which only one can have", async () => {
		const socketPath = join(folder, "galley.sock");
		const { app } = createTestServer();
		expect(await listen(app, { socketPath })).toBe(`unix:${socketPath}`);
		expect(await statusOf(httpRequest, { socketPath })).toBe(200);
		const rival = createTestServer().app;
		await expect(listen(rival, { socketPath })).rejects.toThrow("it is in use");
		await Promise.all([app.close(), rival.close()]);
	});

	it("takes the place of a socket that a killed process left", async () => {
		const socketPath = join(folder, "stale.sock");
		const listening = `require("node:net").createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, "SIGKILL"))`;
		spawnSync(process.execPath, ["-e", listening]);
		const { app } = createTestServer();
		await listen(app, { socketPath });
		expect(await statusOf(httpRequest, { socketPath })).toBe(200);
		await app.close();
	});

	it("does not replace a file that is no socket", async () => {
		const socketPath = join(folder, "notes.txt");
		await writeFile(socketPath, "keep me");
		const { app } = createTestServer();
		await expect(listen(app, { socketPath })).rejects.toThrow("it is in use");
		expect(await readFile(socketPath, "utf8")).toBe("keep me");
		await app.close();
	});

	it("does not hide other causes", async () => {
		const { app } = createTestServer();
		const target = { host: "127.0.0.1", port: 70_000 };
		await expect(listen(app, target)).rejects.toThrow(/port/);
		await app.close();
	});
});

describe("TLS", () => {
	async function files(withClients: boolean) {
		const paths = {
			certificatePath: join(folder, "server.pem"),
			privateKeyPath: join(folder, "server.key"),
			clientAuthoritiesPath: join(folder, "authority.pem"),
		};
		await writeFile(paths.certificatePath, serverCertificate);
		await writeFile(paths.privateKeyPath, serverKey);
		await writeFile(paths.clientAuthoritiesPath, authority);
		return readTlsFiles({
			...paths,
			clientAuthoritiesPath: withClients
				? paths.clientAuthoritiesPath
				: undefined,
		});
	}

	it("serves HTTPS with the files given", async () => {
		const { app } = createTestServer({ tls: await files(false) });
		const address = await listen(app, { host: "127.0.0.1", port: 0 });
		expect(address).toMatch(/^https:/);
		const port = Number(new URL(address).port);
		const options = { host: "127.0.0.1", port, ca: authority };
		expect(await statusOf(httpsRequest, options)).toBe(200);
		await app.close();
	});

	it("asks clients for a certificate when it knows their authority", async () => {
		const { app } = createTestServer({ tls: await files(true) });
		const address = await listen(app, { host: "127.0.0.1", port: 0 });
		const port = Number(new URL(address).port);
		const options = {
			host: "127.0.0.1",
			port,
			ca: authority,
			agent: false,
		} as const;
		await expect(statusOf(httpsRequest, options)).rejects.toThrow();
		const withKey = { ...options, cert: clientCertificate, key: clientKey };
		expect(await statusOf(httpsRequest, withKey)).toBe(200);
		await app.close();
	});

	it("says which file it can't read", async () => {
		const missing = { certificatePath: "/no/cert", privateKeyPath: "/no/key" };
		await expect(readTlsFiles(missing)).rejects.toThrow(
			/TLS (certificate|private key) at '\/no\//,
		);
	});
});
