import type { EncoderLoad } from "../core/embedding-service.ts";
import type { ErrorCode } from "../core/errors.ts";
import { encoderMetrics as rows } from "./encoder-metrics-table.ts";
import { createMetricRegistry } from "./metric-registry.ts";
import { createProcessMetrics } from "./process-metrics.ts";
import type { ServiceMetrics } from "./service-metrics.ts";

/** One answered request. */
interface EncodedRequest {
	inputs: number;
	promptTokens: number;
	/** From its arrival. */
	seconds: number;
}

/** What the engine did at once. */
interface EncodedBatch {
	inputs: number;
	/** Without padding. */
	tokens: number;
	paddingTokens: number;
	seconds: number;
}

/** Recorded as things happen, rendered when asked. One per service process. */
export interface EncoderMetrics
	extends Pick<
			ServiceMetrics,
			| "contentType"
			| "render"
			| "observeRequest"
			| "requestRejected"
			| "engineRestarted"
		>,
		Disposable {
	requestEncoded(request: EncodedRequest): void;
	/** A request that had been accepted ended with an error. */
	requestFailed(code: ErrorCode): void;
	batchEncoded(batch: EncodedBatch): void;
	/** Read at each scrape. */
	setLoad(read: () => EncoderLoad): void;
	/** Read at each scrape. */
	setReady(read: () => boolean): void;
	/** Of the engine process; read at each scrape. */
	setResidentBytes(read: () => number): void;
}

export function createEncoderMetrics(options: {
	/** The label `model_name`. */
	modelName: string;
	version: string;
}): EncoderMetrics {
	const registry = createMetricRegistry({ model_name: options.modelName });
	const processRegistry = createMetricRegistry({});
	const processMetrics = createProcessMetrics(processRegistry);
	const metrics = registerAll(registry);
	let readLoad = (): EncoderLoad => ({
		running: 0,
		waiting: 0,
		waitingTokens: 0,
	});
	let readReady = () => false;
	let readResidentBytes = () => 0;

	for (const finished_reason of ["stop", "abort", "error"])
		metrics.finishedRequests.inc({ finished_reason }, 0);
	metrics.buildInfo.set({ version: options.version }, 1);

	const readGauges = () => {
		const load = readLoad();
		metrics.running.set(load.running);
		metrics.waiting.set(load.waiting);
		metrics.waitingTokens.set(load.waitingTokens);
		metrics.ready.set(readReady() ? 1 : 0);
		metrics.engineResidentBytes.set(readResidentBytes());
		processMetrics.read();
	};

	return {
		contentType: registry.contentType,
		requestEncoded({ inputs, promptTokens, seconds }) {
			metrics.inputs.inc(inputs);
			metrics.requestInputs.observe(inputs);
			metrics.promptTokens.inc(promptTokens);
			metrics.requestPromptTokens.observe(promptTokens);
			metrics.endToEndLatency.observe(seconds);
			metrics.succeededRequests.inc();
			metrics.finishedRequests.inc({ finished_reason: "stop" });
		},
		requestRejected: (reason) => metrics.rejectedRequests.inc({ reason }),
		requestFailed(code) {
			const finished_reason = code === "client_closed" ? "abort" : "error";
			metrics.finishedRequests.inc({ finished_reason });
			metrics.failedRequests.inc({ code });
		},
		batchEncoded({ inputs, tokens, paddingTokens, seconds }) {
			metrics.batchInputs.observe(inputs);
			metrics.batchTokens.observe(tokens);
			metrics.paddingTokens.inc(paddingTokens);
			metrics.batchDuration.observe(seconds);
		},
		engineRestarted: () => metrics.engineRestarts.inc(),
		observeRequest({ method, route, status, durationSeconds }) {
			metrics.httpRequests.inc({ method, route, status });
			metrics.httpDuration.observe({ method, route }, durationSeconds);
		},
		setLoad(read) {
			readLoad = read;
		},
		setReady(read) {
			readReady = read;
		},
		setResidentBytes(read) {
			readResidentBytes = read;
		},
		async render() {
			readGauges();
			const parts = [registry.render(), processRegistry.render()];
			return `${(await Promise.all(parts)).join("\n\n")}\n`;
		},
		[Symbol.dispose]: () => processMetrics[Symbol.dispose](),
	};
}

function registerAll(registry: ReturnType<typeof createMetricRegistry>) {
	const { counter, gauge, histogram, labelledHistogram } = registry;
	return {
		running: gauge(rows.running),
		waiting: gauge(rows.waiting),
		waitingTokens: gauge(rows.waitingTokens),
		promptTokens: counter(rows.promptTokens),
		inputs: counter(rows.inputs),
		requestInputs: histogram(rows.requestInputs),
		requestPromptTokens: histogram(rows.requestPromptTokens),
		endToEndLatency: histogram(rows.endToEndLatency),
		batchDuration: histogram(rows.batchDuration),
		batchInputs: histogram(rows.batchInputs),
		batchTokens: histogram(rows.batchTokens),
		paddingTokens: counter(rows.paddingTokens),
		succeededRequests: counter(rows.succeededRequests),
		finishedRequests: counter(rows.finishedRequests),
		failedRequests: counter(rows.failedRequests),
		rejectedRequests: counter(rows.rejectedRequests),
		engineRestarts: counter(rows.engineRestarts),
		engineResidentBytes: gauge(rows.engineResidentBytes),
		ready: gauge(rows.ready),
		buildInfo: gauge(rows.buildInfo),
		httpRequests: counter(rows.httpRequests),
		httpDuration: labelledHistogram(rows.httpDuration),
	};
}
