import { once } from "node:events";
import {
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";
import type { TextFilter } from "../src/gateway/hooks/gateway-hook.ts";

const examples = fileURLToPath(new URL("../examples/hooks/", import.meta.url));

/** Echoes what it is asked, streamed in pieces of three characters. */
let upstream: Server;
let heard: string[] = [];
let aborted = 0;
let directory: string;
let fleet: RunningFleet | null = null;
const warnings: string[] = [];

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-hooks-"));
	upstream = createServer(async (request, response) => {
		let text = "";
		for await (const piece of request) text += piece;
		heard.push(text);
		response.on("close", () => {
			if (!response.writableFinished) aborted++;
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
	upstream.listen(0, "127.0.0.1");
	await once(upstream, "listening");
	await writeFile(
		join(directory, "broken.mjs"),
		"export const createHook = ({ at }) => ({ name: 'broken', [at]() { throw new Error('oh') } });",
	);
	await writeFile(
		join(directory, "slow.mjs"),
		"export const createHook = () => ({ name: 'slow', onRequest: () => new Promise(() => {}) });",
	);
	await writeFile(
		join(directory, "odd.mjs"),
		"export const createHook = () => ({ onRequest: (body) => ({ action: 'replace', body: { ...body, messages: [{ role: 'user', content: 'changed' }] } }) });",
	);
});

afterEach(async () => {
	await fleet?.close();
	fleet = null;
	heard = [];
	aborted = 0;
	warnings.length = 0;
});
afterAll(async () => {
	upstream.closeAllConnections();
	upstream.close();
	await rm(directory, { recursive: true });
});

async function open(
	settings: string,
): Promise<{ client: OpenAI; url: string }> {
	const { port } = upstream.address() as AddressInfo;
	const reading = readFleetFile(`
gateway:
  port: 1
${settings.trimEnd().replaceAll(/^/gm, "  ")}
upstreams:
  - { name: echo, url: "http://127.0.0.1:${port}/v1", models: [echo] }
`);
	if (reading.fleet === null) throw new Error(JSON.stringify(reading.problems));
	fleet = await RunningFleet.open({
		fleet: {
			...reading.fleet,
			gateway: { ...reading.fleet.gateway, port: 0 },
		},
		fleetDirectory: directory,
		command: { executable: process.execPath, words: [] },
		environment: process.env,
		runDirectory: join(directory, "run"),
		captureDirectory: join(directory, "captured"),
		toOptionName: toKebabCase,
		keyHashes: [],
		logger: {
			info: () => undefined,
			warn: (_, message) => void warnings.push(message),
			error: () => undefined,
		},
	});
	const url = fleet.address;
	const client = new OpenAI({
		baseURL: `${url}/v1`,
		apiKey: "none",
		maxRetries: 0,
	});
	return { client, url };
}

const ask = (client: OpenAI, content: string) =>
	client.chat.completions
		.create({ model: "echo", messages: [{ role: "user", content }] })
		.then(({ choices }) => choices[0]?.message.content);

async function stream(client: OpenAI, content: string): Promise<string> {
	let text = "";
	for await (const { choices } of await client.chat.completions.create({
		model: "echo",
		stream: true,
		messages: [{ role: "user", content }],
	}))
		text += choices[0]?.delta.content ?? "";
	return text;
}

describe("the redaction hook", () => {
	const redact = `hooks:\n  - module: ${examples}redact.mjs`;

	test("takes addresses and card numbers out of requests", async () => {
		const { client } = await open(`${redact}\n    options: { answers: false }`);
		const secret =
			"Write to ann.smith@example.org, card 4111 1111 1111 1111, order 1234567890123.";
		const redacted = "Write to [email], card [card], order 1234567890123.";
		expect(await ask(client, secret)).toBe(redacted);
		expect(await stream(client, secret)).toBe(redacted);
		expect(heard.join()).not.toMatch(/ann\.smith|4111/);
	});

	test("takes them out of answers, streamed across events as well", async () => {
		const { client } = await open(redact);
		const { createHook } = await import(`${examples}redact.mjs`);
		const filter: TextFilter = createHook({}).filterText("content", {});
		const text = "Mail bob@example.com or 5500-0000-0000-0004 now";
		expect(
			[...text].map((piece) => filter.push(piece)).join("") + filter.end(),
		).toBe("Mail [email] or [card] now");
		// What passes untouched is as it was, event by event.
		expect(await stream(client, "no secrets here, really")).toBe(
			"no secrets here, really",
		);
	});

	test("property: cut anywhere, a text is redacted as it is in one piece", async () => {
		const { createHook } = await import(`${examples}redact.mjs`);
		const hook = createHook({});
		const word = fc.constantFrom(
			"hello",
			" ",
			"a@b.co",
			"first.last@mail.example.org",
			"4111 1111 1111 1111",
			"5500000000000004",
			"12 34",
			", ",
			"\n",
			"@",
			"é",
			".",
		);
		fc.assert(
			fc.property(
				fc.array(word, { maxLength: 12 }),
				fc.array(fc.nat(200), { maxLength: 10 }),
				(words, places) => {
					const text = words.join("");
					const cuts = [
						...new Set([
							0,
							...places.map((place) => Math.min(place, text.length)),
							text.length,
						]),
					].sort((one, other) => one - other);
					const run = (pieces: string[]) => {
						const filter: TextFilter = hook.filterText("content", {});
						return (
							pieces.map((piece) => filter.push(piece)).join("") + filter.end()
						);
					};
					const cut = run(
						cuts.slice(1).map((end, index) => text.slice(cuts[index], end)),
					);
					expect(cut).toBe(run([text]));
				},
			),
		);
	});
});

describe("the block-list hook", () => {
	const blockList = `hooks:\n  - module: ${examples}block-list.mjs\n    options: { words: [project bluebird], message: Ask Ann. }`;

	test("refuses requests with its own status and words", async () => {
		const { client } = await open(blockList);
		await expect(
			ask(client, "What of Project  Bluebird?"),
		).rejects.toMatchObject({
			status: 403,
			message: expect.stringContaining("Ask Ann."),
		});
		expect(heard).toEqual([]);
		expect(await ask(client, "bluebirds")).toBe("bluebirds");
	});

	test("ends answers that say it, streamed and not, and the other side is told to stop", async () => {
		await writeFile(
			join(directory, "leak.mjs"),
			"export const createHook = () => ({ name: 'leak', onRequest: (body) => ({ action: 'replace', body: { ...body, messages: [{ role: 'user', content: 'well, project bluebird is endless' }] } }) });",
		);
		const { client } = await open(`${blockList}\n  - module: ./leak.mjs`);
		await expect(ask(client, "hi")).rejects.toMatchObject({ status: 403 });
		let text = "";
		await expect(
			(async () => {
				for await (const { choices } of await client.chat.completions.create({
					model: "echo",
					stream: true,
					messages: [{ role: "user", content: "hi" }],
				}))
					text += choices[0]?.delta.content ?? "";
			})(),
		).rejects.toThrow("Ask Ann.");
		expect(text).toContain("well, project");
		expect(text).not.toContain("bluebird");
		while (aborted === 0)
			await new Promise((resolve) => setTimeout(resolve, 10));
	});
});

describe("hooks", () => {
	test("that fail let nothing pass, and are named; the log has the cause", async () => {
		const { client } = await open(
			"hooks:\n  - module: ./broken.mjs\n    options: { at: onRequest }",
		);
		await expect(ask(client, "hi")).rejects.toMatchObject({
			status: 500,
			message: expect.stringContaining("hook 'broken'"),
		});
		expect(heard).toEqual([]);
		expect(warnings.join()).toContain("'broken' failed");
	});

	test.each(["onResponse", "onEvent"])(
		"that fail in %s let no answer pass",
		async (at) => {
			const { client } = await open(
				`hooks:\n  - module: ./broken.mjs\n    options: { at: ${at} }`,
			);
			const asked = at === "onEvent" ? stream(client, "hi") : ask(client, "hi");
			await expect(asked).rejects.toThrow("hook 'broken'");
		},
	);

	test("that may fail are left out when they do", async () => {
		const { client } = await open(
			"hooks:\n  - module: ./broken.mjs\n    options: { at: onRequest }\n    onError: continue",
		);
		expect(await ask(client, "hi")).toBe("hi");
	});

	test("have a time limit", async () => {
		const { client } = await open(
			"hooks:\n  - module: ./slow.mjs\n    timeoutMs: 20",
		);
		await expect(ask(client, "hi")).rejects.toMatchObject({
			status: 503,
			message: expect.stringContaining(
				"hook 'slow' did not answer within 20 ms",
			),
		});
	});

	test("change requests in turn", async () => {
		const { client } = await open("hooks:\n  - module: ./odd.mjs");
		expect(await ask(client, "hi")).toBe("changed");
	});

	test("that can't be loaded keep the gateway from starting, all named at once", async () => {
		await expect(
			open("hooks:\n  - module: ./missing.mjs\n  - module: ./missing-too.mjs"),
		).rejects.toThrow(
			/missing\.mjs can't be used[\s\S]*missing-too\.mjs can't be used/,
		);
	});

	test("say who somebody is before the gateway's keys do", async () => {
		process.env.TEST_PROXY_SECRET = "a-secret-of-a-proxy";
		const { url } = await open(
			`hooks:\n  - module: ${examples}header-auth.mjs\n    options: { secretEnv: TEST_PROXY_SECRET }`,
		);
		const post = (headers: Record<string, string>) =>
			fetch(`${url}/v1/chat/completions`, {
				method: "POST",
				headers,
				body: JSON.stringify({
					model: "echo",
					messages: [{ role: "user", content: "hi" }],
				}),
			}).then(({ status }) => status);
		const user = { "x-forwarded-user": "ann@example.org" };
		expect(
			await post({ ...user, "x-proxy-secret": "a-secret-of-a-proxy" }),
		).toBe(200);
		expect(await post({ ...user, "x-proxy-secret": "wrong" })).toBe(401);
		expect(await post({})).toBe(401);
	});
});

describe("payload capture", () => {
	const lines = async () => {
		const folder = join(directory, "captured");
		const names = (await readdir(folder)).sort();
		const texts = await Promise.all(
			names.map((name) => readFile(join(folder, name), "utf8")),
		);
		return texts
			.join("")
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
	};

	test("is off unless it is asked for", async () => {
		const { client } = await open("hooks: []");
		await ask(client, "hi");
		await fleet?.close();
		await expect(readdir(join(directory, "captured"))).rejects.toThrow(
			"ENOENT",
		);
		fleet = null;
	});

	test("writes what was asked and answered, redacted, streams put together", async () => {
		const { client } = await open("capture: {}");
		expect(warnings.join()).toContain("Payload capture is on");
		const text = "Mail bob@example.com with 4111111111111111";
		expect(await ask(client, text)).toBe(text);
		expect(await stream(client, text)).toBe(text);
		await fleet?.close();
		fleet = null;
		const [one, two] = await lines();
		const redacted = "Mail [email] with [card]";
		expect(one).toMatchObject({
			model: "echo",
			status: 200,
			outcome: "answered",
			request: { body: { messages: [{ content: redacted }] } },
			response: { body: { choices: [{ message: { content: redacted } }] } },
		});
		expect(two.response).toMatchObject({ texts: { "content:0": redacted } });
		const folder = join(directory, "captured");
		const [name = ""] = await readdir(folder);
		expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
		await rm(folder, { recursive: true });
	});

	test("stays within its sizes, and sees what the hooks have left", async () => {
		const { client } = await open(
			`capture: { maxFileBytes: 1000, maxFiles: 2, maxBodyBytes: 100 }\nhooks:\n  - module: ./odd.mjs`,
		);
		for (let count = 0; count < 8; count++) await ask(client, "secret");
		await fleet?.close();
		fleet = null;
		const folder = join(directory, "captured");
		const names = await readdir(folder);
		expect(names).toHaveLength(2);
		const all = JSON.stringify(await lines());
		expect(all).not.toContain("secret");
		expect(all).toContain("changed");
		await rm(folder, { recursive: true });
	});

	test("takes a sample", async () => {
		const { client } = await open("capture: { sampling: 0 }");
		await ask(client, "hi");
		await fleet?.close();
		fleet = null;
		await expect(readdir(join(directory, "captured"))).rejects.toThrow(
			"ENOENT",
		);
	});
});
