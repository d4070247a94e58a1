import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServer } from "../blueprints/rag-chatbot/src/api/create-server.ts";
import { openApplication } from "../blueprints/rag-chatbot/src/application.ts";
import { readConfig } from "../blueprints/rag-chatbot/src/config.ts";
import { FakeServices } from "../blueprints/rag-chatbot/src/testing/fake-services.ts";
import { openTestDatabase } from "../blueprints/rag-chatbot/src/testing/test-server.ts";
import { openTracing } from "../blueprints/rag-chatbot/src/tracing/open-tracing.ts";
import { toKebabCase } from "../src/config/option.ts";
import { readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";
import { OtlpReceiver } from "../src/observability/tracing/testing/otlp-receiver.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const deploy = new URL("../deploy/", import.meta.url);

let receiver: OtlpReceiver;
let directory: string;
let fleet: RunningFleet;
const logged: Record<string, unknown>[] = [];

beforeAll(async () => {
	receiver = await OtlpReceiver.open();
	directory = await mkdtemp(join(tmpdir(), "galley-observability-"));
	const reading = readFleetFile(`
gateway:
  port: 1
  tracing: { endpoint: "${receiver.endpoint}" }
services:
  - { name: chat, model: 'fake:' }
upstreams:
  - { name: afar, url: "http://127.0.0.1:9/v1", models: [big] }
`);
	if (reading.fleet === null) throw new Error(JSON.stringify(reading.problems));
	const note = (fields: object, message: string) =>
		void logged.push({ ...fields, message });
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
		logger: { info: note, warn: note, error: note },
	});
	while (fleet.status.services[0]?.state !== "ready")
		await new Promise((resolve) => setTimeout(resolve, 50));
}, 120_000);

afterAll(async () => {
	await fleet.close();
	await receiver.close();
	await rm(directory, { recursive: true });
});

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

const post = (
	body: object,
	headers: Record<string, string> = {},
	path = "/v1/chat/completions",
) =>
	fetch(`${fleet.address}${path}`, {
		method: "POST",
		headers: { "content-type": "application/json", ...headers },
		body: JSON.stringify(body),
	});

const question = (content: string) => ({
	model: "chat",
	max_tokens: 4,
	messages: [{ role: "user", content }],
});

describe("one trace", () => {
	test("goes from the caller through gateway, service and engine, and is in the service's log", async () => {
		const parent = "00f067aa0ba902b7";
		const response = await post(question("a secret question"), {
			traceparent: `00-${traceId}-${parent}-01`,
			"x-request-id": "request-1",
		});
		expect(response.status).toBe(200);
		const { usage } = (await response.json()) as {
			usage: { prompt_tokens: number; completion_tokens: number };
		};
		await receiver.find(
			({ service, kind }) => service === "galley-gateway" && kind === 2,
		);
		await receiver.find(({ name }) => name === "decode");
		const spans = receiver.trace(traceId);
		const byName = (service: string, name: string) => {
			const found = spans.find(
				(span) => span.service === service && span.name === name,
			);
			expect(found, `${service}: ${name}`).toBeDefined();
			return found as (typeof spans)[number];
		};
		const gateway = byName("galley-gateway", "chat chat");
		const service = byName("chat", "chat chat");
		const generate = byName("chat", "generate chat");
		expect(gateway.parentSpanId).toBe(parent);
		const attempt = byName("galley-gateway", "ask chat/1");
		expect(attempt.parentSpanId).toBe(gateway.spanId);
		expect(service.parentSpanId).toBe(attempt.spanId);
		expect(generate.parentSpanId).toBe(service.spanId);
		for (const stage of ["queue", "prefill", "decode"])
			expect(byName("chat", stage).parentSpanId).toBe(generate.spanId);
		const { prompt_tokens: input, completion_tokens: output } = usage;
		for (const { attributes } of [service, generate])
			expect(attributes).toMatchObject({
				"gen_ai.request.model": "chat",
				"gen_ai.usage.input_tokens": input,
				"gen_ai.usage.output_tokens": output,
			});
		expect(gateway.attributes).toMatchObject({
			"galley.replica": "chat/1",
			"http.response.status_code": 200,
		});
		expect(
			generate.attributes["gen_ai.server.time_to_first_token"],
		).toBeGreaterThan(0);
		expect(JSON.stringify(spans)).not.toContain("secret");
		const line = await fetch(
			`${fleet.address}/v1/fleet/services/chat/logs?lines=50`,
		).then((answer) => answer.text());
		expect(line).toContain(traceId);
		expect(line).toContain("request-1");
	});

	test("begins at the gateway where the caller has none, and tells of failures", async () => {
		const refused = await post({ ...question("x"), model: "big" });
		expect(refused.status).toBe(503);
		const span = await receiver.find(
			({ attributes }) => attributes["gen_ai.request.model"] === "big",
		);
		expect(span).toMatchObject({ parentSpanId: "", status: 2 });
		expect(span.attributes["galley.target.name"]).toBe("afar");
	});

	test("begins in the RAG chatbot and holds its stages and all that they ask for", async () => {
		const services = await FakeServices.open();
		const database = await openTestDatabase();
		const tracing = await openTracing({
			OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
			OTEL_BSP_SCHEDULE_DELAY: "50",
		});
		const application = await openApplication(
			{
				...readConfig({
					RAG_DATA_DIR: join(directory, "rag"),
					RAG_LOG_LEVEL: "silent",
					ANSWER: "model",
					ANSWER_TOKENS: "6",
					LEAST_RELEVANCE: "0",
					CHAT_MODEL: "chat",
					CHAT_URL: `${fleet.address}/v1`,
				}),
				embedding: services.endpoint("embed"),
				rerank: services.endpoint("rerank"),
			},
			{ database, tracing, onProblem: () => undefined },
		);
		const app = await createServer(application);
		await app.listen({ port: 0 });
		const { port } = app.server.address() as AddressInfo;
		const call = async (path: string, body: object) => {
			const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify(body),
			});
			return (await answer.json()) as Record<string, unknown>;
		};
		try {
			const { id } = await call("/v1/collections", { name: "stones" });
			const { job } = await call(`/v1/collections/${id}/ingest`, {
				text: "Granite is a stone of great age. It is found in mountains.",
				title: "Granite",
			});
			// The stream of a job ends with the job.
			const { id: jobId } = job as { id: string };
			await fetch(`http://127.0.0.1:${port}/v1/jobs/${jobId}/events`).then(
				(answer) => answer.text(),
			);
			await call("/v1/chat/completions", {
				model: "rag",
				messages: [{ role: "user", content: "What is granite?" }],
			});
		} finally {
			await app.close();
			await application.close();
			await database.close();
			await services.close();
		}
		const rag = await receiver.find(
			({ service, name }) =>
				service === "rag-chatbot" && name === "POST /v1/chat/completions",
		);
		await receiver.find(
			(span) => span.traceId === rag.traceId && span.name === "decode",
		);
		await receiver.find(
			(span) =>
				span.traceId === rag.traceId && span.service === "galley-gateway",
		);
		const spans = receiver.trace(rag.traceId);
		const names = (service: string) =>
			spans.filter((span) => span.service === service).map(({ name }) => name);
		expect(names("rag-chatbot")).toEqual(
			expect.arrayContaining([
				"embed",
				"search",
				"rerank",
				"answer",
				"embeddings embed",
				"rerank rerank",
				"chat chat",
			]),
		);
		const asked = spans.find(
			(span) => span.service === "rag-chatbot" && span.name === "chat chat",
		);
		const gateway = spans.find(({ service }) => service === "galley-gateway");
		expect(gateway?.parentSpanId).toBe(asked?.spanId);
		expect(names("chat")).toEqual(
			expect.arrayContaining([
				"chat chat",
				"generate chat",
				"queue",
				"prefill",
				"decode",
			]),
		);
		expect(JSON.stringify(spans)).not.toMatch(/granite/i);
	}, 180_000);
});

