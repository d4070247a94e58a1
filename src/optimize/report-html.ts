import { formatBytes } from "../models/byte-format.ts";
import { type Bubble, drawBubbleChart, escapeXml } from "./bubble-chart.ts";
import {
	type OptimizeReport,
	type ReportRow,
	signedPercent,
} from "./report.ts";
import { describeConditions, toReportTable } from "./report-table.ts";

/** Throughput against accuracy, with memory as the bubbles' size. */
export function drawReportChart(report: OptimizeReport): string {
	const best = new Map<string, ReportRow>();
	const shown = report.rows.filter(
		({ accuracy, score }) => accuracy !== null && score !== null,
	);
	// Of each precision only its fastest has a label: the others differ in settings alone.
	for (const row of shown) {
		const known = best.get(row.precision);
		const isBetter =
			known === undefined ||
			(!known.isWinner &&
				(row.isWinner || (row.score ?? 0) > (known.score ?? 0)));
		if (isBetter) best.set(row.precision, row);
	}
	const { maxKl } = report.constraints;
	return drawBubbleChart({
		title: `${report.model.name}: throughput against accuracy`,
		sizeTitle:
			"area: memory of the engine process; orange: the best within the limits",
		xTitle: `mean KL divergence from ${report.model.reference.precision}, nats a token (0 is equal)`,
		yTitle: `output tokens a second (geometric mean of ${report.load.concurrencies.join(" and ")} at a time)`,
		bubbles: shown.map(
			(row): Bubble => ({
				x: row.accuracy?.meanKl ?? 0,
				y: row.score ?? 0,
				size: row.peakMemoryBytes ?? 0,
				label: best.get(row.precision) === row ? row.precision : "",
				hint: hintOf(row),
				isHighlighted: row.isWinner,
				isDimmed: best.get(row.precision) !== row,
			}),
		),
		xLimit: maxKl === null ? null : { value: maxKl, label: `limit ${maxKl}` },
	});
}

/** One file that needs nothing else: no scripts, no requests. */
export function renderReportHtml(report: OptimizeReport): string {
	const table = toReportTable(report);
	const heads = table.columns
		.map(
			({ title, isNumber }) =>
				`<th${isNumber ? ' class="number"' : ""}>${escapeXml(title)}</th>`,
		)
		.join("");
	const rows = table.rows
		.map(({ cells, isWinner }) => {
			const tds = cells
				.map((cell, column) => {
					const isNumber = table.columns[column]?.isNumber === true;
					return `<td${isNumber ? ' class="number"' : ""}>${escapeXml(cell)}</td>`;
				})
				.join("");
			return `<tr${isWinner ? ' class="winner"' : ""}>${tds}</tr>`;
		})
		.join("\n");
	const warnings =
		report.warnings.length === 0
			? ""
			: `<ul>${report.warnings.map((warning) => `<li>${escapeXml(warning)}</li>`).join("")}</ul>`;
	const name = escapeXml(report.model.name);
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>galley optimize: ${name}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
svg { max-width: 100%; height: auto; border: 1px solid #e4e7eb; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; margin: 1rem 0; }
th, td { padding: 4px 10px; border-bottom: 1px solid #e4e7eb; text-align: left; vertical-align: top; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.winner { background: #fdf3e7; font-weight: 600; }
.conditions { color: #52606d; }
</style>
</head>
<body>
<h1>galley optimize: ${name}</h1>
<p><strong>${escapeXml(report.summary)}</strong></p>
${drawReportChart(report)}
<div class="table"><table>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows}
</tbody>
</table></div>
<p class="conditions">${escapeXml(describeConditions(report))} Measured ${escapeXml(report.measuredAt)} in ${Math.round(report.seconds)} s.</p>
${warnings}
</body>
</html>
`;
}

function hintOf(row: ReportRow): string {
	const parts = [
		row.precision,
		...(row.difference === "" ? [] : [row.difference]),
		`${(row.score ?? 0).toFixed(1)} tokens/s`,
		`KL ${row.accuracy?.meanKl.toFixed(4) ?? "-"}`,
		`perplexity ${row.perplexityLoss === null ? "-" : signedPercent(row.perplexityLoss)}`,
		row.peakMemoryBytes === null ? "" : formatBytes(row.peakMemoryBytes),
		row.verdict,
	];
	return parts.filter((part) => part !== "").join(", ");
}
