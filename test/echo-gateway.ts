import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { toKebabCase } from "../src/config/option.ts";
import { readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";

/** Gateways, one after the other, in front of an endpoint that echoes what it is asked, streamed in pieces of three characters. */
export class EchoGateway {
	readonly directory: string;
	/** Bodies that the endpoint was sent. */
	heard: string[] = [];
	/** Its answers that somebody broke off. */
	aborted = 0;
	readonly warnings: string[] = [];
	readonly #upstream: Server;
	#fleet: RunningFleet | null = null;

	private constructor(directory: string) {
		this.directory = directory;
		this.#upstream = createServer(async (request, response) => {
			let text = "";
			for await (const piece of request) text += piece;
			this.heard.push(text);
			response.on("close", () => {
				if (!response.writableFinished) this.aborted++;
			});
			const { messages, stream } = JSON.parse(text);
			const content: string = messages.at(-1).content;
			if (stream !== true) {
				response.writeHead(200, { "content-type": "application/json" });
				return response.end(
					JSON.stringify({
						object: "chat.completion",
						choices: [
							{
								index: 0,
								message: { role: "assistant", content },
								finish_reason: "stop",
							},
						],
						usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
					}),
				);
			}
			response.writeHead(200, { "content-type": "text/event-stream" });
			const say = (delta: object, finish_reason: string | null = null) =>
				response.write(
					`data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
				);
			for (const piece of content.match(/.{1,3}/gsu) ?? []) {
				say({ content: piece });
				await new Promise((resolve) => setImmediate(resolve));
			}
			// Goes on until somebody stops it.
			while (content.includes("endless") && !response.destroyed) {
				say({ content: "x" });
				await new Promise((resolve) => setTimeout(resolve, 5));
			}
			say({}, "stop");
			response.end("data: [DONE]\n\n");
		});
	}

	static async create(): Promise<EchoGateway> {
		const echo = new EchoGateway(await mkdtemp(join(tmpdir(), "galley-echo-")));
		echo.#upstream.listen(0, "127.0.0.1");
		await once(echo.#upstream, "listening");
		return echo;
	}

	/** `settings` are the gateway's in the fleet file. */
	async open(settings: string): Promise<{ client: OpenAI; url: string }> {
		const { port } = this.#upstream.address() as AddressInfo;
		const reading = readFleetFile(`
gateway:
  port: 1
${settings.trimEnd().replaceAll(/^/gm, "  ")}
upstreams:
  - { name: echo, url: "http://127.0.0.1:${port}/v1", models: [echo] }
`);
		if (reading.fleet === null)
			throw new Error(JSON.stringify(reading.problems));
		this.#fleet = await RunningFleet.open({
			fleet: {
				...reading.fleet,
				gateway: { ...reading.fleet.gateway, port: 0 },
			},
			fleetDirectory: this.directory,
			command: { executable: process.execPath, words: [] },
			environment: process.env,
			runDirectory: join(this.directory, "run"),
			captureDirectory: join(this.directory, "captured"),
			toOptionName: toKebabCase,
			keyHashes: [],
			logger: {
				info: () => undefined,
				warn: (_, message) => void this.warnings.push(message),
				error: () => undefined,
			},
		});
		const url = this.#fleet.address;
		const client = new OpenAI({
			baseURL: `${url}/v1`,
			apiKey: "none",
			maxRetries: 0,
		});
		return { client, url };
	}

	/** Ends the gateway that is open; what it has to write is written then. */
	async end(): Promise<void> {
		await this.#fleet?.close();
		this.#fleet = null;
	}

	forget(): void {
		this.heard = [];
		this.aborted = 0;
		this.warnings.length = 0;
	}

	async close(): Promise<void> {
		await this.end();
		this.#upstream.closeAllConnections();
		this.#upstream.close();
		await rm(this.directory, { recursive: true });
	}
}

export const ask = (client: OpenAI, content: string) =>
	client.chat.completions
		.create({ model: "echo", messages: [{ role: "user", content }] })
		.then(({ choices }) => choices[0]?.message.content);

export async function stream(client: OpenAI, content: string): Promise<string> {
	let text = "";
	for await (const { choices } of await client.chat.completions.create({
		model: "echo",
		stream: true,
		messages: [{ role: "user", content }],
	}))
		text += choices[0]?.delta.content ?? "";
	return text;
}
