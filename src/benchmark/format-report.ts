import type { BenchmarkReport, StageLoad } from "./report.ts";

/** The report as text for a terminal: conditions, a throughput table, a latency table, failures and notes. */
export function formatReport(report: BenchmarkReport): string {
	const { conditions, stages } = report;
	const lengths =
		conditions.inputTokens === null
			? ""
			: `, ${conditions.prefixTokens ? `${conditions.prefixTokens} shared + ` : ""}${conditions.inputTokens} tokens in`;
	const sections = [
		[
			`${conditions.model} at ${conditions.url} (${conditions.endpoint})`,
			`${conditions.prompts}${lengths}, up to ${conditions.outputTokens} out${conditions.ignoreEos ? " (end of answer ignored)" : ""}, seed ${conditions.seed}`,
		].join("\n"),
	];

	const hasGoodput = stages.some((stage) => stage.goodput !== null);
	sections.push(
		table(
			[
				"load",
				"completed",
				"failed",
				"seconds",
				"requests/s",
				"output tok/s",
				"total tok/s",
				...(hasGoodput ? ["goodput/s"] : []),
			],
			stages.map((stage) => [
				formatLoad(stage.load),
				String(stage.completed),
				String(stage.failed),
				stage.durationSeconds.toFixed(1),
				figure(stage.requestThroughput),
				figure(stage.outputThroughput),
				figure(stage.totalThroughput),
				...(hasGoodput ? [figure(stage.goodput ?? 0)] : []),
			]),
		),
	);
	sections.push(
		table(
			["load", "milliseconds", "mean", "std", "p50", "p90", "p95", "p99"],
			stages.flatMap((stage) =>
				(
					[
						["TTFT", stage.ttftMs],
						["TPOT", stage.tpotMs],
						["ITL", stage.itlMs],
						["E2E", stage.e2eMs],
					] as const
				).map(([name, times]) => [
					formatLoad(stage.load),
					name,
					...[
						times.mean,
						times.std,
						times.p50,
						times.p90,
						times.p95,
						times.p99,
					].map((time) => (times.count === 0 ? "-" : figure(time))),
				]),
			),
		),
	);

	const remarks = [...report.notes];
	for (const stage of stages) {
		for (const [kind, count] of Object.entries(stage.errors)) {
			const example = stage.errorExamples[kind];
			remarks.push(
				`${formatLoad(stage.load)}: ${count} x ${kind}${example ? ` (${example.slice(0, 200)})` : ""}`,
			);
		}
		if (stage.resent > 0) {
			remarks.push(
				`${formatLoad(stage.load)}: ${stage.resent} request(s) sent once more, because the server had closed a kept connection.`,
			);
		}
		if (stage.outputTokensFrom !== "usage") {
			remarks.push(
				`${formatLoad(stage.load)}: the server sent no usage; output tokens are chunks that carried output.`,
			);
		}
	}
	if (report.isPartial)
		remarks.push("Stopped early: these are the figures until then.");
	if (remarks.length > 0) sections.push(remarks.join("\n"));
	return `${sections.join("\n\n")}\n`;
}

/** `8 at a time`, `2.5/s`. */
export function formatLoad(load: StageLoad): string {
	if (load.mode === "closed") return `${load.concurrency} at a time`;
	return `${load.requestRate}/s${load.burstiness === 1 ? "" : ` (burstiness ${load.burstiness})`}`;
}

/** Three digits that matter, never an exponent. */
function figure(value: number): string {
	const size = Math.abs(value);
	return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function table(
	head: readonly string[],
	rows: readonly (readonly string[])[],
): string {
	const widths = head.map((title, column) =>
		Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
	);
	const line = (cells: readonly string[]) =>
		cells
			.map((cell, column) =>
				isNumberColumn(rows, column)
					? cell.padStart(widths[column] ?? 0)
					: cell.padEnd(widths[column] ?? 0),
			)
			.join("  ")
			.trimEnd();
	return [
		line(head),
		line(widths.map((width) => "-".repeat(width))),
		...rows.map(line),
	].join("\n");
}

function isNumberColumn(
	rows: readonly (readonly string[])[],
	column: number,
): boolean {
	return rows.every((row) => /^(-|-?[\d.]+)$/.test(row[column] ?? ""));
}
