import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkFleet } from "../src/cli/check-fleet.ts";
import { readFleetFile } from "../src/gateway/fleet/fleet-file.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));
let directory: string;

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-bad-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function up(text: string, dataDirectory: string, ...words: string[]) {
	const file = join(directory, "fleet.yaml");
	await writeFile(file, text);
	const child = spawn(
		process.execPath,
		["--import", "tsx", main, "up", file, ...words],
		{
			cwd: root,
			env: { ...process.env, GALLEY_DATA_DIR: dataDirectory },
			stdio: ["ignore", "ignore", "pipe"],
		},
	);
	let complaint = "";
	child.stderr.on("data", (piece) => {
		complaint += piece;
	});
	const code = await new Promise<number | null>((resolve) =>
		child.once("close", resolve),
	);
	return { code, complaint: complaint.replaceAll(`${directory}/`, "") };
}

const problemsOf = (text: string) =>
	readFleetFile(text, (fleet) => checkFleet(fleet, {})).problems.map(
		({ line, message }) => `${line}: ${message}`,
	);

describe("a fleet file with mistakes", () => {
	test("all of them are told at once, with lines and what was meant, before anything starts", () => {
		expect(
			problemsOf(`gateway: { port: 8010 }
services:
  - name: starter-chta
  - name: small
    model: hf:/nonsense
  - name: tuned
    model: starter-chat
    options:
      maxNumSeq: 4
      kvLayout: heap
  - name: adapted
    model: starter-chat
    options: { lora: [json=nowhere/json] }
  - name: small
aliases:
  one: { fallback: [two, small] }
  two: { fallback: [one, small] }
  three: smal
applications: [rag-chatbto, rag-chatbot, rag-chatbot]
`).map((line) => line.replace(root, "")),
		).toEqual([
			expect.stringMatching(
				/^3: "starter-chta" .* Did you mean "starter-chat"\?/,
			),
			expect.stringMatching(/^5: .*hf:\/nonsense/),
			'9: "maxNumSeq" is no option of galley run. Did you mean "maxNumSeqs"?',
			expect.stringMatching(/^10: kv-layout .*heap/),
			"13: There is no nowhere/json.",
			'14: "small" is taken: it is the name of service 2.',
			expect.stringMatching(/^14: "small" is neither/),
			'16: The alias "one" leads back to itself.',
			'17: The alias "two" leads back to itself.',
			'18: "smal" is no service, model of an upstream, or alias. Did you mean "small"?',
			'19: "rag-chatbto" is no application. Did you mean "rag-chatbot"?',
			"19: Port 8010 is the gateway's: give one of them another.",
			'19: "rag-chatbot" is there twice.',
			"19: Port 8010 is rag-chatbot's: give one of them another.",
			'19: "rag-chatbto" is not part of this installation: it comes with Galley\'s repository.',
		]);
	});

	test("mistakes of form hide no others, and what was left out for them isn't blamed", () => {
		expect(
			problemsOf(`gateway: { port: 99999, keys: perhaps, breaker: { failures: none } }
services:
  - nme: lost
  - { name: my model }
  - { name: tuned, modle: starter-chat, minReplicas: 5, maxReplicas: 2 }
  - { name: other, engine: vllm, replicas: 0 }
  - { name: fine, model: starter-chat, options: { maxNumSeq: 4 } }
upstreams:
  - { name: hosted, url: ftp://x, models: [a/b] }
  - { name: bare, url: "http://127.0.0.1:9", models: [] }
aliases:
  one: { fallback: [a/b, fine] }
  two: { splits: { fine: 1 } }
prices: { fine: { input: 1 } }
tenants: { acme: { spendUsd: -1 } }
`),
		).toEqual([
			'1: "port" is at most 65535.',
			'1: "failures" is a number, not text.',
			'1: "keys" is one of "auto", "on", "off".',
			'3: "name" is missing.',
			'3: "nme" is not known. Did you mean "name"?',
			'4: "name" may have letters, digits and . _ - / :.',
			'5: "modle" is not known. Did you mean "model"?',
			"5: minReplicas is 5, more than maxReplicas, 2.",
			'6: "engine" is "openai", or left out.',
			'6: "replicas" is at least 1.',
			'7: "maxNumSeq" is no option of galley run. Did you mean "maxNumSeqs"?',
			'9: "url" is an address such as http://127.0.0.1:8000/v1.',
			'10: "models" has at least 1 in its list.',
			"13: An alias is a model's name, {split: {name: part, ...}} or {fallback: [name, name, ...]}.",
			'14: "inputPerMillion" is missing.',
			expect.stringMatching(/^14: "input" is not known/),
			'15: "spendUsd" is more than 0.',
		]);
	});

	test("somebody else's engine: what starts it has to be there, and said once", () => {
		expect(
			problemsOf(`services:
  - { name: a, engine: openai }
  - { name: b, engine: openai, command: "no-such-program {port}" }
  - { name: c, engine: openai, command: "node x {prt}" }
  - { name: d, engine: openai, command: "node x" }
  - { name: e, engine: openai, command: "${process.execPath} x {port}", options: { engine-command: "x {port}" } }
  - { name: f, engine: openai, command: "node x {port}", url: "http://127.0.0.1:9" }
  - { name: g, command: "node x {port}" }
  - { name: h, engine: openai, url: "https://x.example/v1", apiKeyEnv: NOT_SET_HERE }
  - { name: i, engine: openai, command: "${process.execPath} x {port}", readyPath: health }
  - { name: org/anything, engine: openai, command: "${process.execPath} x {port}", readyPath: /up }
  - { name: j, model: org/k, options: { engine: openai, engineCommand: "${process.execPath} x {port}" } }
`),
		).toEqual([
			'2: "engine: openai" needs "command", which starts the engine, or "url", where it is.',
			'3: There is no program "no-such-program" here: install it, or write its whole path.',
			"4: The engine's command has {prt}, which stands for nothing. Known are {model}, {name}, {host}, {port}.",
			"5: The engine's command has no {port}: the engine has to listen on the port that it is given.",
			'6: "engine-command" says the same as "command" of the service: leave one out.',
			'7: There is either a "command" or a "url".',
			'8: "command" is for somebody else\'s engine: say "engine: openai" beside it.',
			"9: The environment variable NOT_SET_HERE is not set: the engine's key is read from it.",
			'10: "readyPath" begins with a slash.',
		]);
	});

	test("galley up --check tells them and ends with 2", async () => {
		const { code, complaint } = await up(
			"gatway: {}\nservices: [{ nam: a }]\n",
			join(directory, "data"),
			"--check",
		);
		expect(code).toBe(2);
		expect(complaint).toContain(
			'fleet.yaml:1: "gatway" is not known. Did you mean "gateway"?',
		);
		expect(complaint).toContain(
			'fleet.yaml:2: "nam" is not known. Did you mean "name"?',
		);
	}, 60_000);

	test("a port that another program has is told before anything starts", async () => {
		const server = createServer();
		await new Promise<void>((resolve) =>
			server.listen(0, "127.0.0.1", resolve),
		);
		const { port } = server.address() as { port: number };
		const { code, complaint } = await up(
			`gateway: { port: ${port} }\nservices: [{ name: a, model: 'fake:' }]\n`,
			join(directory, "data"),
		);
		server.close();
		expect(code).toBe(5);
		expect(complaint).toContain(
			`The gateway can't listen on 127.0.0.1:${port}: another program does.`,
		);
		expect(complaint).not.toContain("starting");
	}, 60_000);

	test("a folder that can't be written, or is too deep for sockets, is told", async () => {
		const text = "gateway: { port: 1 }\nservices: []\n";
		const deep = join(directory, "x".repeat(100));
		const tooLong = await up(`${text.replace("1", "65111")}`, deep);
		expect(tooLong.code).toBe(2);
		expect(tooLong.complaint).toContain("too long for the names of sockets");
		// A file where the folder should be: nobody, root neither, can make one there.
		const taken = join(directory, "taken");
		await writeFile(taken, "");
		const unwritable = await up(`${text.replace("1", "65111")}`, taken);
		expect(unwritable.code).toBe(2);
		expect(unwritable.complaint).toContain(
			"Set GALLEY_DATA_DIR to one that can",
		);
	}, 60_000);
});
