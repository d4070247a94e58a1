import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { type Fleet, readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const silent = { info: () => {}, warn: () => {}, error: () => {} };

let directory: string;
let fleet: RunningFleet;

async function openFleet(text: string): Promise<RunningFleet> {
	const { fleet: file } = readFleetFile(text) as { fleet: Fleet };
	const { port } = file.gateway;
	return RunningFleet.open({
		fleet: { ...file, gateway: { ...file.gateway, port: 0 } },
		command: { executable: process.execPath, words: ["--import", "tsx", main] },
		environment: process.env,
		runDirectory: join(directory, String(port)),
		toOptionName: toKebabCase,
		keyHashes: [],
		logger: silent,
	});
}

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-scale-"));
	fleet = await openFleet(`
gateway: { port: 1, coldStartSeconds: 60 }
services:
  - name: starter-chat
    minReplicas: 0
    maxReplicas: 2
    idleSeconds: 6
    options: { maxNumSeqs: 4 }
    scaling:
      targetRequests: 2
      everySeconds: 0.5
      scaleDown: { windowSeconds: 2 }
`);
}, 60_000);

afterAll(async () => {
	await fleet?.close();
	await rm(directory, { recursive: true, force: true });
});

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
	while (!(await isSo())) await delay(50);
}

const service = () => fleet.status.services[0];
const running = () =>
	service()?.replicas.filter(({ phase }) => phase !== "stopped").length;

async function say(): Promise<number> {
	const response = await ask(fleet, "starter-chat", 12);
	await response.text();
	return response.status;
}

function ask(
	{ address }: RunningFleet,
	model: string,
	tokens: number,
): Promise<Response> {
	return fetch(`${address}/v1/chat/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({
			model,
			messages: [{ role: "user", content: "Tell me a long story." }],
			max_tokens: tokens,
			ignore_eos: true,
		}),
	});
}

interface Autoscaled {
	min: number;
	max: number;
	current: number;
	decisions: { from: number; to: number; reason: string }[];
}

async function autoscaled(): Promise<Autoscaled | undefined> {
	const response = await fetch(`${fleet.address}/v1/fleet/autoscale`);
	const { services } = (await response.json()) as { services: Autoscaled[] };
	return services[0];
}

test("nobody asks: none runs; load brings a second replica, its end takes it away, and then the first", async () => {
	expect(running()).toBe(0);
	const live = await fetch(`${fleet.address}/v1/fleet/live`);
	// Nothing but the end of the test ends the load, so that slow machines have their time.
	let loaded = true;
	const statuses = new Set<number>();
	const clients = Array.from({ length: 6 }, async () => {
		while (loaded) statuses.add(await say());
	});
	await until(
		() =>
			service()?.replicas.filter(({ phase }) => phase === "ready").length === 2,
	);
	expect(service()?.replicas.every((one) => one.memoryBytes !== 0)).toBe(true);
	loaded = false;
	await Promise.all(clients);
	expect([...statuses]).toEqual([200]);
	await until(() => (running() ?? 0) < 2);
	const status = await autoscaled();
	expect(status).toMatchObject({ min: 0, max: 2 });
	expect(status?.decisions[0]).toMatchObject({ from: 1, to: 2 });
	expect(status?.decisions[0]?.reason).toContain("requests at");
	await until(() => running() === 0);
	// And back.
	expect(await say()).toBe(200);
	const reader = live.body?.getReader();
	const { value } = (await reader?.read()) ?? {};
	const [line = ""] = new TextDecoder().decode(value).split("\n\n");
	expect(JSON.parse(line.slice("data: ".length))).toMatchObject({
		services: [{ name: "starter-chat", replicas: [{ id: "starter-chat/1" }] }],
	});
	await reader?.cancel();
}, 240_000);

test("whoever comes while a service starts is told how far it is and when to come again; what has no memory is told so", async () => {
	const other = await openFleet(`
gateway: { port: 2, coldStartSeconds: 0, memoryBudget: 4GB }
services:
  - { name: sleepy, model: 'fake:', start: on-demand }
`);
	const tight = await openFleet(`
gateway: { port: 3, coldStartSeconds: 60, memoryBudget: 1MB }
services:
  - { name: sleepy, model: 'fake:', start: on-demand }
`);
	try {
		const early = await ask(other, "sleepy", 4);
		expect(early.status).toBe(503);
		expect(Number(early.headers.get("retry-after"))).toBeGreaterThan(0);
		expect(await early.json()).toMatchObject({
			error: {
				code: "engine_unavailable",
				state: "starting",
				progress: null,
				eta_seconds: null,
			},
		});
		await until(async () => {
			const later = await ask(other, "sleepy", 4);
			await later.text();
			return later.status === 200;
		});
		const refused = await ask(tight, "sleepy", 4);
		expect(refused.status).toBe(503);
		expect(JSON.stringify(await refused.json())).toContain(
			"gateway.memoryBudget",
		);
	} finally {
		await other.close();
		await tight.close();
	}
}, 120_000);