describe("metrics of the gateway", () => {
	const scrape = async (query = "") => {
		const answer = await fetch(`${fleet.address}/metrics${query}`);
		expect(answer.headers.get("content-type")).toContain("text/plain");
		return answer.text();
	};

	test("count requests by model, target, kind and status; names that nobody serves are one", async () => {
		await post(question("hi"));
		for (const model of ["no-such-model", "nor-this-one"])
			await post({ ...question("hi"), model });
		const text = await scrape("?services=none");
		expect(text).toMatch(
			/galley:gateway_requests_total\{model="chat",target="chat",kind="answered",status="200"\} [1-9]/,
		);
		expect(text).toMatch(
			/galley:gateway_requests_total\{model="unknown",target="none",kind="refused",status="404"\} 2/,
		);
		expect(text).toMatch(
			/galley:gateway_refusals_total\{reason="model_not_found"\} 2/,
		);
		expect(text).not.toContain("no-such-model");
		expect(text).toMatch(
			/galley:gateway_replicas\{service="chat",phase="ready"\} 1/,
		);
		expect(text).toMatch(/galley:gateway_requests_running\{model="chat"\} 0/);
		expect(text).toMatch(
			/galley:gateway_upstream_state\{upstream="afar",state="(ok|failing|recovering)"\} 1/,
		);
		expect(text).not.toContain("galley:time_to_first_token_seconds");
	});

	test("bring the services' own, labelled, each name once", async () => {
		const text = await scrape();
		expect(text).toMatch(
			/galley:time_to_first_token_seconds_count\{service="chat",replica="chat\/1",model_name="chat"\} [1-9]/,
		);
		expect(text).toMatch(
			/process_resident_memory_bytes\{service="chat",replica="chat\/1"\} /,
		);
		const types = text.match(/^# TYPE \S+/gm) ?? [];
		expect(new Set(types).size).toBe(types.length);
		expect(text).not.toContain("vllm:");
		expect(await scrape("?services=all")).toContain("vllm:");
	});

	test("are what the dashboard and the alerts ask for", async () => {
		const exposed = namesOf(await scrape("?services=all"));
		const files = ["grafana/galley.json", "prometheus/alerts.yml"];
		for (const file of files) {
			const text = await readFile(new URL(file, deploy), "utf8");
			const asked = new Set(
				text.match(
					/\b(?:galley|vllm):[a-z0-9_]+|\b(?:process|nodejs)_[a-z0-9_]+/g,
				),
			);
			expect(asked.size, file).toBeGreaterThan(5);
			expect(
				[...asked].filter((name) => !exposed.has(name)),
				file,
			).toEqual([]);
		}
	});
});

/** Names as queries write them: histograms by their series. */
function namesOf(exposition: string): Set<string> {
	const names = new Set<string>();
	for (const [, name = "", type] of exposition.matchAll(
		/^# TYPE (\S+) (\S+)/gm,
	))
		if (type === "histogram")
			for (const part of ["bucket", "sum", "count"])
				names.add(`${name}_${part}`);
		else names.add(name);
	return names;
}
