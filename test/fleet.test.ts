import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { type Fleet, readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** An endpoint of somebody else's, as odd as a test wants it. */
let upstream: Server;
let heard: { authorization: string | undefined; body: string }[] = [];
let behave: "answer" | "refuse" | "break" | "html" = "answer";
let directory: string;
let fleet: RunningFleet;
let client: OpenAI;

beforeAll(async () => {
	upstream = createServer(async (request, response) => {
		let body = "";
		for await (const piece of request) body += piece;
		heard.push({ authorization: request.headers.authorization, body });
		if (behave === "refuse") return response.writeHead(503).end();
		if (behave === "html") {
			response.writeHead(200, { "content-type": "text/html" });
			return response.end("<p>It works!</p>");
		}
		if (behave === "break") {
			response.writeHead(200, { "content-type": "text/event-stream" });
			response.write("data: {}\n\n");
			return setTimeout(() => response.destroy(), 20);
		}
		const choices = [
			{ index: 0, message: { role: "assistant", content: "from afar" } },
		];
		response.writeHead(200, { "content-type": "application/json" });
		response.end(JSON.stringify({ object: "chat.completion", choices }));
	});
	await new Promise<void>((resolve) =>
		upstream.listen(0, "127.0.0.1", resolve),
	);
	const { port } = upstream.address() as AddressInfo;
	directory = await mkdtemp(join(tmpdir(), "galley-fleet-"));
	const { fleet: file } = readFleetFile(`
gateway: { port: 1, coldStartSeconds: 30 }
services:
  - { name: first, model: 'fake:' }
  - { name: twins, model: 'fake:', replicas: 2 }
  - { name: sleepy, model: 'fake:', start: on-demand, idleSeconds: 1 }
upstreams:
  - { name: afar, url: "http://127.0.0.1:${port}/v1", apiKeyEnv: AFAR_KEY, models: [big] }
aliases:
  default: first
  sure: { fallback: [big, first] }
`) as { fleet: Fleet };
	fleet = await RunningFleet.open({
		fleet: { ...file, gateway: { ...file.gateway, port: 0 } },
		command: { executable: process.execPath, words: ["--import", "tsx", main] },
		environment: { ...process.env, AFAR_KEY: "secret" },
		runDirectory: join(directory, "run"),
		toOptionName: toKebabCase,
		keyHashes: [],
		logger: silent,
	});
	client = new OpenAI({
		baseURL: `${fleet.address}/v1`,
		apiKey: "mine",
		maxRetries: 0,
	});
	await until(async () => (await health()) === 200);
}, 60_000);

afterAll(async () => {
	await fleet?.close();
	upstream?.close();
	await rm(directory, { recursive: true, force: true });
});

const health = async () =>
	(await fetch(`${fleet.address}/v1/health/ready`)).status;

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
	while (!(await isSo())) await delay(25);
}

function say(model: string, more: object = {}) {
	return client.chat.completions.create({
		model,
		messages: [{ role: "user", content: "hello there" }],
		max_tokens: 8,
		...more,
	});
}

const phases = (name: string) =>
	fleet.status.services
		.find((service) => service.name === name)
		?.replicas.map(({ phase }) => phase);

describe("one door in front of many models", () => {
	test("a model's name leads to its service, an alias to what it stands for", async () => {
		expect((await say("first")).model).toBe("first");
		expect((await say("default")).model).toBe("first");
		await expect(say("nobody")).rejects.toMatchObject({
			status: 404,
			code: "model_not_found",
		});
		const names = (await client.models.list()).data.map(({ id }) => id);
		expect(names).toEqual([
			"first",
			"twins",
			"sleepy",
			"big",
			"default",
			"sure",
		]);
	});

	test("streams pass through piece by piece", async () => {
		const stream = await client.chat.completions.create({
			model: "first",
			messages: [{ role: "user", content: "hello there" }],
			max_tokens: 8,
			stream: true,
		});
		let pieces = 0;
		let reason: string | null = null;
		for await (const { choices } of stream) {
			pieces++;
			reason = choices[0]?.finish_reason ?? reason;
		}
		expect(pieces).toBeGreaterThan(3);
		expect(reason).not.toBeNull();
	});

	test("an upstream gets its own key and never the client's", async () => {
		heard = [];
		expect((await say("big")).choices[0]?.message.content).toBe("from afar");
		expect(heard[0]?.authorization).toBe("Bearer secret");
		expect(JSON.parse(heard[0]?.body ?? "").model).toBe("big");
	});

	test("what an upstream refuses goes to the fallback; what it breaks off ends, and is not sent twice", async () => {
		behave = "refuse";
		expect((await say("sure")).model).toBe("first");
		await expect(say("big")).rejects.toMatchObject({ status: 503 });
		behave = "break";
		heard = [];
		const response = await fetch(`${fleet.address}/v1/chat/completions`, {
			method: "POST",
			body: JSON.stringify({ model: "sure", stream: true }),
		});
		expect(await response.text()).toContain("ended in the middle");
		expect(heard.length).toBe(1);
		behave = "answer";
	});

	test("a service that dies is back within seconds, and others notice nothing", async () => {
		const before = fleet.status.services[0]?.replicas[0]?.pid as number;
		process.kill(before, "SIGKILL");
		expect((await say("twins")).model).toBe("twins");
		await until(() => phases("first")?.[0] === "ready");
		expect(fleet.status.services[0]?.replicas[0]).toMatchObject({ deaths: 1 });
		expect((await say("first")).model).toBe("first");
	}, 30_000);

	test("a replica that dies leaves its requests to the other", async () => {
		const pid = fleet.status.services[1]?.replicas[0]?.pid as number;
		process.kill(pid, "SIGKILL");
		const answers = await Promise.all(
			Array.from({ length: 6 }, () => say("twins")),
		);
		expect(answers.every(({ model }) => model === "twins")).toBe(true);
	}, 30_000);

	test("an on-demand service starts with its first request and stops when nobody comes", async () => {
		expect(phases("sleepy")).toEqual(["stopped"]);
		expect((await say("sleepy")).model).toBe("sleepy");
		expect(phases("sleepy")).toEqual(["ready"]);
		await until(() => phases("sleepy")?.[0] === "stopped");
	}, 30_000);

	test("services are scaled while they serve", async () => {
		const scale = (replicas: number) =>
			fetch(`${fleet.address}/v1/fleet/services/first/scale`, {
				method: "POST",
				body: JSON.stringify({ replicas }),
			});
		expect((await scale(2)).status).toBe(202);
		await until(() => phases("first")?.every((p) => p === "ready") === true);
		expect(phases("first")).toEqual(["ready", "ready"]);
		const talking = Promise.all(
			Array.from({ length: 8 }, () => say("first", { max_tokens: 50 })),
		);
		await scale(1);
		expect((await talking).length).toBe(8);
		expect(phases("first")).toEqual(["ready"]);
		expect((await scale(-1)).status).toBe(400);
	}, 60_000);
});
