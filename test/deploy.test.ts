import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { scalingSchema } from "../src/gateway/autoscale/scaling-settings.ts";
import { gatewayMetrics } from "../src/gateway/metrics/gateway-metrics-table.ts";
import type { MetricRow } from "../src/observability/metrics-table.ts";
import * as serviceTables from "../src/observability/metrics-table.ts";
import { checkQuery, type SeriesKinds } from "./promql.ts";

const file = (path: string) =>
	readFile(new URL(`../deploy/${path}`, import.meta.url), "utf8");

/** Of all tables: what the gateway shows of itself, and of its services with two labels more. That they are exposed, another test sees. */
const series = new Map() as Map<
	string,
	{ type: "counter" | "gauge" | "bucket"; labels: Set<string> }
>;
const add = (row: MetricRow, more: readonly string[]) => {
	for (const name of row.names) {
		const labels = [...(row.labels ?? []), ...more];
		const put = (
			part: string,
			type: "counter" | "gauge" | "bucket",
			own: string[],
		) => {
			const known = series.get(part);
			series.set(part, {
				type,
				labels: new Set([...(known?.labels ?? []), ...own]),
			});
		};
		if (row.type !== "histogram") put(name, row.type, labels);
		else {
			put(`${name}_bucket`, "bucket", [...labels, "le"]);
			put(`${name}_sum`, "counter", labels);
			put(`${name}_count`, "counter", labels);
		}
	}
};
const ofService = ["service", "replica"];
const { processMetrics, ...tables } = serviceTables as unknown as Record<
	string,
	Record<string, MetricRow>
>;
for (const row of Object.values(gatewayMetrics)) add(row, []);
for (const row of Object.values(processMetrics ?? {})) add(row, ofService);
for (const table of Object.values(tables))
	for (const row of Object.values(table))
		if (Array.isArray(row?.names)) add(row, [...ofService, "model_name"]);

const problemsOf = (query: string) =>
	checkQuery(query, series as SeriesKinds).problems;

interface Panel {
	title: string;
	panels?: Panel[];
	targets?: { expr: string; legendFormat?: string }[];
}

describe("the dashboard", () => {
	test("asks what Prometheus can answer, and names labels that the answers have", async () => {
		const board = JSON.parse(await file("grafana/galley.json")) as {
			panels: Panel[];
			templating: { list: { query: string | { query: string } }[] };
		};
		const panels = board.panels.flatMap((panel) => [
			panel,
			...(panel.panels ?? []),
		]);
		const targets = panels.flatMap(({ title, targets = [] }) =>
			targets.map((target) => ({ title, ...target })),
		);
		expect(targets.length).toBeGreaterThan(40);
		for (const { title, expr, legendFormat = "" } of targets) {
			const { problems, labels } = checkQuery(expr, series);
			expect(problems, `${title}: ${expr}`).toEqual([]);
			for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
				expect([...labels], `${title}: ${legendFormat}`).toContain(label);
		}
		for (const { query } of board.templating.list) {
			const text = typeof query === "string" ? query : query.query;
			const [, metric = "", label = ""] =
				/^label_values\(([\w:]+), (\w+)\)$/.exec(text) ?? [];
			if (metric === "") continue;
			expect([...(series.get(metric)?.labels ?? [])]).toContain(label);
		}
	});
});

describe("the alerts", () => {
	test("ask what Prometheus can answer, and tell what is in the answer", async () => {
		const { groups } = parse(await file("prometheus/alerts.yml")) as {
			groups: {
				rules: {
					alert: string;
					expr: string;
					for?: string;
					labels: { severity: string };
					annotations: { summary: string };
				}[];
			}[];
		};
		const rules = groups.flatMap((group) => group.rules);
		expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
		for (const rule of rules) {
			const { problems, labels } = checkQuery(rule.expr, series);
			expect(problems, rule.alert).toEqual([]);
			expect(["warning", "critical"]).toContain(rule.labels.severity);
			const named = [
				...rule.annotations.summary.matchAll(/\$labels\.(\w+)/g),
			].map(([, label]) => label as string);
			for (const label of named)
				expect([...labels], rule.alert).toContain(label);
		}
	});
});

