export interface MetricValues {
	/** Of all series with this name whose labels hold `label`; 0 where there is none. */
	sum(name: string, label?: string): number;
}

/** What a server's `/metrics` shows now, in Prometheus' text format. */
export async function readMetrics(url: string): Promise<MetricValues> {
	const text = await (await fetch(`${url}/metrics`)).text();
	const series = text
		.split("\n")
		.map((line) => /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line))
		.filter((match) => match !== null);
	return {
		sum: (wanted, label = "") =>
			series
				.filter(
					([, name, labels = ""]) => name === wanted && labels.includes(label),
				)
				.reduce((sum, [, , , value]) => sum + Number(value), 0),
	};
}
