import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const silent = { info: () => {}, warn: () => {}, error: () => {} };
let directory: string;
let fleet: RunningFleet;

/** A server with a worker of its own, which does not end with it; both write down their numbers. */
const engine = `
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
const [port, model, folder] = process.argv.slice(2);
const worker = spawn("sleep", ["1000"]);
for (const pid of [process.pid, worker.pid]) writeFileSync(folder + "/" + pid + ".pid", "");
createServer((request, response) => {
	request.resume();
	const body = request.url === "/v1/models" ? { data: [{ id: model }] } : { object: "chat.completion", model, choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "from " + process.pid } }] };
	response.writeHead(request.url === "/health" ? 404 : 200, { "content-type": "application/json" });
	response.end(JSON.stringify(body));
}).listen(Number(port), "127.0.0.1");
`;

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-engine-"));
	const script = join(directory, "engine.mjs");
	await writeFile(script, engine);
	const { fleet: file, problems } = readFleetFile(`
gateway: { port: 1, coldStartSeconds: 30 }
services:
  - name: theirs
    model: org/base
    engine: openai
    command: "'${process.execPath}' '${script}' {port} {model} '${directory}'"
    readyPath: /up
`);
	if (file === null) throw new Error(JSON.stringify(problems));
	fleet = await RunningFleet.open({
		fleet: { ...file, gateway: { ...file.gateway, port: 0 } },
		command: {
			executable: process.execPath,
			words: ["--import", import.meta.resolve("tsx"), main],
		},
		environment: process.env,
		runDirectory: join(directory, "run"),
		toOptionName: toKebabCase,
		keyHashes: [],
		logger: silent,
	});
}, 60_000);

afterAll(async () => {
	await fleet?.close();
	await rm(directory, { recursive: true, force: true });
});

const say = async () => {
	const response = await fetch(`${fleet.address}/v1/chat/completions`, {
		method: "POST",
		body: JSON.stringify({ model: "theirs", messages: [] }),
	});
	expect(response.status).toBe(200);
	const { choices } = (await response.json()) as {
		choices: { message: { content: string } }[];
	};
	return choices[0]?.message.content;
};

/** Engines and their workers that live; one that has ended and that nobody asked about yet does not. */
async function living(): Promise<number[]> {
	const files = (await readdir(directory)).filter((file) =>
		file.endsWith(".pid"),
	);
	return files
		.map((file) => Number.parseInt(file, 10))
		.filter((pid) => {
			try {
				process.kill(pid, 0);
				return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
			} catch {
				// Nobody has this number, or this system tells nothing of it.
				return false;
			}
		});
}

test("a service may be somebody else's engine, by the fleet file's own words", async () => {
	expect(await say()).toMatch(/^from \d+$/);
	const settings = await readFile(
		join(
			directory,
			"run",
			(await readdir(join(directory, "run"), { recursive: true })).find(
				(file) => file.endsWith(".yaml"),
			) ?? "",
		),
		"utf8",
	);
	expect(settings).toContain("engine-ready-path: /up");
	const models = await fetch(`${fleet.address}/v1/models`);
	expect(await models.json()).toMatchObject({ data: [{ id: "theirs" }] });
}, 60_000);

test.runIf(process.platform === "linux")(
	"a service that is killed without warning leaves no engine behind, nor its workers",
	async () => {
		const before = await living();
		expect(before).toHaveLength(2);
		const said = await say();
		const pid = fleet.status.services[0]?.replicas[0]?.pid as number;
		process.kill(pid, "SIGKILL");
		for (;;) {
			const left = await living();
			if (!before.some((one) => left.includes(one))) break;
			await delay(50);
		}
		// It is started again, with another engine.
		expect(await say()).not.toBe(said);
		expect(await living()).toHaveLength(2);
	},
	60_000,
);

test.runIf(process.platform === "linux")(
	"nor does a fleet that ends",
	async () => {
		await fleet.close();
		expect(await living()).toEqual([]);
	},
	60_000,
);
