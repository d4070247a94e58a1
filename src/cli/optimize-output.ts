import type { OptimizeReport } from "../optimize/report.ts";
import {
	describeConditions,
	formatReportTable,
	toReportTable,
} from "../optimize/report-table.ts";
import type { WrittenReport } from "../optimize/write-report.ts";
import { createPaint, wrapText } from "./terminal.ts";

/** What `galley optimize` leaves in the terminal: the table, what it rests on, what won, and where it all is. */
export function printReport(
	report: OptimizeReport,
	written: WrittenReport,
	profilesPath: string | null,
	asJson: boolean,
): void {
	if (asJson) {
		process.stdout.write(`${JSON.stringify({ ...report, written })}\n`);
		return;
	}
	const paint = createPaint(process.stdout, process.env);
	const width = Math.min(process.stdout.columns ?? 100, 120);
	const [head = "", ...rows] = formatReportTable(toReportTable(report)).split(
		"\n",
	);
	const lines = [
		paint("bold", head),
		...rows.map((row, index) =>
			report.rows[index]?.isWinner === true ? paint("green", row) : row,
		),
		"",
		wrapText(describeConditions(report), width),
		"",
		paint("bold", wrapText(report.summary, width)),
		...(profilesPath === null
			? []
			: [`Kept for galley run ${report.model.name}: ${profilesPath}`]),
		`Report: ${written.html}, ${written.json}, ${written.svg}${written.png === null ? "" : `, ${written.png}`}`,
	];
	if (written.png === null)
		lines.push(
			"(No report.png: the optional package @resvg/resvg-js is not installed.)",
		);
	process.stdout.write(`${lines.join("\n")}\n`);
}
