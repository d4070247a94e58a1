import { afterEach, describe, expect, test } from "vitest";
import { defaultSampling } from "../../core/generation-request.ts";
import { parseTraceparent, toTraceparent } from "../../core/trace-context.ts";
import { openTracing } from "./open-tracing.ts";
import { OtlpReceiver } from "./testing/otlp-receiver.ts";
import { traceGeneration } from "./trace-generation.ts";
import { noTracing } from "./tracing.ts";
import { readTracingSettings, tracesUrl } from "./tracing-settings.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const parent = { traceId, spanId, isSampled: true };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
	for (const one of open.splice(0).reverse()) await one.close();
});

async function openAll(endpoint: string) {
	const problems: string[] = [];
	const tracing = await openTracing(
		{ endpoint, isEnabled: null, serviceName: "chat", serviceVersion: "1" },
		{ onProblem: ({ message }) => problems.push(message) },
	);
	open.push(tracing);
	return { tracing, problems };
}

describe("a traceparent", () => {
	test("is read and written as W3C has it", () => {
		const header = `00-${traceId}-${spanId}-01`;
		expect(parseTraceparent(header)).toEqual(parent);
		expect(toTraceparent(parent)).toBe(header);
		expect(parseTraceparent(`00-${traceId}-${spanId}-00`)?.isSampled).toBe(
			false,
		);
	});

	test("of a version to come may say more", () => {
		expect(parseTraceparent(`cc-${traceId}-${spanId}-01-x`)).toEqual(parent);
	});

	test.each([
		undefined,
		"",
		`00-${traceId}-${spanId}`,
		`00-${traceId}-${spanId}-01-x`,
		`ff-${traceId}-${spanId}-01`,
		`00-${"0".repeat(32)}-${spanId}-01`,
		`00-${traceId}-${"0".repeat(16)}-01`,
		`00-${traceId.toUpperCase()}-${spanId}-01`,
		[`00-${traceId}-${spanId}-01`],
	])("that is wrong is none: %s", (header) => {
		expect(parseTraceparent(header)).toBeNull();
	});
});

