import { afterEach, describe, expect, test } from "vitest";
import { allMetricRows, serviceMetrics } from "./metrics-table.ts";
import {
	createServiceMetrics,
	type ServiceMetrics,
} from "./service-metrics.ts";

interface Sample {
	name: string;
	labels: Record<string, string>;
	value: number;
}

interface Family {
	name: string;
	help: string;
	type: string;
	samples: Sample[];
}

/** A strict reader of Prometheus' text format 0.0.4: throws at whatever a scraper would refuse. */
function parse(text: string): Map<string, Family> {
	const families = new Map<string, Family>();
	let current: Family | undefined;
	const series = new Set<string>();
	if (!text.endsWith("\n")) throw new Error("no line break at the end");
	for (const line of text.split("\n")) {
		if (line === "") continue;
		const help = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
		const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram)$/.exec(
			line,
		);
		if (help !== null) {
			const [, name = "", words = ""] = help;
			if (families.has(name)) throw new Error(`HELP twice: ${name}`);
			current = { name, help: words, type: "", samples: [] };
			families.set(name, current);
		} else if (type !== null) {
			if (current?.name !== type[1] || current?.type !== "")
				throw new Error(`TYPE out of place: ${line}`);
			current.type = type[2] ?? "";
		} else {
			const sample = parseSample(line);
			if (current === undefined) throw new Error(`no family: ${line}`);
			const suffix = sample.name.slice(current.name.length);
			const suffixes =
				current.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
			if (!sample.name.startsWith(current.name) || !suffixes.includes(suffix))
				throw new Error(`not of family ${current.name}: ${line}`);
			const identity = line.slice(0, line.lastIndexOf(" "));
			if (series.has(identity)) throw new Error(`series twice: ${identity}`);
			series.add(identity);
			current.samples.push(sample);
		}
	}
	return families;
}

function parseSample(line: string): Sample {
	const match =
		/^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\S+)$/.exec(
			line,
		);
	if (match === null) throw new Error(`not a sample: ${line}`);
	const [, name = "", labelText = "", valueText = ""] = match;
	const value = valueText === "+Inf" ? Infinity : Number(valueText);
	if (Number.isNaN(value)) throw new Error(`not a number: ${line}`);
	const labels: Record<string, string> = {};
	for (const { 1: label = "", 2: escaped = "" } of labelText.matchAll(
		/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g,
	)) {
		if (Object.hasOwn(labels, label)) throw new Error(`label twice: ${line}`);
		labels[label] = escaped.replace(/\\(.)/g, (_, letter) =>
			letter === "n" ? "\n" : letter,
		);
	}
	return { name, labels, value };
}

const open: ServiceMetrics[] = [];
afterEach(() => {
	for (const metrics of open.splice(0)) metrics[Symbol.dispose]();
});

function create(modelName = "tiny"): ServiceMetrics {
	const metrics = createServiceMetrics({
		modelName,
		maxSequences: 8,
		version: "1.2.3",
	});
	open.push(metrics);
	return metrics;
}

/** Something of everything. */
function recordAll(metrics: ServiceMetrics): void {
	metrics.requestReceived(40);
	metrics.requestRejected("queue_full");
	metrics.firstToken(0.05);
	metrics.interToken(0.02);
	metrics.tokensGenerated(2);
	metrics.requestFinished({
		finishReason: "stop",
		endToEndSeconds: 0.4,
		queueSeconds: 0.01,
		prefillSeconds: 0.04,
		decodeSeconds: 0.35,
		timePerOutputTokenSeconds: 0.02,
		promptTokens: 40,
		completionTokens: 12,
	});
	metrics.requestFailed("engine_crashed");
	metrics.sequenceStarted(40, 32);
	metrics.step({
		seconds: 0.03,
		prefillTokens: 100,
		decodeTokens: 4,
		draftedTokens: 6,
		acceptedTokens: 5,
		preemptions: 2,
		evictedTokens: 70,
		savedTokens: 50,
		restoredTokens: 30,
		constraintSeconds: 0,
		constrainedTokens: 0,
	});
	metrics.engineRestarted();
	metrics.observeRequest({
		method: "POST",
		route: "/v1/chat/completions",
		status: 200,
		durationSeconds: 0.4,
	});
	metrics.setLoad(() => ({
		running: 3,
		waiting: 2,
		kvCacheUsage: 0.25,
		maxSequences: 8,
	}));
	metrics.setEngineGauges(() => ({
		residentBytes: 1000,
		waitingFor: { slot: 3, memory: 2, prefix: 1 },
		retainedTokens: 500,
		savedTokens: 200,
		kvLayout: "unified",
		targetItlMs: 50,
	}));
	metrics.setCacheConfig({ blockSize: 1, blocks: 4096 });
	metrics.setReady(true);
}

