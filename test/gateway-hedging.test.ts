import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fleetTable } from "../src/cli/fleet-table.ts";
import { toKebabCase } from "../src/config/option.ts";
import { readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";
import { OtlpReceiver } from "../src/observability/tracing/testing/otlp-receiver.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));
const silent = { info: () => {}, warn: () => {}, error: () => {} };
let receiver: OtlpReceiver;
let directory: string;
let fleet: RunningFleet;
/** Processes that were made to stand still. */
const stopped: number[] = [];

beforeAll(async () => {
	receiver = await OtlpReceiver.open();
	directory = await mkdtemp(join(tmpdir(), "galley-hedging-"));
	const reading = readFleetFile(`
gateway:
  port: 1
  coldStartSeconds: 1
  breaker: { failures: 2, openSeconds: 60 }
  tracing: { endpoint: "${receiver.endpoint}" }
services:
  - { name: twins, model: "${root}models/starter-embed", replicas: 2, hedgeMs: 60 }
  - { name: lone, model: "fake:", timeoutSeconds: 0.5 }
`);
	if (reading.fleet === null) throw new Error(JSON.stringify(reading.problems));
	fleet = await RunningFleet.open({
		fleet: { ...reading.fleet, gateway: { ...reading.fleet.gateway, port: 0 } },
		command: {
			executable: process.execPath,
			words: ["--import", import.meta.resolve("tsx"), main],
		},
		environment: { ...process.env, OTEL_BSP_SCHEDULE_DELAY: "50" },
		runDirectory: join(directory, "run"),
		toOptionName: toKebabCase,
		keyHashes: [],
		logger: silent,
	});
	const areReady = () =>
		fleet.status.services.every(({ replicas }) =>
			replicas.every(({ phase }) => phase === "ready"),
		);
	while (!areReady()) await delay(50);
}, 120_000);

afterAll(async () => {
	for (const pid of stopped) process.kill(pid, "SIGCONT");
	await fleet?.close();
	await receiver?.close();
	await rm(directory, { recursive: true, force: true });
});

const post = (path: string, body: object, traceId = "") =>
	fetch(`${fleet.address}${path}`, {
		method: "POST",
		headers: {
			"content-type": "application/json",
			...(traceId === ""
				? {}
				: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }),
		},
		body: JSON.stringify(body),
	});
const metric = async (line: string) => {
	const text = await (await fetch(`${fleet.address}/metrics`)).text();
	const found = text.split("\n").find((other) => other.startsWith(`${line} `));
	return found === undefined ? null : Number(found.slice(line.length));
};
const service = (name: string) => {
	const found = fleet.status.services.find((one) => one.name === name);
	if (found === undefined) throw new Error(`There is no ${name}.`);
	return found;
};
function standStill(name: string): void {
	const pid = service(name).replicas[0]?.pid as number;
	process.kill(pid, "SIGSTOP");
	stopped.push(pid);
}

test("embeddings that one replica is slow with come from the other", async () => {
	const embed = async (text: string, traceId = "") => {
		const body = { model: "twins", input: text };
		const response = await post("/v1/embeddings", body, traceId);
		expect(response.status).toBe(200);
		const { data } = (await response.json()) as {
			data: { embedding: number[] }[];
		};
		return data[0]?.embedding;
	};
	const texts = Array.from({ length: 8 }, (_, place) => `text ${place}`);
	const expected: unknown[] = [];
	for (const text of texts) expected.push(await embed(text));
	const hedges = 'galley:gateway_hedges_total{model="twins"}';
	const before = (await metric(hedges)) ?? 0;
	standStill("twins");
	const traceOf = (place: number) =>
		`4bf92f3577b34da6a3ce929d0e0e473${place.toString(16)}`;
	const vectors = await Promise.all(
		texts.map((text, place) => embed(text, traceOf(place))),
	);
	expect(vectors).toEqual(expected);
	expect(await metric(hedges)).toBeGreaterThan(before);
	expect(
		await metric('galley:gateway_retries_total{model="twins"}'),
	).toBeNull();

	const hedge = await receiver.find(
		({ attributes, name, traceId }) =>
			// On a busy machine the other one may be slow too, and is gone round in vain.
			name === "ask twins/2" &&
			attributes["galley.hedge"] === true &&
			traceId.startsWith("4bf92f3577"),
	);
	await receiver.find(
		({ name, traceId }) =>
			name.startsWith("embeddings") && traceId === hedge.traceId,
	);
	const ofGateway = receiver
		.trace(hedge.traceId)
		.filter((span) => span.service === "galley-gateway");
	const call = ofGateway.find(({ kind }) => kind === 2);
	const [first, second] = ofGateway
		.filter(({ name }) => name.startsWith("ask "))
		.sort(
			(left, right) =>
				Number(left.attributes["galley.attempt"]) -
				Number(right.attributes["galley.attempt"]),
		);
	expect(first?.parentSpanId).toBe(call?.spanId);
	expect(first).toMatchObject({
		name: "ask twins/1",
		attributes: { "galley.outcome": "lost", "galley.attempt": 1 },
	});
	expect(second).toMatchObject({
		name: "ask twins/2",
		spanId: hedge.spanId,
		parentSpanId: call?.spanId,
		attributes: { "galley.outcome": "answered", "galley.attempt": 2 },
	});
}, 60_000);

test("a replica that answers nothing is seen failing in the fleet, in its table and in the metrics", async () => {
	const state = (name: string) =>
		metric(
			`galley:gateway_replica_state{service="lone",replica="lone/1",state="${name}"}`,
		);
	expect(service("lone").replicas[0]?.answers).toEqual({
		state: "ok",
		reason: "",
	});
	expect(await state("ok")).toBe(1);
	standStill("lone");
	const body = { model: "lone", messages: [{ role: "user", content: "Hi" }] };
	for (let time = 0; time < 2; time++)
		expect((await post("/v1/chat/completions", body)).status).toBe(504);
	expect(service("lone").replicas[0]?.answers).toMatchObject({
		state: "failing",
		reason: expect.stringContaining("did not begin to answer"),
	});
	expect(await state("failing")).toBe(1);
	expect(await state("ok")).toBe(0);
	expect(fleetTable(fleet.status, (_, text) => text)).toMatch(
		/^lone .* failing \(it did not begin to answer/m,
	);
	expect((await post("/v1/chat/completions", body)).status).toBe(503);
}, 60_000);

test("how many replicas there should be is told", async () => {
	expect(service("twins").desiredReplicas).toBe(2);
	expect(await metric('galley:gateway_desired_replicas{service="twins"}')).toBe(
		2,
	);
});
