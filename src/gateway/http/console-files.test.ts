import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnvironmentKeys } from "../access/environment-keys.ts";
import type { Gateway } from "../gateway.ts";
import { GatewayServer } from "../gateway-server.ts";
import {
	type ConsoleFiles,
	consoleRoutes,
	readConsoleFiles,
} from "./console-files.ts";

const page = `<!doctype html><title>Console</title>${"<p>much text</p>".repeat(100)}`;
let directory: string;
let server: GatewayServer;
let address: string;

async function serve(files: ConsoleFiles | null): Promise<GatewayServer> {
	return new GatewayServer({
		gateway: {} as Gateway,
		authenticator: new EnvironmentKeys(["00".repeat(32)]),
		isDraining: () => false,
		logger: { warn: () => {}, error: () => {} },
		routes: consoleRoutes({ files, isOn: () => true }),
	});
}

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-console-"));
	await mkdir(join(directory, "console"), { recursive: true });
	await writeFile(join(directory, "index.html"), page);
	await writeFile(
		join(directory, "console", "main-Bx3dK_9z.js"),
		`console.log(${JSON.stringify("x".repeat(2000))})`,
	);
	await writeFile(join(directory, "console", "favicon.svg"), "<svg/>");
	await writeFile(join(directory, "secret.key"), "no type of ours");
	server = await serve(readConsoleFiles(directory));
	address = await server.listen("127.0.0.1", 0);
});
afterAll(async () => {
	await server.close(1000);
	await rm(directory, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
	fetch(address + path, {
		headers: { "accept-encoding": "identity", ...headers },
	});

describe("the console's files", () => {
	test("its page needs no key, runs scripts of this door only, and can be framed by nobody", async () => {
		const response = await get("/");
		expect(response.status).toBe(200);
		expect(await response.text()).toBe(page);
		const policy = response.headers.get("content-security-policy") ?? "";
		expect(policy).toContain("script-src 'self';");
		expect(policy).toContain("frame-ancestors 'none'");
		expect(response.headers.get("cache-control")).toBe("no-cache");
	});

	test("its own addresses are the same page, and only where a browser asks for one", async () => {
		const html = { accept: "text/html,*/*" };
		expect(await (await get("/fleet/starter-chat", html)).text()).toBe(page);
		expect((await get("/fleet/starter-chat")).status).toBe(401);
		expect((await get("/v1/nothing", html)).status).toBe(401);
		expect((await get("/console/none.js", html)).status).toBe(401);
	});

	test("files whose names have a digest are kept for ever; others are asked for again", async () => {
		const asset = await get("/console/main-Bx3dK_9z.js");
		expect(asset.headers.get("cache-control")).toContain("immutable");
		expect(asset.headers.get("content-type")).toContain("text/javascript");
		const icon = await get("/console/favicon.svg");
		const etag = icon.headers.get("etag") ?? "";
		expect(icon.headers.get("cache-control")).toBe("no-cache");
		const again = await get("/console/favicon.svg", { "if-none-match": etag });
		expect(again.status).toBe(304);
	});

	test.each([
		["br", brotliDecompressSync],
		["gzip", gunzipSync],
	] as const)("is sent as %s to who reads that", async (encoding, unpack) => {
		const { request } = await import("undici");
		const { headers, body } = await request(`${address}/`, {
			headers: { "accept-encoding": encoding },
		});
		expect(headers["content-encoding"]).toBe(encoding);
		const bytes = Buffer.from(await body.arrayBuffer());
		expect(unpack(bytes).toString()).toBe(page);
	});

	test.each([
		"/console/../secret.key",
		"/console/..%2f..%2fetc%2fpasswd",
		"/..%2f..%2f..%2fetc/passwd",
		"/secret.key",
		"/%00",
	])("no path leads out of them: %s", async (path) => {
		const response = await get(path);
		expect(response.status).toBe(401);
	});

	test("says so where it was not built", async () => {
		const bare = await serve(readConsoleFiles(join(directory, "none")));
		const where = await bare.listen("127.0.0.1", 0);
		const response = await fetch(where);
		expect(response.status).toBe(200);
		expect(await response.text()).toContain("was not built");
		await bare.close(1000);
	});
});