async function scrape(metrics: ServiceMetrics) {
	const families = parse(await metrics.render());
	const value = (name: string, labels: Record<string, string> = {}) =>
		[...families.values()]
			.flatMap(({ samples }) => samples)
			.find(
				(sample) =>
					sample.name === name &&
					Object.entries(labels).every(
						([label, expected]) => sample.labels[label] === expected,
					),
			)?.value;
	return { families, value };
}

describe("the table", () => {
	test("uses each name once", () => {
		const names = allMetricRows.flatMap((row) => row.names);
		expect(new Set(names).size).toBe(names.length);
	});

	test("says one sentence of help about each", () => {
		for (const row of allMetricRows) expect(row.help).toMatch(/^[A-Z0-9].*\.$/);
	});

	test("names counters, histograms and units as Prometheus asks", () => {
		for (const { names, type, buckets } of allMetricRows) {
			expect(names[0].endsWith("_total")).toBe(
				type === "counter" || names[0] === "galley:iteration_tokens_total",
			);
			expect(buckets !== undefined).toBe(type === "histogram");
			expect(buckets ?? []).toEqual(
				[...(buckets ?? [])].sort((left, right) => left - right),
			);
		}
	});

	test("has the names that dashboards, autoscalers and operators read", () => {
		const names = new Set(allMetricRows.flatMap((row) => row.names));
		const expected = [
			...["vllm:num_requests_running", "vllm:num_requests_waiting"],
			...["vllm:kv_cache_usage_perc", "vllm:cache_config_info"],
			...["vllm:lora_requests_info", "vllm:request_success_total"],
			...["vllm:time_to_first_token_seconds", "vllm:num_preemptions_total"],
			...["vllm:inter_token_latency_seconds", "vllm:prompt_tokens_total"],
			...["vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total"],
			"vllm:num_requests_waiting_by_reason",
			"vllm:prompt_tokens_by_source_total",
			"vllm:spec_decode_num_draft_tokens_total",
			"vllm:spec_decode_num_accepted_tokens_total",
			...["num_requests_running", "num_requests_waiting", "num_request_max"],
			...["gpu_cache_usage_perc", "prompt_tokens_total"],
			...["generation_tokens_total", "time_to_first_token_seconds"],
			...["time_per_output_token_seconds", "e2e_request_latency_seconds"],
			...["request_finish_total", "request_success_total"],
			...["request_failure_total", "request_prompt_tokens"],
		];
		for (const name of expected) expect(names).toContain(name);
	});
});

test("every row is exposed under all its names, also before anything happened", async () => {
	const { families } = await scrape(create());
	for (const { names, type, help } of allMetricRows) {
		for (const name of names)
			expect(families.get(name)).toMatchObject({ name, type, help });
	}
	expect(families.size).toBe(allMetricRows.flatMap((row) => row.names).length);
});

test("the families agree in every sample", async () => {
	const metrics = create();
	recordAll(metrics);
	const { families } = await scrape(metrics);
	for (const { names } of allMetricRows) {
		const [first, ...others] = names.map((name) => {
			const samples = families.get(name)?.samples ?? [];
			return samples.map((sample) => ({
				...sample,
				name: sample.name.slice(name.length),
			}));
		});
		expect(first?.length).toBeGreaterThan(0);
		for (const other of others) expect(other).toEqual(first);
	}
});

