import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { type Fleet, readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";
import { LateDatabase } from "../src/gateway/late-database.ts";
import { gatewayMigrations } from "../src/gateway/open-access.ts";
import { openEmbedded } from "../src/store/testing/open-test-databases.ts";

const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** Stands in for an application: answers whether it is well, and what it was told. */
const program = `
import { createServer } from "node:http";
const { RAG_PORT, CHAT_URL, CHAT_API_KEY, RAG_DATA_DIR, FOUND, GALLEY_API_KEY } = process.env;
createServer((request, response) => {
	if (request.url === "/die") process.exit(1);
	response.end(JSON.stringify({ CHAT_URL, CHAT_API_KEY, RAG_DATA_DIR, FOUND, GALLEY_API_KEY }));
}).listen(Number(RAG_PORT), "127.0.0.1");
`;

let directory: string;
let fleet: RunningFleet;
let port: number;
let adminKey: string;

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
	while (!(await isSo())) await delay(25);
}

const application = () => fleet.status.applications[0];
const told = async () =>
	(await (await fetch(`http://127.0.0.1:${port}/`)).json()) as Record<
		string,
		string
	>;

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-applications-"));
	const script = join(directory, "application.mjs");
	await writeFile(script, program);
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	({ port } = server.address() as { port: number });
	await new Promise((resolve) => server.close(resolve));
	const { fleet: file } = readFleetFile(`
gateway: { port: 1 }
applications: [{ name: rag-chatbot, port: ${port}, environment: { FOUND: "7" } }]
`) as { fleet: Fleet };
	fleet = await RunningFleet.open({
		fleet: { ...file, gateway: { ...file.gateway, port: 0 } },
		command: { executable: process.execPath, words: [] },
		environment: { ...process.env, GALLEY_API_KEY: "master" },
		runDirectory: join(directory, "run"),
		toOptionName: toKebabCase,
		keyHashes: [],
		database: new LateDatabase(() => openEmbedded(gatewayMigrations)),
		logger: silent,
		applicationData: join(directory, "data"),
		applicationProgram: () => ({
			executable: process.execPath,
			words: [script],
			version: "1",
			folder: directory,
		}),
	});
	await until(() => application()?.phase === "ready");
	// The first key, while the application runs already: from now on every request needs one.
	const made = await fetch(`${fleet.address}/v1/keys`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ name: "admin" }),
	});
	({ key: adminKey } = (await made.json()) as { key: string });
}, 60_000);

afterAll(async () => {
	await fleet?.close();
	await rm(directory, { recursive: true, force: true });
});

describe("an application of a fleet", () => {
	test("is told where the gateway is, keeps its data in its own folder, and gets no key of the operator's", async () => {
		expect(await told()).toEqual({
			CHAT_URL: `${fleet.address}/v1`,
			CHAT_API_KEY: expect.stringMatching(/^galley-internal-/),
			RAG_DATA_DIR: join(directory, "data", "rag-chatbot"),
			FOUND: "7",
		});
	});

	test("may ask models with its key, and nothing else, also once the first key of others is made", async () => {
		expect((await fetch(`${fleet.address}/v1/models`)).status).toBe(401);
		const { CHAT_API_KEY } = await told();
		const get = (path: string) =>
			fetch(fleet.address + path, {
				headers: { authorization: `Bearer ${CHAT_API_KEY}` },
			});
		expect((await get("/v1/models")).status).toBe(200);
		expect((await get("/v1/fleet")).status).toBe(403);
	});

	test("stands in the list of blueprints", async () => {
		const response = await fetch(`${fleet.address}/v1/blueprints`, {
			headers: { authorization: `Bearer ${adminKey}` },
		});
		expect(await response.json()).toMatchObject([
			{
				name: "rag-chatbot",
				title: "RAG chatbot",
				url: `http://127.0.0.1:${port}`,
				phase: "ready",
			},
		]);
	});

	test("is started again when it dies", async () => {
		const before = application()?.pid;
		await fetch(`http://127.0.0.1:${port}/die`).catch(() => undefined);
		await until(
			() => application()?.phase === "ready" && application()?.pid !== before,
		);
		expect(application()).toMatchObject({ deaths: 1 });
	}, 30_000);
});
