import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planEncoder } from "../src/cli/encoder-plan.ts";
import { locateModel } from "../src/cli/locate-model.ts";
import { type RunningEncoder, serveEncoder } from "../src/cli/serve-encoder.ts";
import { resolveServiceConfig } from "../src/config/service-config.ts";
import { createLogger } from "../src/observability/logger.ts";

/** The model that comes with Galley, in its engine process. */
let service: RunningEncoder;
beforeAll(async () => {
	const model = fileURLToPath(
		new URL("../models/starter-embed", import.meta.url),
	);
	const config = resolveServiceConfig({
		flags: {
			model,
			port: "0",
			grpcPort: "off",
			logLevel: "silent",
		},
		environment: {},
	});
	const logger = createLogger({
		level: "silent",
		format: "json",
		destination: process.stderr,
	});
	const location = await locateModel(model, config);
	if (location.kind !== "encoder") throw new Error(`${model} is no encoder.`);
	service = await serveEncoder(
		await planEncoder(location, config),
		config,
		logger,
	);
}, 60_000);
afterAll(() => service?.stop());

const mostInputs = 8192;
const inputsOf = (count: number) =>
	Array.from({ length: count }, (_, index) => `Line ${index % 4096} of a log.`);

function embed(input: string[], signal: AbortSignal | null = null) {
	return fetch(`${service.address}/v1/embeddings`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({
			model: "starter-embed",
			input,
			encoding_format: "base64",
			dimensions: 8,
		}),
		signal,
	});
}

test("8,192 inputs come back in their order, each its own", async () => {
	const response = await embed(inputsOf(mostInputs));
	expect(response.status).toBe(200);
	const { data } = (await response.json()) as {
		data: { index: number; embedding: string }[];
	};
	expect(data.map(({ index }) => index)).toEqual([...Array(mostInputs).keys()]);
	const vectors = data.map(({ embedding }) => embedding);
	expect(new Set(vectors).size).toBeGreaterThan(4000);
	// The second half says the same as the first.
	const valuesOf = (text = "") => [
		...new Float32Array(new Uint8Array(Buffer.from(text, "base64")).buffer),
	];
	for (const place of [0, 1, 777, 4095])
		for (const [at, value] of valuesOf(vectors[place]).entries())
			expect(valuesOf(vectors[place + 4096])[at]).toBeCloseTo(value, 2);
}, 60_000);

test("one more is refused, and says how many there may be", async () => {
	const response = await embed(inputsOf(mostInputs + 1));
	expect(response.status).toBe(400);
	const { error } = (await response.json()) as {
		error: { param: string; message: string };
	};
	expect(error.param).toBe("input");
	expect(error.message).toContain("at most 8192");
});

test("who leaves leaves nothing in the queue", async () => {
	const controller = new AbortController();
	const left = embed(inputsOf(mostInputs), controller.signal);
	const waiting = async () => {
		const text = await (await fetch(`${service.address}/metrics`)).text();
		return /^galley:num_tokens_waiting\S* (\d+)$/m.exec(text)?.[1];
	};
	const waited = () => expect.poll(waiting, { timeout: 20_000, interval: 5 });
	await waited().not.toBe("0");
	controller.abort();
	await expect(left).rejects.toThrow();
	await waited().toBe("0");
	expect((await embed(["Still here?"])).status).toBe(200);
}, 60_000);
