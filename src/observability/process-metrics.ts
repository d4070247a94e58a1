import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MetricRegistry } from "./metric-registry.ts";
import { processMetrics } from "./metrics-table.ts";

const nanoseconds = 1e-9;
const samplingMs = 10;

/** The process's own metrics, read when `read` is called: before a scrape is rendered. */
export interface ProcessMetrics extends Disposable {
	read(): void;
}

export function createProcessMetrics(registry: MetricRegistry): ProcessMetrics {
	const residentBytes = registry.gauge(processMetrics.residentBytes);
	const heapBytes = registry.gauge(processMetrics.heapBytes);
	const cpuSeconds = registry.counter(processMetrics.cpuSeconds);
	const startTime = registry.gauge(processMetrics.startTime);
	const lagMean = registry.gauge(processMetrics.eventLoopLagMean);
	const lagP99 = registry.gauge(processMetrics.eventLoopLagP99);
	const lagMax = registry.gauge(processMetrics.eventLoopLagMax);
	startTime.set(Math.round(Date.now() / 1000 - process.uptime()));
	const delay = monitorEventLoopDelay({ resolution: samplingMs });
	delay.enable();
	let reportedCpuSeconds = 0;
	return {
		read() {
			const memory = process.memoryUsage();
			residentBytes.set(memory.rss);
			heapBytes.set(memory.heapUsed);
			const { user, system } = process.cpuUsage();
			const total = (user + system) / 1e6;
			cpuSeconds.inc(Math.max(0, total - reportedCpuSeconds));
			reportedCpuSeconds = total;
			// What is measured is the time between two samples; the lag is what exceeds their distance.
			const toLag = (measured: number) =>
				Math.max(0, measured * nanoseconds - samplingMs / 1000);
			lagMean.set(Number.isNaN(delay.mean) ? 0 : toLag(delay.mean));
			lagP99.set(toLag(delay.percentile(99)));
			lagMax.set(toLag(delay.max));
			delay.reset();
		},
		[Symbol.dispose]: () => void delay.disable(),
	};
}
