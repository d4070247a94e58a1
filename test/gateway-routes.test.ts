import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { type Fleet, readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const silent = {
	debug: () => {},
	info: () => {},
	warn: () => {},
	error: () => {},
};

let upstream: Server;
let heard: { url: string | undefined; body: Buffer }[] = [];
let directory: string;
let fleet: RunningFleet;
let client: OpenAI;

beforeAll(async () => {
	upstream = createServer(async (request, response) => {
		const pieces: Buffer[] = [];
		for await (const piece of request) pieces.push(piece as Buffer);
		heard.push({ url: request.url, body: Buffer.concat(pieces) });
		response.writeHead(200, { "content-type": "application/json" });
		response.end('{"text":"heard"}');
	});
	await new Promise<void>((resolve) =>
		upstream.listen(0, "127.0.0.1", resolve),
	);
	const { port } = upstream.address() as AddressInfo;
	directory = await mkdtemp(join(tmpdir(), "galley-routes-"));
	const { fleet: file, problems } = readFleetFile(`
gateway: { port: 1, coldStartSeconds: 30 }
services:
  - { name: twins, model: 'fake:', replicas: 2 }
upstreams:
  - { name: ears, url: "http://127.0.0.1:${port}/v1", models: [org/whisper] }
aliases:
  ear: org/whisper
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
	client = new OpenAI({
		baseURL: `${fleet.address}/v1`,
		apiKey: "none",
		maxRetries: 0,
	});
	const areReady = () =>
		fleet.status.services.every(({ replicas }) =>
			replicas.every(({ phase }) => phase === "ready"),
		);
	while (!areReady()) await delay(50);
}, 60_000);

afterAll(async () => {
	await fleet?.close();
	upstream?.closeAllConnections();
	upstream?.close();
	await rm(directory, { recursive: true, force: true });
});

describe("a stored response", () => {
	const create = (more: object = {}) =>
		client.responses.create({
			model: "twins",
			input: "Tell me a story.",
			max_output_tokens: 16,
			...more,
		});

	test("is asked for, listed and deleted where it is, whichever replica that is", async () => {
		for (let time = 0; time < 6; time++) {
			const { id } = await create();
			expect((await client.responses.retrieve(id)).id).toBe(id);
			const items = await client.responses.inputItems.list(id);
			expect(items.data.length).toBe(1);
			await client.responses.delete(id);
			await expect(client.responses.retrieve(id)).rejects.toMatchObject({
				status: 404,
			});
		}
	});

	test("is gone on from at its own replica, also when it was streamed", async () => {
		const stream = await create({ stream: true });
		let id = "";
		for await (const event of stream as unknown as AsyncIterable<{
			response?: { id: string };
		}>)
			id = event.response?.id ?? id;
		for (let turn = 0; turn < 6; turn++)
			({ id } = await create({ previous_response_id: id }));
		expect((await client.responses.retrieve(id)).status).toBeDefined();
	});

	test("that runs in the background is cancelled", async () => {
		const { id } = await create({ background: true, max_output_tokens: 5000 });
		expect((await client.responses.cancel(id)).id).toBe(id);
	});

	test("that nobody has is not found", async () => {
		await expect(
			client.responses.retrieve("resp_0123456789abcdef"),
		).rejects.toMatchObject({ status: 404, code: "not_found" });
	});
});

describe("other requests", () => {
	test("a form names its model in a field, which is renamed where it has to be", async () => {
		heard = [];
		const answer = await client.audio.transcriptions.create({
			model: "ear",
			file: await toFile(Buffer.from("RIFF\r\n--x"), "speech.wav"),
		});
		expect(answer.text).toBe("heard");
		expect(heard[0]?.url).toBe("/v1/audio/transcriptions");
		expect(heard[0]?.body.toString("latin1")).toContain(
			'name="model"\r\n\r\norg/whisper\r\n',
		);
		expect(heard[0]?.body.includes("RIFF\r\n--x")).toBe(true);
	});

	test("one model is told by its name, with slashes escaped or not", async () => {
		for (const path of ["org/whisper", "org%2Fwhisper", "twins"]) {
			const answer = await fetch(`${fleet.address}/v1/models/${path}`);
			expect(await answer.json()).toMatchObject({ object: "model" });
		}
		const unknown = await fetch(`${fleet.address}/v1/models/org/nothing`);
		expect(unknown.status).toBe(404);
	});

	test("what isn't kept here is said not to be", async () => {
		await expect(
			client.batches.create({
				input_file_id: "f",
				endpoint: "/v1/chat/completions",
				completion_window: "24h",
			}),
		).rejects.toMatchObject({
			status: 404,
			message: expect.stringContaining("Batches are not kept here"),
		});
	});

	test("a body that is no JSON, and an error in Anthropic's words", async () => {
		const post = (path: string, body: string) =>
			fetch(fleet.address + path, { method: "POST", body });
		const broken = await post("/v1/chat/completions", '{"model":');
		expect(broken.status).toBe(400);
		expect(await broken.json()).toMatchObject({
			error: { code: "invalid_json" },
		});
		const message = await post("/v1/messages", '{"model":"nobody"}');
		expect(message.status).toBe(404);
		expect(await message.json()).toMatchObject({
			type: "error",
			error: { type: "not_found_error" },
		});
	});
});