describe("tracing", () => {
	test("is off without an endpoint, on with one or when told so", () => {
		const url = (environment: Record<string, string>) =>
			tracesUrl(
				readTracingSettings(environment, {
					serviceName: "a",
					serviceVersion: "1",
				}),
			);
		expect(url({})).toBeNull();
		expect(url({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/" })).toBe(
			"http://c:4318/v1/traces",
		);
		expect(url({ NIM_OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" })).toBe(
			"http://c:4318/v1/traces",
		);
		expect(
			url({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c/v1/traces" }),
		).toBe("http://c/v1/traces");
		expect(url({ NIM_ENABLE_OTEL: "1" })).toBe(
			"http://localhost:4318/v1/traces",
		);
		const on = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" };
		expect(url({ ...on, NIM_ENABLE_OTEL: "0" })).toBeNull();
		expect(url({ ...on, OTEL_SDK_DISABLED: "true" })).toBeNull();
	});

	test("that is off makes nothing", async () => {
		const tracing = await openTracing(
			{
				endpoint: null,
				isEnabled: null,
				serviceName: "a",
				serviceVersion: "1",
			},
			{ onProblem: () => undefined },
		);
		expect(tracing).toBe(noTracing);
		expect(
			tracing.startSpan("x", { kind: "server", parent }).context,
		).toBeNull();
	});

	test("sends spans that a collector can read, with their parents, times and attributes", async () => {
		const receiver = await OtlpReceiver.open();
		open.push(receiver);
		const { tracing, problems } = await openAll(receiver.endpoint);
		const span = tracing.startSpan("chat", {
			kind: "server",
			parent,
			startedAt: 1000,
			attributes: {
				text: "a",
				count: 3,
				share: 0.5,
				flag: true,
				none: undefined,
			},
		});
		span.rename("chat tiny");
		span.set({ list: ["stop", "length"] });
		span.fail("queue_full");
		span.end(1250);
		await tracing.close();
		expect(receiver.spans).toHaveLength(1);
		expect(receiver.spans[0]).toMatchObject({
			service: "chat",
			traceId,
			parentSpanId: spanId,
			spanId: span.context?.spanId,
			name: "chat tiny",
			kind: 2,
			status: 2,
			attributes: {
				text: "a",
				count: 3,
				share: 0.5,
				flag: true,
				list: ["stop", "length"],
				"error.type": "queue_full",
			},
		});
		const [{ startMs = 0, endMs = 0 } = {}] = receiver.spans;
		expect(endMs - startMs).toBeCloseTo(250, 0);
		expect(Math.abs(startMs - (performance.timeOrigin + 1000))).toBeLessThan(1);
		expect(problems).toEqual([]);
	});

	test("leaves out what whoever began the trace does not record, and passes its ids on", async () => {
		const receiver = await OtlpReceiver.open();
		open.push(receiver);
		const { tracing } = await openAll(receiver.endpoint);
		const span = tracing.startSpan("chat", {
			kind: "server",
			parent: { ...parent, isSampled: false },
		});
		expect(span.context).toMatchObject({ traceId, isSampled: false });
		span.end();
		await tracing.close();
		expect(receiver.spans).toEqual([]);
	});

	test("tells once that a collector is away, and goes on; memory is bounded", async () => {
		const receiver = await OtlpReceiver.open();
		open.push(receiver);
		receiver.refuseWith = 400;
		const { tracing, problems } = await openAll(receiver.endpoint);
		for (let count = 0; count < 10_000; count++)
			tracing.startSpan("x", { kind: "internal", parent }).end();
		await tracing.close();
		expect(problems).toHaveLength(1);
		// Of 10,000 spans at most 4,096 wait to be sent, 512 at a time.
		expect(receiver.requests).toBeLessThanOrEqual(9);
	});
});

describe("a generation's spans", () => {
	test("are the generation and its stages, one after the other, without a word of the prompt", async () => {
		const receiver = await OtlpReceiver.open();
		open.push(receiver);
		const { tracing } = await openAll(receiver.endpoint);
		traceGeneration(tracing, {
			request: {
				id: "r1",
				trace: parent,
				model: "tiny",
				adapters: [],
				promptTokens: Int32Array.of(1, 2, 3),
				choices: 1,
				sampling: defaultSampling,
				stop: {
					maxTokens: 16,
					minTokens: 0,
					stopStrings: ["secret words"],
					stopTokenIds: [],
					includeStopString: false,
					ignoreEos: false,
				},
				logprobs: null,
				promptLogprobs: null,
				priority: 0,
				tenant: "t",
				cacheSalt: "",
				deadlineMs: null,
				constraint: null,
				renderSpecialTokens: false,
			},
			arrivedAt: 100,
			queueSeconds: 0.02,
			startedAt: 130,
			firstTokenAt: 150,
			endedAt: 250,
			cachedTokens: 2,
			completionTokens: 11,
			finishReason: "stop",
			errorCode: null,
		});
		await tracing.close();
		const byName = new Map(receiver.spans.map((span) => [span.name, span]));
		const generate = byName.get("generate tiny");
		expect(generate).toMatchObject({
			parentSpanId: spanId,
			attributes: {
				"gen_ai.request.model": "tiny",
				"gen_ai.usage.input_tokens": 3,
				"gen_ai.usage.output_tokens": 11,
				"gen_ai.usage.cache_read.input_tokens": 2,
				"gen_ai.server.time_to_first_token": 0.05,
				"gen_ai.server.time_per_output_token": 0.01,
				"gen_ai.response.finish_reasons": ["stop"],
			},
		});
		const length = (name: string) => {
			const span = byName.get(name);
			expect(span?.parentSpanId).toBe(generate?.spanId);
			return Math.round((span?.endMs ?? 0) - (span?.startMs ?? 0));
		};
		expect([length("queue"), length("prefill"), length("decode")]).toEqual([
			20, 30, 100,
		]);
		expect(JSON.stringify(receiver.spans)).not.toContain("secret");
	});
});