test("what was recorded is what is read", async () => {
	const metrics = create();
	recordAll(metrics);
	const { value } = await scrape(metrics);
	expect({
		running: value("num_requests_running"),
		waiting: value("vllm:num_requests_waiting"),
		limit: value("num_request_max"),
		kv: value("gpu_cache_usage_perc"),
		prompt: value("prompt_tokens_total"),
		generated: value("generation_tokens_total"),
		queries: value("vllm:prefix_cache_queries_total"),
		hits: value("vllm:prefix_cache_hits_total"),
		stopped: value("vllm:request_success_total", { finished_reason: "stop" }),
		errors: value("request_finish_total", { finished_reason: "error" }),
		length: value("request_finish_total", { finished_reason: "length" }),
		success: value("request_success_total"),
		failure: value("request_failure_total", { code: "engine_crashed" }),
		rejected: value("galley:requests_rejected_total", { reason: "queue_full" }),
		preempted: value("vllm:num_preemptions_total"),
		step: value("galley:iteration_tokens_total_sum"),
		waitsForSlot: value("galley:num_requests_waiting_by_reason", {
			reason: "slot",
		}),
		waitsForCapacity: value("vllm:num_requests_waiting_by_reason", {
			reason: "capacity",
		}),
		deferred: value("vllm:num_requests_waiting_by_reason", {
			reason: "deferred",
		}),
		cached: value("vllm:prompt_tokens_cached_total"),
		computedPrompt: value("vllm:prompt_tokens_by_source_total", {
			source: "local_compute",
		}),
		cachedPrompt: value("vllm:prompt_tokens_by_source_total", {
			source: "local_cache_hit",
		}),
		prefill: value("galley:prefill_tokens_computed_total"),
		decode: value("galley:decode_tokens_computed_total"),
		drafted: value("vllm:spec_decode_num_draft_tokens_total"),
		accepted: value("vllm:spec_decode_num_accepted_tokens_total"),
		evicted: value("galley:kv_tokens_evicted_total"),
		saved: value("galley:kv_tokens_saved_total"),
		restored: value("galley:kv_tokens_restored_total"),
		retainedNow: value("galley:kv_retained_tokens"),
		savedNow: value("galley:kv_saved_tokens"),
		layout: value("galley:kv_layout_info", { layout: "unified" }),
		cells: value("galley:kv_cells"),
		targetItl: value("galley:target_itl_seconds"),
		inference: value("vllm:request_inference_time_seconds_sum"),
		restarts: value("galley:engine_restarts_total"),
		ready: value("galley:ready"),
		cache: value("vllm:cache_config_info", {
			block_size: "1",
			num_gpu_blocks: "4096",
		}),
		engineBytes: value("galley:engine_resident_memory_bytes"),
		version: value("galley:build_info", { version: "1.2.3" }),
		http: value("galley:http_requests_total", {
			method: "POST",
			route: "/v1/chat/completions",
			status: "200",
		}),
	}).toEqual({
		running: 3,
		waiting: 2,
		limit: 8,
		kv: 0.25,
		prompt: 40,
		generated: 2,
		queries: 40,
		hits: 32,
		stopped: 1,
		errors: 1,
		length: 0,
		success: 1,
		failure: 1,
		rejected: 1,
		preempted: 2,
		step: 110,
		waitsForSlot: 3,
		waitsForCapacity: 5,
		deferred: 1,
		cached: 32,
		computedPrompt: 8,
		cachedPrompt: 32,
		prefill: 100,
		decode: 4,
		drafted: 6,
		accepted: 5,
		evicted: 70,
		saved: 50,
		restored: 30,
		retainedNow: 500,
		savedNow: 200,
		layout: 1,
		cells: 4096,
		targetItl: 0.05,
		inference: 0.04 + 0.35,
		restarts: 1,
		ready: 1,
		cache: 1,
		engineBytes: 1000,
		version: 1,
		http: 1,
	});
});

