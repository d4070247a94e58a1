import type { StageReport } from "../../../src/benchmark/report.ts";
import { median } from "../../../src/benchmark/statistics.ts";
import type { ProcessMemory } from "../../harness/process-memory.ts";
import type { ResultTable } from "../../harness/result.ts";
import type { BatchedBenchRow } from "../batched-bench.ts";
import type { InstallSize } from "../install-size.ts";

/** One server in one round. */
export interface ServerRun {
	name: string;
	command: string;
	round: number;
	readySeconds: number;
	/** Of each of its processes, the HTTP process first; read after the load. */
	memory: readonly ProcessMemory[];
	stages: (StageReport & { foreignShare: number | null })[];
}

/** llama-batched-bench in one round. */
export interface BoundRun {
	round: number;
	rows: readonly BatchedBenchRow[];
	foreignShare: number | null;
}

const ownName = "galley";

export function throughputTable(
	runs: readonly ServerRun[],
	bounds: readonly BoundRun[],
	levels: readonly number[],
): ResultTable {
	const rows = levels.map((level) => {
		const byName = medians(runs, level, (stage) => stage.outputThroughput);
		const own = byName.get(ownName) ?? 0;
		const rivals = [...byName]
			.filter(([name]) => name !== ownName)
			.sort((left, right) => right[1] - left[1]);
		const [rivalName, rival] = rivals[0] ?? ["", 0];
		const bound = Math.max(
			...(["unified", "streams"] as const).map((layout) =>
				boundMedian(bounds, level, layout),
			),
		);
		return [
			String(level),
			`${own.toFixed(1)} ${spread(runs, ownName, level)}`,
			`${rival.toFixed(1)} ${spread(runs, rivalName, level)} ${rivalName.replace("llama-server ", "")}`,
			ratio(own, rival),
			bound.toFixed(1),
			ratio(own, bound),
		];
	});
	return {
		title: "Output tokens a second: median (lowest to highest)",
		head: [
			"at a time",
			"Galley",
			"llama-server",
			"ratio",
			"llama-batched-bench",
			"ratio",
		],
		rows,
	};
}

export function latencyTable(
	runs: readonly ServerRun[],
	levels: readonly number[],
): ResultTable {
	const figures = [
		["TTFT, median", (stage: StageReport) => stage.ttftMs.median],
		["TPOT, mean", (stage: StageReport) => stage.tpotMs.mean],
		["ITL, p99", (stage: StageReport) => stage.itlMs.p99],
	] as const;
	const rows = figures.flatMap(([name, figure]) =>
		levels.map((level) => [
			`${name}, ${level} at a time`,
			...[...medians(runs, level, figure).values()].map((value) =>
				value.toFixed(1),
			),
		]),
	);
	return {
		title: "Latency, milliseconds",
		head: ["", ...serverNames(runs)],
		rows,
	};
}

/** Start and memory of every process of a server. */
export function startTable(
	runs: readonly ServerRun[],
	modelBytes: number,
): ResultTable {
	const rows = serverNames(runs).flatMap((name) => {
		const own = runs.filter((run) => run.name === name);
		const middle = (figure: (run: ServerRun) => number) =>
			median(own.map(figure));
		const processes = own[0]?.memory ?? [];
		const whole = middle((run) =>
			run.memory.reduce((sum, part) => sum + part.proportionalBytes, 0),
		);
		return processes.map((_, index) => [
			processes.length === 1
				? name
				: `${name}, ${index === 0 ? "HTTP process" : "engine process"}`,
			index === 0 ? middle((run) => run.readySeconds).toFixed(2) : "",
			megabytes(middle((run) => run.memory[index]?.residentBytes ?? 0)),
			megabytes(middle((run) => run.memory[index]?.anonymousBytes ?? 0)),
			index === 0 ? megabytes(whole) : "",
		]);
	});
	return {
		title: `Start and memory (the model file, ${megabytes(modelBytes)} MB, is mapped and counts as resident)`,
		head: [
			"",
			"ready after s",
			"resident MB",
			"of it not mapped from files MB",
			"whole server MB (proportional)",
		],
		rows,
	};
}

export function installTable({
	packages,
	bytes,
	largest,
}: InstallSize): ResultTable {
	return {
		title: "A production install of Galley",
		head: ["", "MB on disk"],
		rows: [
			[`${packages} packages`, megabytes(bytes)],
			...largest.map((entry) => [
				`of it ${entry.name}`,
				megabytes(entry.bytes),
			]),
		],
	};
}

export function megabytes(bytes: number): string {
	return (bytes / 1e6).toFixed(0);
}

/** In alphabetical order, so that columns do not depend on who ran first. */
function serverNames(runs: readonly ServerRun[]): string[] {
	return [...new Set(runs.map((run) => run.name))].sort();
}

function figures(
	runs: readonly ServerRun[],
	name: string,
	level: number,
	figure: (stage: StageReport) => number,
): number[] {
	return runs
		.filter((run) => run.name === name)
		.flatMap((run) => run.stages)
		.filter(({ load }) => load.mode === "closed" && load.concurrency === level)
		.map(figure);
}

/** Of one figure at one concurrency over the rounds, by server. */
function medians(
	runs: readonly ServerRun[],
	level: number,
	figure: (stage: StageReport) => number,
): Map<string, number> {
	return new Map(
		serverNames(runs).map((name) => [
			name,
			median(figures(runs, name, level, figure)),
		]),
	);
}

function spread(
	runs: readonly ServerRun[],
	name: string,
	level: number,
): string {
	const values = figures(runs, name, level, (stage) => stage.outputThroughput);
	return values.length < 2
		? ""
		: `(${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
}

function boundMedian(
	bounds: readonly BoundRun[],
	level: number,
	layout: BatchedBenchRow["layout"],
): number {
	const rows = bounds
		.flatMap((bound) => bound.rows)
		.filter((row) => row.layout === layout && row.concurrency === level);
	return median(rows.map((row) => row.outputThroughput));
}

function ratio(own: number, rival: number): string {
	return rival > 0 ? `${(own / rival).toFixed(2)}x` : "-";
}
