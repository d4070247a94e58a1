import { BucketHistogram } from "./bucket-histogram.ts";
import type { MetricRow } from "./metrics-table.ts";

/**
 * Histograms that differ in one label. Whoever observes keeps the one of his label's value: then an observation costs some
 * nanoseconds, where prom-client's checks and sorts the labels each time. A registry renders it like any metric of prom-client's.
 */
export class HistogramFamily {
	readonly type = "histogram";
	readonly name: string;
	readonly help: string;
	/** What prom-client does with it when several processes' metrics are put together. */
	readonly aggregator = "sum";
	readonly #label: string;
	readonly #upperBounds: readonly number[];
	readonly #members = new Map<string, BucketHistogram>();

	constructor(
		name: string,
		help: string,
		{ labels: [label = ""] = [], buckets = [] }: MetricRow,
	) {
		this.name = name;
		this.help = help;
		this.#label = label;
		this.#upperBounds = buckets;
	}

	of(value: string): BucketHistogram {
		let member = this.#members.get(value);
		if (member === undefined) {
			member = new BucketHistogram(this.name, this.help, this.#upperBounds);
			this.#members.set(value, member);
		}
		return member;
	}

	/** Called by the registry. */
	async get() {
		const { name, help, type, aggregator } = this;
		const members = [...this.#members].map(async ([value, member]) => {
			const { values } = await member.get();
			return values.map((sample) => ({
				...sample,
				labels: { ...sample.labels, [this.#label]: value },
			}));
		});
		const values = (await Promise.all(members)).flat();
		return { name, help, type, aggregator, values };
	}
}
