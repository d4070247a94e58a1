import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { quickPatience, weights } from "../testing/download-setting.ts";
import { HubServer } from "../testing/hub-server.ts";
import { retryAfterMs } from "./http-client.ts";
import { HubClient } from "./hub-client.ts";
import {
	checkEndpoint,
	type HubSettings,
	hubCacheDirectory,
	readHubSettings,
} from "./hub-settings.ts";

const model = weights(100_000, 5);
let server: HubServer;
let commit: string;

beforeAll(async () => {
	server = await HubServer.start();
	commit = server.add("org/model", {
		"a dir/model #1.gguf": model,
		"config.json": { content: Buffer.from("{}"), isInGit: true },
		"../../escape.gguf": model,
	});
});
afterEach(() => server.reset());
afterAll(() => server.stop());

const settings = (changed: Partial<HubSettings> = {}): HubSettings => ({
	endpoint: server.endpoint,
	mirrors: [],
	token: null,
	proxy: null,
	patience: quickPatience,
	...changed,
});

describe("HubClient", () => {
	it("lists files with their digests, without names that would leave a folder", async () => {
		await using client = new HubClient(settings());
		const listing = await client.listFiles("org/model", null);
		expect(listing.commit).toBe(commit);
		expect(listing.files).toMatchObject([
			{
				name: "a dir/model #1.gguf",
				sizeBytes: 100_000,
				gitBlobId: expect.any(String),
			},
			{ name: "config.json", sha256: null, sizeBytes: 2 },
		]);
		expect(listing.files[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
	});

	it("reads ranges, also past the end and from a server without ranges", async () => {
		await using client = new HubClient(settings());
		const file = {
			repository: "org/model",
			commit,
			name: "a dir/model #1.gguf",
		};
		for (const ignoresRanges of [false, true]) {
			server.faults.ignoresRanges = ignoresRanges;
			for (const [from, end] of [
				[0, 10],
				[70_000, 70_500],
				[99_990, 100_100],
			] as const) {
				const bytes = await client.readRange(file, from, end);
				expect(Buffer.compare(bytes, model.subarray(from, end))).toBe(0);
			}
		}
	});

	it("says when whoever answers is no hub", async () => {
		const portal = createServer((_, response) =>
			response.end("<html>Log in</html>"),
		);
		await new Promise<void>((resolve) =>
			portal.listen(0, "127.0.0.1", resolve),
		);
		const endpoint = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
		await using client = new HubClient(settings({ endpoint }));
		await expect(client.listFiles("org/model", null)).rejects.toThrow(
			"not as a model hub does",
		);
		portal.close();
	});

	it("follows redirects within the hub, but neither in circles nor to other protocols", async () => {
		let location = "";
		const moved = createServer((request, response) => {
			const isNew = request.url?.includes("/new/") === true;
			if (!isNew) response.writeHead(307, { location }).end();
			else
				response.end(
					JSON.stringify({
						sha: commit,
						siblings: [],
						got: request.headers.authorization,
					}),
				);
		});
		await new Promise<void>((resolve) => moved.listen(0, "127.0.0.1", resolve));
		const endpoint = `http://127.0.0.1:${(moved.address() as AddressInfo).port}`;
		await using client = new HubClient(settings({ endpoint, token: "t" }));
		location = "/api/models/new/name/revision/main";
		expect((await client.listFiles("old/name", null)).commit).toBe(commit);
		location = "/again";
		await expect(client.listFiles("old/name", null)).rejects.toThrow(
			"redirects without end",
		);
		location = "ftp://elsewhere/";
		await expect(client.listFiles("old/name", null)).rejects.toThrow(
			"does not follow",
		);
		moved.close();
	});

	it("goes through a proxy when one is set, except to the hosts that are excepted", async () => {
		const tunnels: string[] = [];
		const proxy = createServer().on("connect", (request, socket) => {
			tunnels.push(request.url ?? "");
			const [host = "", port] = (request.url ?? "").split(":");
			const onward = connect(Number(port), host, () => {
				socket.write("HTTP/1.1 200 OK\r\n\r\n");
				onward.pipe(socket).pipe(onward);
			});
			onward.on("error", () => socket.destroy());
			socket.on("error", () => onward.destroy());
		});
		await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
		const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
		for (const except of [null, "127.0.0.1"]) {
			await using client = new HubClient(
				settings({ proxy: { http: address, https: address, except } }),
			);
			expect((await client.listFiles("org/model", null)).commit).toBe(commit);
			expect(tunnels).toEqual([new URL(server.endpoint).host]);
		}
		proxy.close();
	});

	it("names what to check when nobody answers, without the token", async () => {
		await using client = new HubClient(
			settings({ endpoint: "http://127.0.0.1:9", token: "secret-token" }),
		);
		const error: unknown = await client
			.listFiles("org/model", null)
			.catch((thrown: unknown) => thrown);
		expect(String(error)).toMatch(
			/can't be reached: 127\.0\.0\.1:9 does not answer.*HF_ENDPOINT/,
		);
		expect(JSON.stringify(error) + String(error)).not.toContain("secret-token");
	});
});

describe("retryAfterMs", () => {
	it("reads seconds and dates", () => {
		const now = Date.parse("2026-01-01T00:00:00Z");
		expect(retryAfterMs({ "retry-after": "3" }, now)).toBe(3000);
		expect(
			retryAfterMs({ "retry-after": "Thu, 01 Jan 2026 00:00:10 GMT" }, now),
		).toBe(10_000);
		expect(
			retryAfterMs({ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }, now),
		).toBe(0);
		expect(retryAfterMs({ "retry-after": "soon" }, now)).toBe(null);
		expect(retryAfterMs({}, now)).toBe(null);
	});
});

describe("the hub's settings", () => {
	it("come from the hub's own variables, and from its token file", () => {
		const home = mkdtempSync(join(tmpdir(), "galley-hub-"));
		writeFileSync(join(home, "token"), "hf_from_file\n");
		expect(readHubSettings({ HF_HOME: home })).toMatchObject({
			endpoint: "https://huggingface.co",
			token: "hf_from_file",
		});
		expect(
			readHubSettings(
				{
					HF_HOME: home,
					HF_TOKEN: "hf_given",
					HF_ENDPOINT: "https://mirror.example/hub/",
				},
				{ mirrors: ["https://other.example/"] },
			),
		).toEqual({
			endpoint: "https://mirror.example/hub",
			mirrors: ["https://other.example"],
			token: "hf_given",
		});
		rmSync(home, { recursive: true });
		expect(readHubSettings({ HF_HOME: home }).token).toBe(null);
	});

	it("refuse tokens and addresses that can't be right, without showing them", () => {
		expect(() => readHubSettings({ HF_TOKEN: "two words" })).toThrow(
			/spaces(?!.*two words)/,
		);
		expect(() => checkEndpoint("ftp://x")).toThrow(
			"not an http or https address",
		);
		expect(() => checkEndpoint("https://me:pass@x")).toThrow(
			/contains a password(?!.*pass@)/,
		);
	});

	it("know where the hub's own tools keep their cache", () => {
		expect(hubCacheDirectory({}, "/home/me")).toBe(
			"/home/me/.cache/huggingface/hub",
		);
		expect(hubCacheDirectory({ HF_HOME: "/data/hf" }, "/home/me")).toBe(
			"/data/hf/hub",
		);
		expect(hubCacheDirectory({ HF_HUB_CACHE: "/c" }, "/home/me")).toBe("/c");
	});
});
