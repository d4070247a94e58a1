import { describe, expect, test } from "vitest";
import { processTreeMemory } from "./process-memory.ts";
import { ReplicaMetrics } from "./replica-metrics.ts";
import { ReplicaSet } from "./replica-set.ts";
import { FakeReplica } from "./testing/fake-replica.ts";

function page(tokens: number, more = "", startedAt = 1): string {
	return `process_start_time_seconds ${startedAt}
galley:num_requests_running{model_name="m"} 3
galley:num_requests_waiting{model_name="m"} 2
galley:num_request_max{model_name="m"} 8
galley:kv_cache_usage_perc{model_name="m"} 0.25
galley:generation_tokens_total{model_name="m"} ${tokens}
${more}`;
}

const itl = (fast: number, slow: number) =>
	`galley:inter_token_latency_seconds_bucket{le="0.02"} ${fast}
galley:inter_token_latency_seconds_bucket{le="0.04"} ${fast + slow}
galley:inter_token_latency_seconds_bucket{le="+Inf"} ${fast + slow}`;

function watch() {
	const fake = new FakeReplica("s/1");
	const set = new ReplicaSet({
		name: "s",
		replicas: 1,
		startsOnDemand: false,
		idleMs: 0,
		createReplica: () => fake.asReplica(),
	});
	fake.start();
	fake.phase = "ready";
	const clock = { ms: 0 };
	const metrics = new ReplicaMetrics({
		services: new Map([["s", set]]),
		now: () => clock.ms,
		memoryOf: async () => 42,
	});
	return { fake, clock, metrics };
}

describe("what a replica says of itself", () => {
	test("gauges are those of now, rates and percentiles those of the window", async () => {
		const { fake, clock, metrics } = watch();
		fake.pages.set("/v1/metrics", page(1000, itl(10, 10)));
		await metrics.round();
		expect(metrics.reading("s/1")).toMatchObject({
			running: 3,
			waiting: 2,
			maxSequences: 8,
			kvUse: 0.25,
			tokensPerSecond: 0,
			itlMs: null,
		});
		clock.ms = 2000;
		fake.pages.set("/v1/metrics", page(1300, itl(10, 110)));
		await metrics.round();
		const reading = metrics.reading("s/1");
		expect(reading?.tokensPerSecond).toBe(150);
		expect(reading?.itlMs?.p50).toBeCloseTo(30);
		expect(metrics.memoryBytes("s/1")).toBe(42);
	});

	test("a process that began anew begins anew here", async () => {
		const { fake, clock, metrics } = watch();
		fake.pages.set("/v1/metrics", page(1000));
		await metrics.round();
		clock.ms = 1000;
		fake.pages.set("/v1/metrics", page(10, "", 2));
		await metrics.round();
		expect(metrics.reading("s/1")?.tokensPerSecond).toBe(0);
		clock.ms = 2000;
		fake.pages.set("/v1/metrics", page(60, "", 2));
		await metrics.round();
		expect(metrics.reading("s/1")?.tokensPerSecond).toBe(50);
	});

	test("what was said long ago isn't known any more", async () => {
		const { fake, clock, metrics } = watch();
		fake.pages.set("/v1/metrics", page(1));
		await metrics.round();
		fake.pages.clear();
		clock.ms = 4000;
		await metrics.round();
		expect(metrics.reading("s/1")).not.toBeNull();
		clock.ms = 6000;
		expect(metrics.reading("s/1")).toBeNull();
	});

	test("sequences are asked for while somebody looks", async () => {
		const { fake, metrics } = watch();
		fake.pages.set("/v1/metrics", page(1));
		fake.pages.set(
			"/v1/requests",
			JSON.stringify({
				data: [
					{ id: "a", object: "request", waits_for: null, prompt_tokens: 7 },
				],
			}),
		);
		await metrics.round();
		expect(metrics.sequences("s/1")).toEqual([]);
		const looking = metrics.look();
		await metrics.round();
		expect(metrics.sequences("s/1")).toEqual([
			{ id: "a", waitsFor: null, promptTokens: 7 },
		]);
		looking[Symbol.dispose]();
		await metrics.round();
		expect(metrics.sequences("s/1")).toEqual([]);
	});
});

describe("memory of a process", () => {
	test("is that of all that it has started, each counted once", async () => {
		const files = new Map([
			["/proc/1/status", "Name:\ta\nVmRSS:\t  100 kB\n"],
			["/proc/1/task/1/children", "2 3 "],
			["/proc/2/status", "VmRSS:\t10 kB\n"],
			["/proc/2/task/2/children", "4 "],
			["/proc/3/status", "VmRSS:\t20 kB\n"],
			["/proc/4/status", "VmRSS:\t5 kB\n"],
		]);
		const read = async (path: string) => files.get(path) ?? null;
		expect(await processTreeMemory(1, read)).toBe(135 * 1024);
		expect(await processTreeMemory(9, read)).toBeNull();
	});

	test.runIf(process.platform === "linux")("is told of this one", async () => {
		expect(await processTreeMemory(process.pid)).toBeGreaterThan(20_000_000);
	});
});
