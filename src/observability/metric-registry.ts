import { Counter, Gauge, Histogram, type Metric, Registry } from "prom-client";
import { BucketHistogram } from "./bucket-histogram.ts";
import { HistogramFamily } from "./histogram-family.ts";
import type { MetricRow } from "./metrics-table.ts";

/** What is recorded once and rendered under all names of its row. */
export interface MetricRegistry {
	readonly contentType: string;
	counter(row: MetricRow): Counter;
	gauge(row: MetricRow): Gauge;
	histogram(row: MetricRow): BucketHistogram;
	/** With one label, for what is observed with every request. */
	histogramFamily(row: MetricRow): HistogramFamily;
	labelledHistogram(row: MetricRow): Histogram;
	render(): Promise<string>;
}

export function createMetricRegistry(
	defaultLabels: Readonly<Record<string, string>>,
): MetricRegistry {
	const registry = new Registry();
	registry.setDefaultLabels(defaultLabels);
	const rows: MetricRow[] = [];
	const optionsOf = (row: MetricRow) => {
		rows.push(row);
		return {
			name: row.names[0],
			help: row.help,
			labelNames: [...(row.labels ?? [])],
			registers: [registry],
		};
	};
	return {
		contentType: registry.contentType,
		counter: (row) => new Counter(optionsOf(row)),
		gauge: (row) => new Gauge(optionsOf(row)),
		histogram(row) {
			const { name, help } = optionsOf(row);
			const histogram = new BucketHistogram(name, help, row.buckets ?? []);
			// The registry asks for no more than a name and `get`; its types name its own classes only.
			registry.registerMetric(histogram as unknown as Metric);
			return histogram;
		},
		histogramFamily(row) {
			const { name, help } = optionsOf(row);
			const family = new HistogramFamily(name, help, row);
			registry.registerMetric(family as unknown as Metric);
			return family;
		},
		labelledHistogram: (row) =>
			new Histogram({ ...optionsOf(row), buckets: [...(row.buckets ?? [])] }),
		async render() {
			const blocks = rows.map(async (row) => {
				const block = await registry.getSingleMetricAsString(row.names[0]);
				return row.names.map((name) => rename(block, row.names[0], name));
			});
			return (await Promise.all(blocks)).flat().join("\n\n");
		},
	};
}

/** Names stand at the start of a sample line and as third word of a comment line, never inside another name. */
function rename(block: string, from: string, to: string): string {
	if (from === to) return block;
	const comments = [`# HELP ${from} `, `# TYPE ${from} `];
	return block
		.split("\n")
		.map((line) => {
			const comment = comments.find((start) => line.startsWith(start));
			const prefix = comment === undefined ? "" : comment.slice(0, 7);
			return prefix + to + line.slice(prefix.length + from.length);
		})
		.join("\n");
}
