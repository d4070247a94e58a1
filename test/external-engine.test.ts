import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
	type RunningExternal,
	serveExternal,
} from "../src/cli/serve-external.ts";
import { resolveServiceConfig } from "../src/config/service-config.ts";
import { createLogger } from "../src/observability/logger.ts";
import { streamChat, until } from "./start-service.ts";

const logger = createLogger({
	level: "silent",
	format: "text",
	destination: process.stderr,
});

async function open(
	flags: Record<string, unknown>,
	environment: Record<string, string> = {},
): Promise<RunningExternal> {
	const config = resolveServiceConfig({
		flags: { port: 0, logLevel: "silent", engine: "openai", ...flags },
		environment: {},
	});
	return serveExternal(config, logger, { ...process.env, ...environment });
}

const health = async ({ address }: RunningExternal) =>
	(await fetch(`${address}/v1/health/ready`)).status;
const isReady = (running: RunningExternal) => async () =>
	(await health(running)) === 200;

async function metricsOf({ address }: RunningExternal) {
	const text = await (await fetch(`${address}/metrics`)).text();
	return (name: string) =>
		Number(
			new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+-]+)$`, "m").exec(text)?.[1],
		);
}

/** A program that does what a test's environment says: a server of OpenAI's API. */
const scripted = `
import { createServer } from "node:http";
const [port, name, slowMs] = process.argv.slice(2);
const started = Date.now();
createServer(async (request, response) => {
	let text = "";
	for await (const piece of request) text += piece;
	const send = (status, body) => {
		response.writeHead(status, { "content-type": "application/json" });
		response.end(JSON.stringify(body));
	};
	if (request.url === "/health") return send(Date.now() - started < Number(slowMs) ? 503 : 200, {});
	if (request.url === "/v1/models") return send(200, { data: [{ id: name, max_model_len: 512 }, { id: "tuned", parent: name }] });
	const body = JSON.parse(text);
	if (body.messages?.[0]?.content === "die") process.exit(3);
	if (body.messages?.[0]?.content === "wait") await new Promise((resolve) => setTimeout(resolve, 400));
	const usage = { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 };
	if (body.stream !== true) return send(200, { object: "chat.completion", model: body.model, usage, choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "a b c" } }] });
	response.writeHead(200, { "content-type": "text/event-stream" });
	for (const content of ["a ", "b ", "c"]) {
		response.write("data: " + JSON.stringify({ model: body.model, choices: [{ index: 0, delta: { content }, finish_reason: null }] }) + "\\n\\n");
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	response.end("data: " + JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage }) + "\\n\\ndata: [DONE]\\n\\n");
}).listen(Number(port), "127.0.0.1");
`;

let directory: string;
let command: string;

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-external-"));
	const script = join(directory, "engine.mjs");
	await writeFile(script, scripted);
	command = `'${process.execPath}' '${script}' {port} {model} 300`;
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe("an engine that is started by a command", () => {
	let running: RunningExternal;
	let client: OpenAI;

	beforeAll(async () => {
		running = await open({
			model: "org/base",
			servedModelName: "base",
			engineCommand: command,
			maxNumSeqs: 2,
			maxQueuedRequests: 1,
			apiKey: ["sesame"],
		});
		client = new OpenAI({
			baseURL: `${running.address}/v1`,
			apiKey: "sesame",
			maxRetries: 0,
		});
	});

	afterAll(() => running?.stop());

	const say = (content: string, model = "base") =>
		client.chat.completions.create({
			model,
			messages: [{ role: "user", content }],
		});

	test("is unready, and says so, until its probe answers", async () => {
		expect(await health(running)).toBe(503);
		await expect(say("hi")).rejects.toMatchObject({ status: 503 });
		await until(isReady(running));
	});

	test("is served under our name, with its adapters", async () => {
		const { data } = await client.models.list();
		expect(data).toMatchObject([
			{ id: "base", root: "base", parent: null, max_model_len: 512 },
			{ id: "tuned", root: "base", parent: "base" },
		]);
		expect((await say("hi")).model).toBe("org/base");
		expect((await say("hi", "tuned")).model).toBe("tuned");
		await expect(say("hi", "nobody")).rejects.toMatchObject({
			status: 404,
			code: "model_not_found",
		});
		const metadata = await fetch(`${running.address}/v1/metadata`, {
			headers: { authorization: "Bearer sesame" },
		});
		expect(await metadata.json()).toMatchObject({
			modelInfo: [{ shortName: expect.stringContaining("base") }],
		});
	});

	test("asks for the service's key", async () => {
		const answer = await fetch(`${running.address}/v1/chat/completions`, {
			method: "POST",
			body: JSON.stringify({ model: "base", messages: [] }),
			headers: { "content-type": "application/json" },
		});
		expect(answer.status).toBe(401);
	});

	test("is measured at the door", async () => {
		const stream = await client.chat.completions.create({
			model: "base",
			messages: [{ role: "user", content: "hi" }],
			stream: true,
		});
		let text = "";
		for await (const { choices } of stream)
			text += choices[0]?.delta.content ?? "";
		expect(text).toBe("a b c");
		const metric = await metricsOf(running);
		expect(metric("galley:time_to_first_token_seconds_count")).toBe(1);
		expect(metric("galley:inter_token_latency_seconds_count")).toBe(2);
		expect(metric("galley:generation_tokens_total")).toBe(9);
		expect(metric("galley:prompt_tokens_total")).toBe(15);
		expect(metric("vllm:num_requests_running")).toBe(0);
	});

	test("gets so many requests at a time; a few wait, the rest is refused with 429", async () => {
		const answers = await Promise.allSettled(
			Array.from({ length: 5 }, () => say("wait")),
		);
		const refused = answers.filter(({ status }) => status === "rejected");
		expect(refused.length).toBe(2);
		expect(refused[0]).toMatchObject({
			reason: { status: 429, code: "queue_full" },
		});
	});

	test("that dies is started again; who had a request there is told", async () => {
		const before = running.service.engine.processId;
		await expect(say("die")).rejects.toMatchObject({
			status: 503,
			code: "engine_crashed",
		});
		await until(async () => (await health(running)) === 503);
		await until(isReady(running));
		expect(running.service.engine.processId).not.toBe(before);
		expect((await say("hi")).choices[0]?.message.content).toBe("a b c");
	}, 30_000);

	test("ends with the service, which finishes what it has", async () => {
		const { processId } = running.service.engine;
		const last = say("wait");
		await delay(100);
		await running.stop();
		expect((await last).choices[0]?.message.content).toBe("a b c");
		expect(() => process.kill(processId as number, 0)).toThrow();
	});
});

test("an engine that can't be started is given up, with the reason", async () => {
	const running = await open({
		model: "m",
		engineCommand: "'/no/such/program' {port}",
	});
	try {
		await until(
			async () =>
				(await fetch(`${running.address}/v1/health/live`)).status === 503,
		);
		const ready = await fetch(`${running.address}/v1/health/ready`);
		expect(await ready.json()).toMatchObject({
			state: "failed",
			reason: expect.stringContaining("ENOENT"),
		});
	} finally {
		await running.stop();
	}
}, 30_000);

describe("an engine that is a URL", () => {
	let upstream: Server;
	let authorization: string | undefined;

	beforeAll(async () => {
		upstream = createServer((request, response) => {
			authorization = request.headers.authorization;
			response.writeHead(200, { "content-type": "application/json" });
			response.end(
				request.method === "GET"
					? '{"data":[{"id":"one"},{"id":"two"}]}'
					: '{"choices":[]}',
			);
		});
		await new Promise<void>((resolve) =>
			upstream.listen(0, "127.0.0.1", resolve),
		);
	});

	afterAll(() => {
		upstream.closeAllConnections();
		upstream.close();
	});

	test("gets its own key; all of its models are served when none was named", async () => {
		const { port } = upstream.address() as AddressInfo;
		const running = await open(
			{
				upstreamUrl: `http://127.0.0.1:${port}/v1`,
				upstreamKeyEnv: "THEIR_KEY",
			},
			{ THEIR_KEY: "theirs" },
		);
		try {
			await until(isReady(running));
			const list = await fetch(`${running.address}/v1/models`);
			expect(
				((await list.json()) as { data: { id: string }[] }).data.map(
					({ id }) => id,
				),
			).toEqual(["one", "two"]);
			const answer = await fetch(`${running.address}/v1/chat/completions`, {
				method: "POST",
				body: '{"model":"two","messages":[]}',
				headers: {
					"content-type": "application/json",
					authorization: "Bearer mine",
				},
			});
			expect(answer.status).toBe(200);
			expect(authorization).toBe("Bearer theirs");
		} finally {
			await running.stop();
		}
	});

	test("that is wrong is refused before anything starts", () => {
		const refusal = (flags: Record<string, unknown>) => () =>
			resolveServiceConfig({ flags, environment: {} });
		expect(refusal({ engine: "openai" })).toThrow(/either --upstream-url or/);
		expect(refusal({ upstreamUrl: "http://x" })).toThrow(
			/need --engine openai/,
		);
		expect(refusal({ engine: "openai", engineCommand: "x {port}" })).toThrow(
			/needs a model/,
		);
	});
});

const llamaServer =
	process.env.GALLEY_PEER_BIN ??
	join(homedir(), ".cache/galley/peers/v0.5.0/build/bin/llama-server");
const model = fileURLToPath(
	new URL("../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);

/** Needs a llama-server, which `npx tsx bench/peers/build.ts` builds, or GALLEY_PEER_BIN names. */
describe.skipIf(!existsSync(llamaServer))("llama-server", () => {
	test("gets Galley's whole surface", async () => {
		const running = await open({
			model,
			servedModelName: "starter",
			engineCommand: `'${llamaServer}' -m {model} --port {port} --host {host} -c 2048 -t 2 --no-webui`,
		});
		try {
			await until(isReady(running));
			const seen = await streamChat(running.address, {
				model: "starter",
				max_tokens: 8,
				stream_options: { include_usage: true },
			});
			expect(seen.isDone).toBe(true);
			expect(seen.text.length).toBeGreaterThan(0);
			const metric = await metricsOf(running);
			expect(metric("galley:time_to_first_token_seconds_count")).toBe(1);
			expect(metric("galley:generation_tokens_total")).toBe(8);
			expect(metric("galley:prompt_tokens_total")).toBeGreaterThan(4);
		} finally {
			await running.stop();
		}
	}, 60_000);
});
