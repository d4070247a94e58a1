/** One bucket of a histogram: how many observations were at most `upperBound`. */
export interface HistogramBucket {
	upperBound: number;
	count: number;
}

interface Series {
	labels: Readonly<Record<string, string>>;
	value: number;
}

/** One scrape of Prometheus' text format. */
export class MetricSamples {
	readonly #series = new Map<string, Series[]>();

	/** Lines that are no samples are passed over: a newer exporter may write what this reader does not know. */
	constructor(text: string) {
		for (const line of text.split("\n")) {
			const sample = line.startsWith("#") ? null : parseLine(line);
			if (sample === null) continue;
			const series = this.#series.get(sample.name);
			if (series === undefined) this.#series.set(sample.name, [sample]);
			else series.push(sample);
		}
	}

	/** The sum of the series that have these labels; null when there is none. */
	value(
		name: string,
		labels: Readonly<Record<string, string>> = {},
	): number | null {
		const wanted = Object.entries(labels);
		const series = this.#of(name).filter((one) =>
			wanted.every(([label, value]) => one.labels[label] === value),
		);
		return series.length === 0
			? null
			: series.reduce((sum, one) => sum + one.value, 0);
	}

	/** Sums by one label's values. */
	byLabel(name: string, label: string): ReadonlyMap<string, number> {
		const sums = new Map<string, number>();
		for (const { labels, value } of this.#of(name)) {
			const key = labels[label];
			if (key !== undefined) sums.set(key, (sums.get(key) ?? 0) + value);
		}
		return sums;
	}

	/** A label of the first series; null where there is none. */
	label(name: string, label: string): string | null {
		return this.#of(name)[0]?.labels[label] ?? null;
	}

	/** Cumulative, by ascending bound. */
	buckets(name: string): readonly HistogramBucket[] {
		return [...this.byLabel(`${name}_bucket`, "le")]
			.map(([bound, count]) => ({ upperBound: parseNumber(bound), count }))
			.sort((left, right) => left.upperBound - right.upperBound);
	}

	#of(name: string): readonly Series[] {
		return this.#series.get(name) ?? [];
	}
}

/**
 * The value below which a share of the observations between two scrapes lies, as Prometheus' `histogram_quantile`
 * estimates it: evenly spread inside a bucket, and the highest finite bound when it lies above all of them. Null when
 * nothing was observed.
 */
export function quantileBetween(
	before: readonly HistogramBucket[],
	after: readonly HistogramBucket[],
	share: number,
): number | null {
	const counts = new Map(before.map((one) => [one.upperBound, one.count]));
	const buckets = after.map(({ upperBound, count }) => ({
		upperBound,
		count: Math.max(0, count - (counts.get(upperBound) ?? 0)),
	}));
	const total = buckets.at(-1)?.count ?? 0;
	if (total === 0) return null;
	const rank = share * total;
	let lowerBound = 0;
	let below = 0;
	for (const { upperBound, count } of buckets) {
		if (count >= rank && count > below) {
			if (upperBound === Infinity) break;
			const part = (rank - below) / (count - below);
			return lowerBound + (upperBound - lowerBound) * Math.max(0, part);
		}
		below = count;
		lowerBound = upperBound;
	}
	return lowerBound === 0 ? null : lowerBound;
}

/** `name{label="value",...} value timestamp?`; null for anything else. */
function parseLine(line: string): (Series & { name: string }) | null {
	const [, name, labelText, number] =
		/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/.exec(line) ??
		[];
	if (name === undefined || number === undefined) return null;
	const value = parseNumber(number);
	if (Number.isNaN(value)) return null;
	const labels: Record<string, string> = {};
	const pairs = (labelText ?? "").matchAll(
		/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g,
	);
	for (const [, label = "", escaped = ""] of pairs)
		labels[label] = escaped.replace(/\\(.)/g, (_, letter: string) =>
			letter === "n" ? "\n" : letter,
		);
	return { name, labels, value };
}

function parseNumber(text: string): number {
	if (/^\+?inf$/i.test(text)) return Infinity;
	return /^-inf$/i.test(text) ? -Infinity : Number(text);
}
