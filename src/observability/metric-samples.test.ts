import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MetricSamples, quantileBetween } from "./metric-samples.ts";
import { createServiceMetrics } from "./service-metrics.ts";

describe("MetricSamples", () => {
	it("reads names, labels, escapes, timestamps and numbers of all shapes", () => {
		const samples = new MetricSamples(
			[
				"# HELP a Text with a 1.",
				"# TYPE a counter",
				'a{model="x",reason="full"} 2',
				'a{model="x",reason="a \\"b\\", \\\\c\\nd} "} 3.5 1700000000000',
				"a:b 1e3",
				"huge +Inf",
				"",
			].join("\n"),
		);
		expect(samples.value("a")).toBe(5.5);
		expect(samples.value("a", { reason: "full" })).toBe(2);
		expect([...samples.byLabel("a", "reason").keys()]).toEqual([
			"full",
			'a "b", \\c\nd} ',
		]);
		expect(samples.label("a", "model")).toBe("x");
		expect(samples.value("a:b")).toBe(1000);
		expect(samples.value("huge")).toBe(Infinity);
	});

	it("tells what is not there from 0", () => {
		const samples = new MetricSamples("zero 0\nnot a sample\nodd NaN\n{} 1\n");
		expect(samples.value("zero")).toBe(0);
		expect(samples.value("zero", { label: "x" })).toBeNull();
		expect(samples.value("odd")).toBeNull();
		expect(samples.value("gone")).toBeNull();
		expect(samples.label("gone", "x")).toBeNull();
		expect(samples.buckets("gone")).toEqual([]);
	});

	it("survives any text", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				new MetricSamples(text);
			}),
		);
	});

	it("reads what a service writes", async () => {
		using metrics = createServiceMetrics({
			modelName: 'odd "name"',
			maxSequences: 8,
			version: "1.2.3",
		});
		metrics.requestRejected("queue_full");
		metrics.interToken(0.02);
		metrics.interToken(200);
		const samples = new MetricSamples(await metrics.render());
		const rejected = "galley:requests_rejected_total";
		expect(samples.value(rejected, { reason: "queue_full" })).toBe(1);
		expect(samples.label(rejected, "model_name")).toBe('odd "name"');
		const buckets = samples.buckets("galley:inter_token_latency_seconds");
		expect(buckets.at(-1)).toEqual({ upperBound: Infinity, count: 2 });
		expect(buckets.find(({ count }) => count === 1)?.upperBound).toBe(0.025);
	});
});

describe("quantileBetween", () => {
	const bounds = [1, 2, 4, Infinity];
	const histogram = (...counts: number[]) =>
		counts.map((count, index) => ({ upperBound: bounds[index] ?? 0, count }));

	it("looks only at what came between the two scrapes", () => {
		const before = histogram(100, 100, 100, 100);
		const after = histogram(100, 110, 110, 110);
		expect(quantileBetween(before, after, 0.5)).toBe(1.5);
		expect(quantileBetween([], before, 0.5)).toBe(0.5);
	});

	it("is null when nothing came", () => {
		const same = histogram(3, 4, 5, 6);
		expect(quantileBetween(same, same, 0.5)).toBeNull();
		expect(quantileBetween([], [], 0.5)).toBeNull();
	});

	it("ends at the highest finite bound", () => {
		expect(quantileBetween([], histogram(0, 0, 0, 9), 0.95)).toBe(4);
	});

	it("grows with the share and stays within the bounds", () => {
		const increments = fc.array(fc.nat(50), { minLength: 4, maxLength: 4 });
		fc.assert(
			fc.property(increments, (parts) => {
				let sum = 0;
				const after = histogram(...parts.map((part) => (sum += part)));
				const quantiles = [0, 0.25, 0.5, 0.95, 1].map((share) =>
					quantileBetween([], after, share),
				);
				if (sum === 0) return quantiles.every((one) => one === null);
				return quantiles.every((one, index) => {
					const previous = quantiles[index - 1] ?? 0;
					return one !== null && one >= previous && one <= 4;
				});
			}),
		);
	});
});
