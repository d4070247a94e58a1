import type { ErrorCode } from "../core/errors.ts";
import type { ServiceLoad } from "../core/language-service.ts";
import type { FinishReason } from "../core/stream-event.ts";
import { createMetricRegistry } from "./metric-registry.ts";
import { serviceMetrics as rows } from "./metrics-table.ts";
import { createProcessMetrics } from "./process-metrics.ts";

export interface ServiceMetricsOptions {
	/** The base model's name: the label `model_name`. */
	modelName: string;
	maxSequences: number;
	version: string;
}

interface FinishedRequest {
	finishReason: FinishReason;
	endToEndSeconds: number;
	queueSeconds: number;
	/** From the first step to the first token. */
	prefillSeconds: number;
	/** From the first token to the end. */
	decodeSeconds: number;
	/** Null when there was one token at most. */
	timePerOutputTokenSeconds: number | null;
	promptTokens: number;
	completionTokens: number;
}

/** What one engine step did; counts, and seconds. */
export interface StepSample {
	seconds: number;
	prefillTokens: number;
	/** Sequences that decoded. */
	decodeTokens: number;
	draftedTokens: number;
	acceptedTokens: number;
	preemptions: number;
	evictedTokens: number;
	savedTokens: number;
	restoredTokens: number;
	constraintSeconds: number;
	constrainedTokens: number;
}

/** The engine between two steps. */
export interface EngineGauges {
	residentBytes: number;
	waitingFor: Readonly<Record<"slot" | "memory" | "prefix", number>>;
	retainedTokens: number;
	savedTokens: number;
	kvLayout: "unified" | "streams";
	targetItlMs: number;
}

/** Names of adapters. */
interface AdapterActivity {
	/** How many the engine holds at once; 0 where there are none. */
	maxAdapters: number;
	running: readonly string[];
	/** Only waiting requests use them. */
	waiting: readonly string[];
}

interface HttpRequestSample {
	method: string;
	/** The route's pattern, so that there are few. */
	route: string;
	status: number;
	durationSeconds: number;
}

/** Recorded as things happen, rendered when asked. One per service process. */
export interface ServiceMetrics extends Disposable {
	/** Media type of what `render` gives. */
	readonly contentType: string;
	/** A request was accepted. */
	requestReceived(promptTokens: number): void;
	/** A request was turned away before it was computed. */
	requestRejected(reason: ErrorCode): void;
	/** A request's first token came. */
	firstToken(seconds: number): void;
	/** A further token of a choice came. */
	interToken(seconds: number): void;
	/** Tokens came from the engine, first ones too. Once a step for all sequences. */
	tokensGenerated(count: number): void;
	requestFinished(request: FinishedRequest): void;
	/** A request that had been accepted ended with an error. */
	requestFailed(code: ErrorCode): void;
	/** A sequence's prompt was looked up in the prefix cache and is computed from where the hit ends. */
	sequenceStarted(promptTokens: number, cachedTokens: number): void;
	step(step: StepSample): void;
	/** A request's constraint was compiled, or found; `seconds` where it was compiled for this request. */
	grammarCompiled(
		result: "hit" | "miss" | "joined" | "error",
		seconds: number | null,
	): void;
	engineRestarted(): void;
	/** An HTTP request was answered. */
	observeRequest(sample: HttpRequestSample): void;
	/** Read at each scrape. */
	setLoad(read: () => ServiceLoad): void;
	/** Read at each scrape. */
	setAdapters(read: () => AdapterActivity): void;
	/** Read at each scrape. */
	setEngineGauges(read: () => EngineGauges): void;
	setCacheConfig(config: { blockSize: number; blocks: number }): void;
	setReady(isReady: boolean): void;
	/** Prometheus' text format. */
	render(): Promise<string>;
}