interface Manifest {
	kind: string;
	spec: {
		minReplicas?: number;
		maxReplicas?: number;
		minReplicaCount?: number;
		maxReplicaCount?: number;
		scaleTargetRef: { name: string };
		metrics?: {
			type: string;
			pods: {
				metric: { name: string };
				target: { type: string; averageValue: string };
			};
		}[];
		triggers?: {
			type: string;
			metricType: string;
			metadata: { query: string; threshold: string };
		}[];
		behavior?: Behavior;
		advanced?: { horizontalPodAutoscalerConfig: { behavior: Behavior } };
	};
}

interface Behavior {
	scaleUp: { stabilizationWindowSeconds: number };
	scaleDown: { stabilizationWindowSeconds: number };
}

describe("autoscaling on Kubernetes", () => {
	const manifests = async (path: string) =>
		parseAllDocuments(await file(path)).map(
			(document) => document.toJS() as Manifest,
		);
	const usual = scalingSchema.parse({});

	test("HPA scales by gauges that every service has, with the windows that Galley has itself", async () => {
		const [{ kind, spec }] = (await manifests("kubernetes/hpa.yaml")) as [
			Manifest,
		];
		expect(kind).toBe("HorizontalPodAutoscaler");
		const names = (spec.metrics ?? []).map(({ pods }) => pods.metric.name);
		expect(names.length).toBeGreaterThan(0);
		for (const name of names)
			expect(series.get(name)?.type, name).toBe("gauge");
		expect(spec.behavior).toMatchObject({
			scaleUp: { stabilizationWindowSeconds: usual.scaleUp.windowSeconds },
			scaleDown: { stabilizationWindowSeconds: usual.scaleDown.windowSeconds },
		});
	});

	test("KEDA's queries are ones that Prometheus can answer with one number", async () => {
		const [{ kind, spec }] = (await manifests("kubernetes/keda.yaml")) as [
			Manifest,
		];
		expect(kind).toBe("ScaledObject");
		expect(spec.triggers?.length).toBeGreaterThan(0);
		for (const { metadata, metricType } of spec.triggers ?? []) {
			const { problems, labels } = checkQuery(metadata.query, series);
			expect(problems).toEqual([]);
			expect([...labels]).toEqual([]);
			expect(Number(metadata.threshold)).toBeGreaterThan(0);
			expect(metricType).toBe("AverageValue");
		}
		expect(
			spec.advanced?.horizontalPodAutoscalerConfig.behavior.scaleDown
				.stabilizationWindowSeconds,
		).toBe(usual.scaleDown.windowSeconds);
	});
});

describe("the check itself", () => {
	test.each([
		["rate(galley:gateway_replicas[5m])", /which is a gauge/],
		["delta(galley:gateway_requests_total[5m])", /which is a counter/],
		["rate(galley:gateway_requests_total)", /lacks the range/],
		["galley:gateway_requests_total[5m]", /nothing takes/],
		["sum by (replica) (rate(galley:gateway_requests_total[5m]))", /no such/],
		['galley:gateway_replicas{serivce="a"}', /no label 'serivce'/],
		["galley:gateway_request_total", /nobody exposes/],
		[
			"histogram_quantile(0.5, sum by (model) (rate(galley:gateway_request_duration_seconds_bucket[5m])))",
			/needs the label 'le'/,
		],
		[
			"histogram_quantile(0.5, sum by (le) (rate(galley:gateway_request_duration_seconds_sum[5m])))",
			/no bucket/,
		],
		[
			"histogram_quantile(50, sum by (le) (rate(galley:gateway_request_duration_seconds_bucket[5m])))",
			/between 0 and 1/,
		],
		[
			"sum by (model) (rate(galley:gateway_retries_total[5m])) / sum by (target) (rate(galley:gateway_requests_total[5m]))",
			/different labels/,
		],
		["sum(rate(galley:gateway_requests_total[5m])", /'\)' is expected/],
	])("finds what is wrong with %s", (query, problem) => {
		expect(problemsOf(query).join("; ")).toMatch(problem);
	});
});
