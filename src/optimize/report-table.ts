import { formatBytes } from "../models/byte-format.ts";
import {
	type OptimizeReport,
	type ReportRow,
	signedPercent,
} from "./report.ts";

/** The report's columns, the same in the terminal and in HTML. Cells are text; `isNumber` says how they are aligned. */
export interface ReportTable {
	columns: readonly { title: string; isNumber: boolean }[];
	rows: readonly { cells: readonly string[]; isWinner: boolean }[];
}

export function toReportTable(report: OptimizeReport): ReportTable {
	const { concurrencies } = report.load;
	const most = Math.max(...concurrencies);
	const number = (title: string) => ({ title, isNumber: true });
	const words = (title: string) => ({ title, isNumber: false });
	return {
		columns: [
			words("precision"),
			number("size"),
			...concurrencies.map((count) => number(`tok/s x${count}`)),
			number("spread"),
			number(`TTFT p95 x${most}`),
			number(`ITL p50/p95 x${most}`),
			number("memory"),
			number("KL"),
			number("perplexity"),
			number("same top"),
			words("verdict"),
		],
		rows: report.rows.map((row) => ({
			isWinner: row.isWinner,
			cells: cellsOf(row, concurrencies),
		})),
	};
}

function cellsOf(row: ReportRow, concurrencies: readonly number[]): string[] {
	const { loads, accuracy, peakMemoryBytes } = row;
	const last = loads.at(-1);
	const rates = concurrencies.map((_, place) => {
		const load = loads[place];
		return load === undefined ? none : rate(load.outputThroughput);
	});
	const remarks = [
		...(row.difference === "" ? [] : [row.difference]),
		...(row.isBaseline && !row.isWinner ? ["the default"] : []),
	].join("; ");
	return [
		row.precision,
		row.fileBytes === null ? none : formatBytes(row.fileBytes),
		...rates,
		row.runs < 2 ? none : `±${(100 * row.spread).toFixed(1)} %`,
		last === undefined ? none : `${last.ttftP95Ms.toFixed(0)} ms`,
		last === undefined
			? none
			: `${last.itlP50Ms.toFixed(1)}/${last.itlP95Ms.toFixed(1)} ms`,
		peakMemoryBytes === null ? none : formatBytes(peakMemoryBytes),
		accuracy === null ? none : accuracy.meanKl.toFixed(4),
		row.perplexityLoss === null ? none : signedPercent(row.perplexityLoss),
		accuracy === null ? none : `${(100 * accuracy.topAgreement).toFixed(1)} %`,
		remarks === "" ? row.verdict : `${row.verdict} (${remarks})`,
	];
}

const none = "-";

function rate(tokensPerSecond: number): string {
	return tokensPerSecond.toFixed(tokensPerSecond < 10 ? 2 : 1);
}

/** For a terminal: columns in line, numbers to the right, verdicts as they are. */
export function formatReportTable(table: ReportTable): string {
	const lines = [
		table.columns.map(({ title }) => title),
		...table.rows.map(({ cells }) => cells),
	];
	const widths = table.columns.map((_, column) =>
		Math.max(...lines.map((cells) => (cells[column] ?? "").length)),
	);
	const text = (cells: readonly string[]) =>
		cells
			.map((cell, column) => {
				const isLast = column === cells.length - 1;
				if (isLast) return cell;
				const width = widths[column] ?? 0;
				return table.columns[column]?.isNumber === true
					? cell.padStart(width)
					: cell.padEnd(width);
			})
			.join("  ")
			.trimEnd();
	return lines.map(text).join("\n");
}

/** What the table rests on: load, text, limits, noise. */
export function describeConditions(report: OptimizeReport): string {
	const { machine, load, text, constraints, noise, model } = report;
	const limits = [
		constraints.targetItlMs === null
			? null
			: `ITL p95 at most ${constraints.targetItlMs} ms`,
		constraints.targetTtftMs === null
			? null
			: `TTFT p95 at most ${constraints.targetTtftMs} ms`,
		constraints.maxKl === null
			? null
			: `KL divergence at most ${constraints.maxKl}`,
		constraints.maxPerplexityLoss === null
			? null
			: `perplexity at most ${signedPercent(constraints.maxPerplexityLoss)}`,
		constraints.maxMemoryBytes === null
			? null
			: `memory at most ${formatBytes(constraints.maxMemoryBytes)}`,
	].filter((limit) => limit !== null);
	const prefix =
		load.prefixTokens === 0 ? "" : `${load.prefixTokens} shared and `;
	return [
		`${machine.cpu}, ${machine.physicalCores} cores, llama.cpp ${report.engine.release}.`,
		`Load: ${load.concurrencies.join(" and ")} at a time, prompts of ${prefix}${load.inputTokens} tokens, answers of ${load.outputTokens}.`,
		`Accuracy against ${model.reference.precision} on ${text.windows} windows of ${text.windowTokens} tokens (${text.source === "bundled" ? "the bundled text" : text.source}).`,
		`Limits: ${limits.length === 0 ? "none" : limits.join(", ")}.`,
		`One run is off by ${(100 * noise).toFixed(1)} % (standard deviation).`,
		report.isComplete ? "" : "Run the same command again to measure the rest.",
	]
		.filter((sentence) => sentence !== "")
		.join(" ");
}