export function createServiceMetrics(
	options: ServiceMetricsOptions,
): ServiceMetrics {
	const registry = createMetricRegistry({ model_name: options.modelName });
	const processRegistry = createMetricRegistry({});
	const processMetrics = createProcessMetrics(processRegistry);
	const metrics = registerAll(registry);
	let readLoad: () => ServiceLoad = () => ({
		running: 0,
		waiting: 0,
		kvCacheUsage: 0,
		maxSequences: options.maxSequences,
	});
	let readAdapters: () => AdapterActivity = () => ({
		maxAdapters: 0,
		running: [],
		waiting: [],
	});
	let readEngine: () => EngineGauges | null = () => null;

	for (const finished_reason of ["stop", "length", "abort", "error"])
		metrics.finishedRequests.inc({ finished_reason }, 0);
	metrics.buildInfo.set({ version: options.version }, 1);
	metrics.cacheConfig.set({ block_size: "0", num_gpu_blocks: "0" }, 1);
	for (const result of ["hit", "miss", "joined", "error"])
		metrics.grammarCompilations.inc({ result }, 0);
	for (const source of ["local_compute", "local_cache_hit"])
		metrics.promptTokensBySource.inc({ source }, 0);

	const readGauges = () => {
		const load = readLoad();
		metrics.running.set(load.running);
		metrics.waiting.set(load.waiting);
		metrics.kvCacheUsage.set(load.kvCacheUsage);
		metrics.maxSequences.set(load.maxSequences);
		setEngineGauges(metrics, readEngine());
		const { maxAdapters, running, waiting } = readAdapters();
		// As in vLLM, the value is the time: the newest series tells. Older ones would only pile up.
		metrics.loraRequests.reset();
		const lora = {
			max_lora: String(maxAdapters),
			running_lora_adapters: running.join(","),
			waiting_lora_adapters: waiting.join(","),
		};
		metrics.loraRequests.set(lora, Date.now() / 1000);
		processMetrics.read();
	};

	return {
		contentType: registry.contentType,
		requestReceived: (promptTokens) => metrics.promptTokens.inc(promptTokens),
		requestRejected: (reason) => metrics.rejectedRequests.inc({ reason }),
		firstToken: (seconds) => metrics.timeToFirstToken.observe(seconds),
		interToken: (seconds) => metrics.interTokenLatency.observe(seconds),
		tokensGenerated: (count) => metrics.generationTokens.inc(count),
		requestFinished(request) {
			metrics.finishedRequests.inc({ finished_reason: request.finishReason });
			metrics.succeededRequests.inc();
			observeTimes(metrics, request);
			metrics.requestPromptTokens.observe(request.promptTokens);
			metrics.requestGenerationTokens.observe(request.completionTokens);
		},
		requestFailed(code) {
			const finished_reason = code === "client_closed" ? "abort" : "error";
			metrics.finishedRequests.inc({ finished_reason });
			metrics.failedRequests.inc({ code });
		},
		sequenceStarted(promptTokens, cachedTokens) {
			metrics.prefixCacheQueries.inc(promptTokens);
			metrics.prefixCacheHits.inc(cachedTokens);
			const { promptTokensBySource } = metrics;
			const computed = Math.max(0, promptTokens - cachedTokens);
			promptTokensBySource.inc({ source: "local_compute" }, computed);
			promptTokensBySource.inc({ source: "local_cache_hit" }, cachedTokens);
		},
		step: (step) => countStep(metrics, step),
		grammarCompiled(result, seconds) {
			metrics.grammarCompilations.inc({ result });
			if (seconds !== null) metrics.grammarCompileTime.observe(seconds);
		},
		engineRestarted: () => metrics.engineRestarts.inc(),
		observeRequest({ method, route, status, durationSeconds }) {
			metrics.httpRequests.inc({ method, route, status });
			metrics.httpDuration.observe({ method, route }, durationSeconds);
		},
		setLoad(read) {
			readLoad = read;
		},
		setAdapters(read) {
			readAdapters = read;
		},
		setEngineGauges(read) {
			readEngine = read;
		},
		setCacheConfig({ blockSize, blocks }) {
			metrics.cacheConfig.reset();
			const labels = { block_size: blockSize, num_gpu_blocks: blocks };
			metrics.cacheConfig.set(labels, 1);
			metrics.kvCells.set(blockSize * blocks);
		},
		setReady: (isReady) => metrics.ready.set(isReady ? 1 : 0),
		async render() {
			readGauges();
			const parts = [registry.render(), processRegistry.render()];
			return `${(await Promise.all(parts)).join("\n\n")}\n`;
		},
		[Symbol.dispose]: () => processMetrics[Symbol.dispose](),
	};
}

type Metrics = ReturnType<typeof registerAll>;

const noneWaits = Object.freeze({ slot: 0, memory: 0, prefix: 0 });

function observeTimes(metrics: Metrics, request: FinishedRequest): void {
	const { prefillSeconds, decodeSeconds, timePerOutputTokenSeconds } = request;
	metrics.endToEndLatency.observe(request.endToEndSeconds);
	metrics.queueTime.observe(request.queueSeconds);
	metrics.prefillTime.observe(prefillSeconds);
	metrics.decodeTime.observe(decodeSeconds);
	metrics.inferenceTime.observe(prefillSeconds + decodeSeconds);
	if (timePerOutputTokenSeconds !== null)
		metrics.timePerOutputToken.observe(timePerOutputTokenSeconds);
}

