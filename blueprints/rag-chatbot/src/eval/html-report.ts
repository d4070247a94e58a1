import type { EvalReport } from "./evaluate.ts";

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { width: 100%; height: auto; } svg text { fill: currentColor; font-size: 12px; }
.bar { fill: #3b7dd8; } .bar.second { fill: #e08a3c; }`;

/** One file that needs nothing else: charts are drawn as SVG. */
export function htmlReport(report: EvalReport): string {
	const { retrieval, answers, results } = report;
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Evaluation of the RAG chatbot</title><style>${style}</style></head><body>
<h1>Evaluation of the RAG chatbot</h1>
<p>${report.questions} questions, ${escapeHtml(report.createdAt)}.</p>
<h2>Search</h2>
${barChart(
	retrieval.map(({ variant, ndcgAt10, recallAt5 }) => ({
		label: variant,
		values: [ndcgAt10 ?? 0, recallAt5 ?? 0],
	})),
	["nDCG@10", "recall@5"],
)}
${table(
	["", "recall@1", "recall@5", "recall@10", "nDCG@10", "MRR"],
	retrieval.map((figures) => [
		figures.variant,
		percent(figures.recallAt1),
		percent(figures.recallAt5),
		percent(figures.recallAt10),
		percent(figures.ndcgAt10),
		percent(figures.reciprocalRank),
	]),
)}
<h2>Answers</h2>
${barChart(
	[
		{ label: "F1", values: [answers.f1 ?? 0] },
		{ label: "exact match", values: [answers.exactMatch ?? 0] },
		{ label: "has the expected words", values: [answers.containment ?? 0] },
		{ label: "groundedness", values: [answers.groundedness ?? 0] },
		{ label: "rightly said: not here", values: [answers.rightAbstention ?? 0] },
		{ label: "wrongly said: not here", values: [answers.wrongAbstention ?? 0] },
	],
	[],
)}
<p>Median time of an answer: ${answers.medianMs === null ? "–" : `${Math.round(answers.medianMs)} ms`}.</p>
${table(
	["Question", "Expected", "Answer", "By", "F1", "Grounded"],
	results.map((result) => [
		result.question,
		result.expected ?? "",
		result.answer,
		result.kind,
		percent(result.f1),
		percent(result.groundedness),
	]),
)}
</body></html>
`;
}

interface Bars {
	label: string;
	/** 0 to 1. */
	values: number[];
}

const rowHeight = 22;
const labelWidth = 190;
const chartWidth = 720;

function barChart(rows: readonly Bars[], legend: readonly string[]): string {
	const scale = chartWidth - labelWidth - 60;
	const parts: string[] = [];
	let y = 4;
	for (const { label, values } of rows) {
		parts.push(`<text x="0" y="${y + 15}">${escapeHtml(label)}</text>`);
		for (const [index, value] of values.entries()) {
			const width = Math.max(1, value * scale);
			const kind = index === 0 ? "bar" : "bar second";
			const note = legend[index] === undefined ? "" : ` ${legend[index]}`;
			parts.push(
				`<rect class="${kind}" x="${labelWidth}" y="${y + 2}" width="${width.toFixed(1)}" height="${rowHeight - 4}"/>`,
				`<text x="${(labelWidth + width + 6).toFixed(1)}" y="${y + 15}">${percent(value)}${escapeHtml(note)}</text>`,
			);
			y += rowHeight;
		}
		y += 6;
	}
	return `<svg viewBox="0 0 ${chartWidth + 60} ${y}" role="img">${parts.join("")}</svg>`;
}

function table(head: readonly string[], rows: readonly string[][]): string {
	const isNumber = (text: string) => /^(\d+(\.\d+)? %|–)$/.test(text);
	const cell = (text: string) =>
		`<td${isNumber(text) ? ' class="number"' : ""}>${escapeHtml(text)}</td>`;
	return `<table><thead><tr>${head.map((text) => `<th>${escapeHtml(text)}</th>`).join("")}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}</tbody></table>`;
}

function percent(value: number | null): string {
	return value === null ? "–" : `${(100 * value).toFixed(1)} %`;
}

function escapeHtml(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}
