import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { type Fleet, readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";
import { LateDatabase } from "../src/gateway/late-database.ts";
import { gatewayMigrations } from "../src/gateway/open-access.ts";
import { openEmbedded } from "../src/store/testing/open-test-databases.ts";

const silent = { info: () => {}, warn: () => {}, error: () => {} };
let directory: string;
let fleet: RunningFleet;

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-description-"));
	const { fleet: file } = readFleetFile("gateway: { port: 1 }") as {
		fleet: Fleet;
	};
	fleet = await RunningFleet.open({
		fleet: { ...file, gateway: { ...file.gateway, port: 0 } },
		command: { executable: process.execPath, words: [] },
		environment: {},
		runDirectory: join(directory, "run"),
		toOptionName: toKebabCase,
		keyHashes: [],
		database: new LateDatabase(() => openEmbedded(gatewayMigrations)),
		catalog: {
			search: async () => ({}),
			get: async () => null,
			nearest: async () => null,
			profiles: async () => ({}),
		},
		logger: silent,
	});
}, 60_000);

afterAll(async () => {
	await fleet?.close();
	await rm(directory, { recursive: true, force: true });
});

interface Operation {
	operationId: string;
	summary?: string;
	parameters?: { name: string; in: string; schema?: object }[];
	requestBody?: { content: { "application/json": { schema: object } } };
	responses: Record<string, { description: string; content?: object }>;
}

test("the API's own description has every route of the gateway, what it takes and what it answers", async () => {
	const answer = await fetch(`${fleet.address}/openapi.json`);
	const document = (await answer.json()) as { paths: object };
	const operations = Object.entries(
		document.paths as Record<string, Record<string, Operation>>,
	).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({
			...operation,
			path,
			name: `${method.toUpperCase()} ${path}`,
		})),
	);
	for (const { name, path, ...operation } of operations) {
		expect(operation.summary, name).toMatch(/^[A-Z].{6,}[^.]$/);
		const taken = (operation.parameters ?? [])
			.filter((parameter) => parameter.in === "path")
			.map((parameter) => parameter.name);
		const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, part]) => part);
		expect(taken, name).toEqual(named);
		const codes = Object.keys(operation.responses);
		expect(codes, name).toContain("default");
		expect(
			codes.filter((code) => code.startsWith("2")),
			name,
		).toHaveLength(1);
		for (const { description, content } of Object.values(operation.responses)) {
			expect(description, name).not.toBe("");
			expect(content, name).toBeDefined();
		}
	}
	const ids = operations.map(({ operationId }) => operationId);
	expect(new Set(ids).size).toBe(ids.length);
	expect(operations.map(({ name }) => name).sort()).toEqual(ownRoutes);
	const bodies = operations.filter(({ requestBody }) => requestBody);
	expect(bodies.map(({ name }) => name).sort()).toEqual([
		"PATCH /v1/keys/{id}",
		"POST /v1/benchmarks",
		"POST /v1/evaluations",
		"POST /v1/fleet/services",
		"POST /v1/fleet/services/{name}/scale",
		"POST /v1/keys",
		"POST /v1/keys/{id}/rotate",
		"POST /v1/optimizations",
	]);
	for (const { requestBody } of bodies)
		expect(requestBody?.content["application/json"].schema).toHaveProperty(
			"properties",
		);
	const usage = operations.find(({ name }) => name === "GET /v1/usage");
	expect(usage?.parameters?.map(({ name }) => name)).toEqual([
		"from",
		"to",
		"by",
		"format",
		"key",
	]);
});

const job = (kind: string) => [
	`DELETE /v1/${kind}/{id}`,
	`GET /v1/${kind}`,
	`GET /v1/${kind}/{id}`,
	`GET /v1/${kind}/{id}/events`,
	`POST /v1/${kind}`,
];
const ownRoutes = [
	...["benchmarks", "evaluations", "optimizations"].flatMap(job),
	"DELETE /v1/fleet/services/{name}",
	"DELETE /v1/keys/{id}",
	"DELETE /v1/responses/{id}",
	"GET /health",
	"GET /metrics",
	"GET /openapi.json",
	"GET /v1/blueprints",
	"GET /v1/blueprints/{name}/source",
	"GET /v1/blueprints/{name}/source/{path}",
	"GET /v1/catalog",
	"GET /v1/catalog/{id}",
	"GET /v1/catalog/{id}/profiles",
	"GET /v1/fleet",
	"GET /v1/fleet/autoscale",
	"GET /v1/fleet/live",
	"GET /v1/fleet/services/{name}/logs",
	"GET /v1/fleet/services/{name}/profiles",
	"GET /v1/health/live",
	"GET /v1/health/ready",
	"GET /v1/keys",
	"GET /v1/keys/{id}",
	"GET /v1/license",
	"GET /v1/manifest",
	"GET /v1/metadata",
	"GET /v1/metrics",
	"GET /v1/models",
	"GET /v1/models/{model}",
	"GET /v1/responses/{id}",
	"GET /v1/responses/{id}/input_items",
	"GET /v1/session",
	"GET /v1/usage",
	"GET /v1/version",
	"PATCH /v1/keys/{id}",
	"POST /v1/fleet/reload",
	"POST /v1/fleet/services",
	"POST /v1/fleet/services/{name}/restart",
	"POST /v1/fleet/services/{name}/scale",
	"POST /v1/fleet/services/{name}/start",
	"POST /v1/fleet/services/{name}/stop",
	"POST /v1/keys",
	"POST /v1/keys/{id}/rotate",
	"POST /v1/responses/{id}/cancel",
].sort();
