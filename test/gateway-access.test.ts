import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { type Fleet, readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";
import { LateDatabase } from "../src/gateway/late-database.ts";
import { gatewayMigrations } from "../src/gateway/open-access.ts";
import { openEmbedded } from "../src/store/testing/open-test-databases.ts";

const silent = { info: () => {}, warn: () => {}, error: () => {} };
/** An endpoint that streams three tokens, and tells its usage when it is asked to. */
let upstream: Server;
let held: Promise<void> | null = null;
let heard: { stream_options?: object }[] = [];
let directory: string;
let fleet: RunningFleet;
let earlyHealth = 0;

const usage = {
	prompt_tokens: 20,
	completion_tokens: 3,
	total_tokens: 23,
	prompt_tokens_details: { cached_tokens: 16 },
};
const base = { id: "c", created: 1, model: "big" };

function answerTo(body: {
	stream?: boolean;
	stream_options?: { include_usage?: boolean };
}): string {
	if (body.stream !== true)
		return JSON.stringify({
			...base,
			object: "chat.completion",
			choices: [
				{
					index: 0,
					message: { role: "assistant", content: "a b c" },
					finish_reason: "stop",
				},
			],
			usage,
		});
	const isAsked = body.stream_options?.include_usage === true;
	const frame = (more: object) =>
		`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", ...more })}\n\n`;
	const none = isAsked ? { usage: null } : {};
	return [
		...["a", " b", " c"].map((content) =>
			frame({
				choices: [{ index: 0, delta: { content }, finish_reason: null }],
				...none,
			}),
		),
		...(isAsked ? [frame({ choices: [], usage })] : []),
		"data: [DONE]\n\n",
	].join("");
}

beforeAll(async () => {
	upstream = createServer(async (request, response) => {
		let text = "";
		for await (const piece of request) text += piece;
		const body = JSON.parse(text);
		heard.push(body);
		await held;
		response.writeHead(200, {
			"content-type":
				body.stream === true ? "text/event-stream" : "application/json",
		});
		response.end(answerTo(body));
	});
	await new Promise<void>((resolve) =>
		upstream.listen(0, "127.0.0.1", resolve),
	);
	const { port } = upstream.address() as AddressInfo;
	directory = await mkdtemp(join(tmpdir(), "galley-access-"));
	const { fleet: file } = readFleetFile(`
gateway: { port: 1 }
upstreams:
  - { name: afar, url: "http://127.0.0.1:${port}/v1", models: [big, small] }
aliases: { default: big, mixed: { split: { small: 9, default: 1 } } }
prices: { big: { inputPerMillion: 1000, cachedPerMillion: 100, outputPerMillion: 2000 } }
tenants: { crowd: { concurrency: 50, requestsPerMinute: 100 } }
`) as { fleet: Fleet };
	const database = new LateDatabase(() => openEmbedded(gatewayMigrations));
	fleet = await RunningFleet.open({
		fleet: { ...file, gateway: { ...file.gateway, port: 0 } },
		command: { executable: process.execPath, words: [] },
		environment: {},
		runDirectory: join(directory, "run"),
		toOptionName: toKebabCase,
		keyHashes: [],
		database,
		logger: silent,
	});
	// The door is open before the database is.
	earlyHealth = (await fetch(`${fleet.address}/v1/health/live`)).status;
	await database.get();
}, 120_000);

afterAll(async () => {
	await fleet?.close();
	upstream?.close();
	await rm(directory, { recursive: true, force: true });
});

const api = async (
	path: string,
	key: string | null = null,
	method = "GET",
	body?: object,
) => {
	const response = await fetch(`${fleet.address}${path}`, {
		method,
		headers: key === null ? {} : { authorization: `Bearer ${key}` },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	return {
		status: response.status,
		headers: response.headers,
		text,
		body: text.startsWith("{") ? JSON.parse(text) : null,
	};
};
const chat = {
	messages: [{ role: "user" as const, content: "hello" }],
	max_tokens: 8,
};
const clientOf = (apiKey: string) =>
	new OpenAI({ baseURL: `${fleet.address}/v1`, apiKey, maxRetries: 0 });

describe("a gateway on this machine", () => {
	let admin = "";

	test("answers health at once, and is open until its first key is made", async () => {
		expect(earlyHealth).toBe(200);
		expect((await api("/v1/session")).body).toMatchObject({
			keysRequired: false,
			signedIn: true,
			features: expect.arrayContaining(["keys", "usage"]),
		});
		await clientOf("whatever").chat.completions.create({
			model: "big",
			...chat,
		});
		const { status, body } = await api("/v1/keys", null, "POST", {
			name: "admin",
		});
		expect(status).toBe(201);
		admin = body.key;
		expect((await api("/v1/models")).status).toBe(401);
		expect((await api("/v1/health/live")).status).toBe(200);
		expect((await api("/v1/session")).body).toMatchObject({
			keysRequired: true,
			signedIn: false,
		});
		expect((await api("/v1/session", admin)).body.principal).toMatchObject({
			name: "admin",
		});
		expect(
			(await api("/v1/keys", null, "POST", { name: "second" })).status,
		).toBe(401);
	});

	test("limits a key, and says so in OpenAI's words", async () => {
		const made = await api("/v1/keys", admin, "POST", {
			name: "app",
			tenant: "crowd",
			models: ["b*", "default"],
			limits: { requestsPerMinute: 3, tokensPerMinute: 1000 },
		});
		const client = clientOf(made.body.key);
		const { response } = await client.chat.completions
			.create({ model: "big", ...chat })
			.withResponse();
		expect(response.headers.get("x-ratelimit-limit-requests")).toBe("3");
		expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("2");
		expect(response.headers.get("x-ratelimit-limit-tokens")).toBe("1000");
		expect(response.headers.get("x-ratelimit-reset-tokens")).toMatch(
			/^[\d.]+m?s$/,
		);
		await expect(
			client.chat.completions.create({ model: "small", ...chat }),
		).rejects.toMatchObject({ status: 403 });
		await client.chat.completions.create({ model: "default", ...chat });
		await client.chat.completions.create({ model: "big", ...chat });
		const refused = await client.chat.completions
			.create({ model: "big", ...chat })
			.catch((error: unknown) => error);
		expect(refused).toBeInstanceOf(OpenAI.RateLimitError);
		const { headers, code } = refused as InstanceType<
			typeof OpenAI.RateLimitError
		>;
		expect(code).toBe("rate_limit_exceeded");
		expect(Number(headers?.get("retry-after"))).toBeGreaterThan(0);
		expect(headers?.get("x-ratelimit-remaining-requests")).toBe("0");
		await api(`/v1/keys/${made.body.id}`, admin, "DELETE");
		await expect(client.models.list()).rejects.toMatchObject({ status: 401 });
	});

	test("counts streams whose clients don't ask for usage, and lets them see none", async () => {
		const made = await api("/v1/keys", admin, "POST", {
			name: "stream",
			scopes: ["inference", "read"],
		});
		const client = clientOf(made.body.key);
		heard = [];
		const seen: unknown[] = [];
		for await (const chunk of await client.chat.completions.create({
			model: "big",
			...chat,
			stream: true,
		}))
			seen.push("usage" in chunk ? chunk.usage : "none");
		expect(seen).toEqual(["none", "none", "none"]);
		expect(heard[0]?.stream_options).toEqual({ include_usage: true });
		const asked: unknown[] = [];
		for await (const chunk of await client.chat.completions.create({
			model: "big",
			...chat,
			stream: true,
			stream_options: { include_usage: true },
		}))
			asked.push(chunk.usage);
		expect(asked).toEqual([null, null, null, usage]);
		const own = await api("/v1/usage?by=key,model", made.body.key);
		expect(own.body.rows).toMatchObject([
			{
				key: made.body.id,
				keyName: "stream",
				model: "big",
				requests: 2,
				errors: 0,
				promptTokens: 40,
				cachedTokens: 32,
				completionTokens: 6,
				estimated: 0,
			},
		]);
		// 8 fresh at 1,000, 32 cached at 100, 6 answered at 2,000 dollars a million.
		expect(own.body.rows[0].costUsd).toBeCloseTo(
			(8 * 1000 + 32 * 100 + 6 * 2000) / 1e6,
		);
		expect((await api(`/v1/usage?key=other`, made.body.key)).status).toBe(403);
		expect((await api("/v1/keys", made.body.key)).status).toBe(403);
	});

	test("stops a key that has spent what it may", async () => {
		const made = await api("/v1/keys", admin, "POST", {
			name: "poor",
			limits: { spendUsd: 0.05 },
		});
		const client = clientOf(made.body.key);
		let paid = 0;
		for (;;) {
			const result = await client.chat.completions
				.create({ model: "big", ...chat })
				.catch((error: unknown) => error);
			if (result instanceof OpenAI.RateLimitError) {
				expect(result.code).toBe("insufficient_quota");
				break;
			}
			paid++;
			expect(paid).toBeLessThan(10);
		}
		// A call costs 0.0116 dollars, and may cost 0.038 by estimate before it runs.
		expect(paid).toBeGreaterThanOrEqual(1);
		expect(paid * 0.0116).toBeLessThanOrEqual(0.05);
	});

	test("sets aside what an alias may cost: the dearest of its targets, however many come at once", async () => {
		for (const model of ["default", "mixed"]) {
			const made = await api("/v1/keys", admin, "POST", {
				name: `poor at ${model}`,
				limits: { spendUsd: 0.05 },
			});
			const client = clientOf(made.body.key);
			let release = () => {};
			held = new Promise((resolve) => {
				release = resolve;
			});
			heard = [];
			let refused = 0;
			const asked = Array.from({ length: 8 }, () =>
				client.chat.completions.create({ model, ...chat }).catch((error) => {
					expect(error.code).toBe("insufficient_quota");
					refused++;
				}),
			);
			while (heard.length + refused < 8) await delay(10);
			release();
			held = null;
			await Promise.all(asked);
			// 8 tokens of an answer at 2,000 dollars a million, and the prompt.
			expect(heard.length, model).toBeGreaterThan(0);
			expect(heard.length * 0.016, model).toBeLessThanOrEqual(0.05);
		}
	});

	test("tells all usage to administrators, also as a table", async () => {
		const { body } = await api("/v1/usage?by=tenant", admin);
		expect(body.rows.map(({ tenant }: { tenant: string }) => tenant)).toEqual([
			"crowd",
			"default",
		]);
		const csv = await api("/v1/usage?by=key,day&format=csv", admin);
		expect(csv.headers.get("content-type")).toMatch("text/csv");
		expect(csv.text.split("\r\n")[0]).toBe(
			"key,keyName,day,requests,errors,promptTokens,cachedTokens,completionTokens,estimated,seconds,costUsd",
		);
		expect(csv.text).toContain("anybody,anybody,");
		expect((await api("/v1/usage?by=colour", admin)).body.error.param).toBe(
			"by",
		);
		expect(
			(await api("/v1/usage?formatt=csv", admin)).body.error.message,
		).toMatch("format");
		const { body: list } = await api("/v1/keys", admin);
		const app = list.keys.find(
			({ name }: { name: string }) => name === "stream",
		);
		expect(app.lastUsedAt).not.toBeNull();
	});
});
