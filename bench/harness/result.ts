import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchEnvironment } from "./environment.ts";

export interface ResultTable {
	title: string;
	head: readonly string[];
	rows: readonly (readonly string[])[];
}

export interface SuiteResult {
	/** What was asked of the servers, one sentence an entry. */
	conditions: readonly string[];
	tables: readonly ResultTable[];
	notes: readonly string[];
	/** Parts that did not finish, one sentence each: the rest is written all the same, but the run has failed. */
	failures?: readonly string[];
	/** Everything behind the tables. */
	data: unknown;
}

export interface ResultHead {
	suite: string;
	title: string;
	environment: BenchEnvironment;
}

/** Writes `<date>-<suite>.json` and `.md`; returns the path of the latter. */
export function writeResult(
	directory: string,
	head: ResultHead,
	result: SuiteResult,
): string {
	mkdirSync(directory, { recursive: true });
	const base = join(
		directory,
		`${head.environment.date.slice(0, 10)}-${head.suite}`,
	);
	writeFileSync(
		`${base}.json`,
		`${JSON.stringify({ format: "galley-bench-result/1", ...head, ...result }, null, 2)}\n`,
	);
	writeFileSync(`${base}.md`, renderResult(head, result));
	return `${base}.md`;
}

export function renderResult(
	{ title, environment }: ResultHead,
	result: SuiteResult,
): string {
	const { cpu, cpus, memoryGiB, platform, node, commit, date, loadBefore } =
		environment;
	const sections = [
		`# ${title}`,
		[
			`- ${date.slice(0, 10)}, commit ${commit}, Node ${node}`,
			`- ${cpu}, ${cpus} cores, ${memoryGiB} GiB, ${platform}; load before: ${loadBefore}`,
			...result.conditions.map((condition) => `- ${condition}`),
		].join("\n"),
		...result.tables.map(
			(table) => `## ${table.title}\n\n${renderTable(table)}`,
		),
		...(result.notes.length > 0
			? [result.notes.map((note) => `- ${note}`).join("\n")]
			: []),
	];
	return `${sections.join("\n\n")}\n`;
}

function renderTable({ head, rows }: ResultTable): string {
	const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
	return [
		line(head),
		line(head.map((_, column) => (column === 0 ? "---" : "--:"))),
		...rows.map(line),
	].join("\n");
}
