import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FleetStatus } from "../src/gateway/fleet/fleet-status.ts";
import type { LoggedLine } from "../src/gateway/http/log-routes.ts";
import { identify, isAlive } from "../src/gateway/replicas/process-identity.ts";
import { livingProcesses } from "../src/gateway/replicas/run-directory.ts";

/** The real program, run from source. */
const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));

let directory: string;
let file: string;
let port: number;
let gateway: ChildProcess;

const environment = () => ({
	...process.env,
	GALLEY_DATA_DIR: join(directory, "data"),
	GALLEY_API_KEY: "",
	GALLEY_URL: "",
});

function galley(...words: string[]): ChildProcess {
	return spawn(process.execPath, ["--import", "tsx", main, ...words], {
		cwd: root,
		env: environment(),
		stdio: ["ignore", "pipe", "pipe"],
	});
}

/** Runs a command to its end. */
async function run(...words: string[]) {
	const child = galley(...words);
	let out = "";
	let complaint = "";
	child.stdout?.on("data", (piece) => {
		out += piece;
	});
	child.stderr?.on("data", (piece) => {
		complaint += piece;
	});
	const code = await new Promise<number | null>((resolve) =>
		child.once("close", resolve),
	);
	return { code, out, complaint };
}

const address = () => `http://127.0.0.1:${port}`;

async function post(path: string, body: object = {}) {
	const response = await fetch(address() + path, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(body),
	});
	return { status: response.status, body: (await response.json()) as Answer };
}

/** What is looked at of any answer. */
interface Answer {
	model: string;
	changed: string[];
	problems: string[];
	error: { message: string };
}

const status = async () =>
	(await (await fetch(`${address()}/v1/fleet`)).json()) as FleetStatus;
const service = async (name: string) =>
	(await status()).services.find((one) => one.name === name);
const pids = async (name: string) =>
	(await service(name))?.replicas.map(({ pid }) => pid) ?? [];

async function until(
	isSo: () => Promise<boolean | undefined> | boolean,
): Promise<void> {
	for (;;) {
		// A door that isn't open yet is no failure.
		if (await Promise.resolve(isSo()).catch(() => false)) return;
		await delay(50);
	}
}

const isReady = async (name: string) => {
	const replicas = (await service(name))?.replicas ?? [];
	return (
		replicas.length > 0 && replicas.every(({ phase }) => phase === "ready")
	);
};

const say = (model: string, tokens = 8) =>
	post("/v1/chat/completions", {
		model,
		messages: [{ role: "user", content: "hello there" }],
		max_tokens: tokens,
	});

const fleetText = (services: string, rest = "") =>
	`gateway: { port: ${port}, coldStartSeconds: 30 }\nservices:\n${services}${rest}`;
const twoServices = `  - { name: first, model: 'fake:' }
  - { name: second, model: 'fake:' }
`;

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port: free } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return free;
}

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-life-"));
	file = join(directory, "fleet.yaml");
	port = await freePort();
	await writeFile(file, fleetText(twoServices));
	gateway = galley("up", file);
	await until(async () => (await isReady("first")) && isReady("second"));
}, 60_000);

afterAll(async () => {
	await run("down");
	await rm(directory, { recursive: true, force: true });
}, 60_000);

/** Asks all the time, until told to stop; resolves what went wrong. */
function load(model: string) {
	let isOn = true;
	const failures: unknown[] = [];
	let answered = 0;
	const worker = async () => {
		while (isOn) {
			try {
				const answer = await say(model, 30);
				if (answer.status === 200) answered++;
				else failures.push(answer);
			} catch (error) {
				failures.push(error);
			}
		}
	};
	const workers = [worker(), worker(), worker()];
	return async () => {
		isOn = false;
		await Promise.all(workers);
		return { failures, answered };
	};
}