test("a client that goes away counts as abort", async () => {
	const metrics = create();
	metrics.requestFailed("client_closed");
	const { value } = await scrape(metrics);
	const reason = { finished_reason: "abort" };
	expect(value("vllm:request_success_total", reason)).toBe(1);
	expect(value("request_failure_total", { code: "client_closed" })).toBe(1);
});

test("histograms are cumulative and end with all observations", async () => {
	const metrics = create();
	for (const seconds of [0.0001, 0.001, 0.0011, 0.05, 79, 81, Number.NaN, -1])
		metrics.interToken(seconds);
	const { families, value } = await scrape(metrics);
	const name = "vllm:inter_token_latency_seconds";
	const buckets = families
		.get(name)
		?.samples.filter((sample) => sample.name.endsWith("_bucket"));
	const counts = buckets?.map((sample) => sample.value) ?? [];
	expect(counts).toEqual([...counts].sort((left, right) => left - right));
	const upTo = (le: string) => value(`${name}_bucket`, { le });
	// A bound belongs to its bucket; what is no duration counts as 0.
	expect([upTo("0.001"), upTo("0.0025"), upTo("80"), upTo("+Inf")]).toEqual([
		4, 5, 7, 8,
	]);
	expect(value(`${name}_count`)).toBe(8);
	expect(value(`${name}_sum`)).toBeCloseTo(160.0522, 6);
});

test("service metrics carry the model's name, process metrics do not", async () => {
	const name = 'odd "name" \\ with\nbreak';
	const metrics = create(name);
	recordAll(metrics);
	const { families } = await scrape(metrics);
	for (const { names } of Object.values(serviceMetrics)) {
		for (const family of names) {
			for (const { labels } of families.get(family)?.samples ?? [])
				expect(labels.model_name).toBe(name);
		}
	}
	const resident = families.get("process_resident_memory_bytes")?.samples[0];
	expect(resident?.labels).toEqual({});
	expect(resident?.value).toBeGreaterThan(1_000_000);
});

test("gauges are read at each scrape", async () => {
	const metrics = create();
	let running = 1;
	metrics.setLoad(() => ({
		running: running++,
		waiting: 0,
		kvCacheUsage: 0,
		maxSequences: 8,
	}));
	expect((await scrape(metrics)).value("num_requests_running")).toBe(1);
	expect((await scrape(metrics)).value("num_requests_running")).toBe(2);
});

test("a layout that changed leaves no series of the old one", async () => {
	const metrics = create();
	let kvLayout: "unified" | "streams" = "unified";
	metrics.setEngineGauges(() => ({
		residentBytes: 0,
		waitingFor: { slot: 0, memory: 0, prefix: 0 },
		retainedTokens: 0,
		savedTokens: 0,
		kvLayout,
		targetItlMs: 50,
	}));
	const layouts = async () =>
		(await scrape(metrics)).families
			.get("galley:kv_layout_info")
			?.samples.map(({ labels }) => labels.layout);
	expect(await layouts()).toEqual(["unified"]);
	kvLayout = "streams";
	expect(await layouts()).toEqual(["streams"]);
});

test("processor time never goes back, and lag is a number before the first sample", async () => {
	const metrics = create();
	const first = (await scrape(metrics)).value("process_cpu_seconds_total");
	const { value } = await scrape(metrics);
	expect(value("process_cpu_seconds_total")).toBeGreaterThanOrEqual(first ?? 1);
	expect(value("nodejs_eventloop_lag_mean_seconds")).toBeGreaterThanOrEqual(0);
	expect(value("nodejs_eventloop_lag_p99_seconds")).toBeGreaterThanOrEqual(0);
});

test("two services do not share their numbers", async () => {
	const [one, other] = [create("one"), create("other")];
	one.tokensGenerated(5);
	expect((await scrape(other)).value("generation_tokens_total")).toBe(0);
	expect((await scrape(one)).value("generation_tokens_total")).toBe(5);
});

test("the media type is Prometheus' text format", () => {
	expect(create().contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
});
