import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderPng } from "./chart-png.ts";
import type { OptimizeReport } from "./report.ts";
import { drawReportChart, renderReportHtml } from "./report-html.ts";

export interface WrittenReport {
	json: string;
	html: string;
	svg: string;
	/** Null where the renderer isn't installed. */
	png: string | null;
}

/** report.json, report.html, report.svg and report.png in a folder; each appears whole. */
export async function writeReport(
	directory: string,
	report: OptimizeReport,
): Promise<WrittenReport> {
	await mkdir(directory, { recursive: true });
	const write = async (name: string, content: string | Uint8Array) => {
		const path = join(directory, name);
		const partial = `${path}.${process.pid}.partial`;
		await writeFile(partial, content);
		await rename(partial, path);
		return path;
	};
	const svg = drawReportChart(report);
	const png = await renderPng(svg);
	return {
		json: await write("report.json", `${JSON.stringify(report, null, "\t")}\n`),
		html: await write("report.html", renderReportHtml(report)),
		svg: await write("report.svg", svg),
		png: png === null ? null : await write("report.png", png),
	};
}