describe("a fleet's life", () => {
	test("all replicas are restarted under load without a failed request", async () => {
		const before = await pids("first");
		const stop = load("first");
		const { code, out } = await run("restart", "first");
		expect(code).toBe(0);
		expect(out).toContain("ready");
		const { failures, answered } = await stop();
		expect(failures).toEqual([]);
		expect(answered).toBeGreaterThan(3);
		const after = await pids("first");
		expect(after).toHaveLength(1);
		expect(before).not.toContain(after[0]);
	}, 60_000);

	test("services live on when the gateway is killed; the next one takes them over", async () => {
		const before = { first: await pids("first"), second: await pids("second") };
		gateway.kill("SIGKILL");
		await until(() => gateway.signalCode !== null);
		await delay(300);
		for (const pid of [...before.first, ...before.second])
			expect(identify(pid as number)).not.toBeNull();
		// One of them dies while nobody looks.
		process.kill(before.second[0] as number, "SIGKILL");
		gateway = galley("up", file);
		await until(async () => (await isReady("first")) && isReady("second"));
		expect(await pids("first")).toEqual(before.first);
		expect(await pids("second")).not.toEqual(before.second);
		expect((await say("first")).status).toBe(200);
		expect((await say("second")).status).toBe(200);
	}, 60_000);

	test("what it took over is watched: a service that dies then is started again", async () => {
		const [pid] = await pids("first");
		process.kill(pid as number, "SIGKILL");
		await until(async () => {
			const [now] = await pids("first");
			return now !== pid && isReady("first");
		});
		expect((await say("first")).status).toBe(200);
	}, 60_000);

	test("a changed file is read by itself: added, changed under load, removed, aliases at once", async () => {
		const before = await pids("first");
		const stop = load("first");
		await writeFile(
			file,
			fleetText(
				`  - { name: first, model: 'fake:', options: { maxNumSeqs: 3 } }
  - { name: third, model: 'fake:', start: on-demand }
`,
				"aliases: { other: first }\n",
			),
		);
		await until(async () => {
			const [pid] = await pids("first");
			return pid !== before[0] && isReady("first");
		});
		const { failures, answered } = await stop();
		expect(failures).toEqual([]);
		expect(answered).toBeGreaterThan(3);
		const names = (await status()).services.map(({ name }) => name);
		expect(names).toEqual(["first", "third"]);
		expect((await say("other")).body.model).toBe("first");
		expect((await say("second")).status).toBe(404);
		await until(
			() =>
				!livingProcesses(join(directory, "data", "run", String(port))).some(
					({ id }) => id.startsWith("second/"),
				),
		);
	}, 60_000);

	test("a broken file changes nothing and tells all that is wrong", async () => {
		const before = await readFile(file, "utf8");
		await writeFile(
			file,
			fleetText(`  - { name: first, model: 'fake:', replicsa: 2 }
  - { name: fourth, model: nobody-knows-this }
  - { name: fourth, model: 'fake:', options: { maxNumSeq: 2 } }
`),
		);
		const { body } = await post("/v1/fleet/reload");
		expect(body.changed).toEqual([]);
		expect(body.problems.join("\n")).toMatch(
			/^line 3: .*Did you mean "replicas"\?\nline 4: .*nobody-knows-this.*\nline 5: .*is taken.*\nline 5: .*Did you mean "maxNumSeqs"/,
		);
		expect((await status()).services.map(({ name }) => name)).toEqual([
			"first",
			"third",
		]);
		await writeFile(file, before);
		expect((await post("/v1/fleet/reload")).body).toEqual({
			changed: [],
			problems: [],
		});
	}, 60_000);

	test("a service is deployed, stopped and started at run time, and taken away; the file's own stay", async () => {
		const deployed = await post("/v1/fleet/services", {
			name: "extra",
			model: "fake:",
		});
		expect(deployed).toMatchObject({
			status: 202,
			body: { name: "extra", isDeployed: true },
		});
		await until(() => isReady("extra"));
		expect((await say("extra")).status).toBe(200);
		expect((await post("/v1/fleet/services", { name: "extra" })).status).toBe(
			409,
		);
		const wrong = await post("/v1/fleet/services", {
			name: "more",
			model: "nobody-knows-this",
			options: { maxNumSeq: 1 },
		});
		expect(wrong.status).toBe(400);
		expect(wrong.body.error.message).toMatch(/maxNumSeqs.*nobody-knows-this/s);
		expect((await post("/v1/fleet/services/extra/stop")).status).toBe(202);
		await until(async () => (await service("extra"))?.state === "held");
		expect((await say("extra")).status).toBe(503);
		expect((await post("/v1/fleet/services/extra/start")).status).toBe(202);
		await until(() => isReady("extra"));
		const remove = (name: string) =>
			fetch(`${address()}/v1/fleet/services/${name}`, { method: "DELETE" });
		expect((await remove("first")).status).toBe(409);
		// It survives the gateway.
		gateway.kill("SIGKILL");
		await until(() => gateway.signalCode !== null);
		gateway = galley("up", file);
		await until(() => isReady("extra"));
		expect((await remove("extra")).status).toBe(202);
		expect((await say("extra")).status).toBe(404);
	}, 60_000);

	test("commands speak to the gateway: ps, scale, logs", async () => {
		const { code, out } = await run("scale", "first", "2");
		expect(code).toBe(0);
		expect(out).toMatch(/first +\d+ +ready/);
		const table = await run("ps");
		expect(table.out).toMatch(/SERVICE +REPLICA +STATE/);
		expect(table.out).toMatch(/third +- +idle/);
		const json = JSON.parse((await run("ps", "--json")).out) as FleetStatus;
		expect(json.services[0]?.replicas).toHaveLength(2);
		const { out: logged } = await run("logs", "first", "--json", "-n", "50");
		const lines = logged
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line) as LoggedLine);
		const ready = lines.find(({ text }) => text.startsWith("Ready:"));
		expect(ready?.at).toMatch(/^\d{4}-/);
		expect(ready?.text).not.toMatch(/^\d{4}-/);
		expect((await run("logs", "nobody")).complaint).toContain("nobody");
	}, 60_000);

	test("lines of a log come as they are written", async () => {
		const response = await fetch(
			`${address()}/v1/fleet/services/first/logs?follow=true&lines=0`,
		);
		const reader = response.body?.getReader();
		const heard = reader?.read();
		await delay(500);
		// What goes says so.
		await post("/v1/fleet/services/first/scale", { replicas: 1 });
		const { value } = (await heard) ?? {};
		expect(new TextDecoder().decode(value)).toMatch(
			/^data: \{.*finishing what runs.*\}\n\n/,
		);
		// A watcher that stays doesn't keep the gateway from ending: nobody leaves here.
	}, 30_000);

	test("a second gateway of the same port is refused, with the words for it", async () => {
		const { code, complaint } = await run("up", file);
		expect(code).toBe(5);
		expect(complaint).toContain(`runs already at ${address()}`);
	}, 30_000);

	test("down ends the gateway and all that it runs", async () => {
		const all = [...(await pids("first"))].map((pid) =>
			identify(pid as number),
		);
		const { code, out } = await run("down");
		expect(code).toBe(0);
		expect(out).toContain("All has ended.");
		await until(() => gateway.exitCode !== null);
		expect(gateway.exitCode).toBe(0);
		for (const identity of all)
			expect(identity !== null && isAlive(identity)).toBe(false);
		expect((await run("ps")).complaint).toContain("No gateway of yours runs");
		expect((await run("down")).out).toContain("Nothing runs");
	}, 60_000);

	test("down also ends what a killed gateway left", async () => {
		gateway = galley("up", file);
		await until(() => isReady("first"));
		const [pid] = await pids("first");
		gateway.kill("SIGKILL");
		await until(() => gateway.signalCode !== null);
		const { out } = await run("down");
		expect(out).toContain("first/");
		expect(identify(pid as number)).toBeNull();
	}, 60_000);
});