function countStep(metrics: Metrics, step: StepSample): void {
	const { prefillTokens, decodeTokens, draftedTokens } = step;
	metrics.stepDuration.observe(step.seconds);
	metrics.stepTokens.observe(prefillTokens + decodeTokens + draftedTokens);
	metrics.stepPrefillTokens.inc(prefillTokens);
	metrics.stepDecodeTokens.inc(decodeTokens);
	metrics.draftedTokens.inc(draftedTokens);
	metrics.acceptedTokens.inc(step.acceptedTokens);
	metrics.preemptions.inc(step.preemptions);
	metrics.tokensEvicted.inc(step.evictedTokens);
	metrics.tokensSaved.inc(step.savedTokens);
	metrics.tokensRestored.inc(step.restoredTokens);
	metrics.constraintSeconds.inc(step.constraintSeconds);
	metrics.constrainedTokens.inc(step.constrainedTokens);
}

/** Null before there is an engine. */
function setEngineGauges(metrics: Metrics, engine: EngineGauges | null): void {
	const { slot, memory, prefix } = engine?.waitingFor ?? noneWaits;
	for (const [reason, count] of Object.entries({ slot, memory, prefix }))
		metrics.waitingByReason.set({ reason }, count);
	metrics.waitingByCapacity.set({ reason: "capacity" }, slot + memory);
	metrics.waitingByCapacity.set({ reason: "deferred" }, prefix);
	metrics.retainedTokens.set(engine?.retainedTokens ?? 0);
	metrics.savedTokens.set(engine?.savedTokens ?? 0);
	metrics.engineResidentBytes.set(engine?.residentBytes ?? 0);
	metrics.targetItl.set((engine?.targetItlMs ?? 0) / 1000);
	// The layout may change while the service runs: a series of the old one must not stay.
	metrics.kvLayout.reset();
	metrics.kvLayout.set({ layout: engine?.kvLayout ?? "unknown" }, 1);
}

function registerAll(registry: ReturnType<typeof createMetricRegistry>) {
	const { counter, gauge, histogram, labelledHistogram } = registry;
	return {
		running: gauge(rows.running),
		waiting: gauge(rows.waiting),
		waitingByReason: gauge(rows.waitingByReason),
		waitingByCapacity: gauge(rows.waitingByCapacity),
		maxSequences: gauge(rows.maxSequences),
		kvCacheUsage: gauge(rows.kvCacheUsage),
		kvCells: gauge(rows.kvCells),
		kvLayout: gauge(rows.kvLayout),
		retainedTokens: gauge(rows.retainedTokens),
		savedTokens: gauge(rows.savedTokens),
		tokensEvicted: counter(rows.tokensEvicted),
		tokensSaved: counter(rows.tokensSaved),
		tokensRestored: counter(rows.tokensRestored),
		prefixCacheQueries: counter(rows.prefixCacheQueries),
		prefixCacheHits: counter(rows.prefixCacheHits),
		promptTokensBySource: counter(rows.promptTokensBySource),
		promptTokens: counter(rows.promptTokens),
		generationTokens: counter(rows.generationTokens),
		timeToFirstToken: histogram(rows.timeToFirstToken),
		interTokenLatency: histogram(rows.interTokenLatency),
		timePerOutputToken: histogram(rows.timePerOutputToken),
		endToEndLatency: histogram(rows.endToEndLatency),
		queueTime: histogram(rows.queueTime),
		prefillTime: histogram(rows.prefillTime),
		decodeTime: histogram(rows.decodeTime),
		inferenceTime: histogram(rows.inferenceTime),
		requestPromptTokens: histogram(rows.requestPromptTokens),
		requestGenerationTokens: histogram(rows.requestGenerationTokens),
		finishedRequests: counter(rows.finishedRequests),
		succeededRequests: counter(rows.succeededRequests),
		failedRequests: counter(rows.failedRequests),
		rejectedRequests: counter(rows.rejectedRequests),
		preemptions: counter(rows.preemptions),
		stepDuration: histogram(rows.stepDuration),
		stepTokens: histogram(rows.stepTokens),
		stepPrefillTokens: counter(rows.stepPrefillTokens),
		stepDecodeTokens: counter(rows.stepDecodeTokens),
		draftedTokens: counter(rows.draftedTokens),
		acceptedTokens: counter(rows.acceptedTokens),
		constraintSeconds: counter(rows.constraintSeconds),
		constrainedTokens: counter(rows.constrainedTokens),
		grammarCompileTime: histogram(rows.grammarCompileTime),
		grammarCompilations: counter(rows.grammarCompilations),
		targetItl: gauge(rows.targetItl),
		engineRestarts: counter(rows.engineRestarts),
		ready: gauge(rows.ready),
		cacheConfig: gauge(rows.cacheConfig),
		loraRequests: gauge(rows.loraRequests),
		buildInfo: gauge(rows.buildInfo),
		httpRequests: counter(rows.httpRequests),
		httpDuration: labelledHistogram(rows.httpDuration),
		engineResidentBytes: gauge(rows.engineResidentBytes),
	};
}
