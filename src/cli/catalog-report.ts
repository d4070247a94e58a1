import { formatBytes, formatParameters } from "../models/byte-format.ts";
import type {
	CatalogMatch,
	CatalogSearchResult,
} from "../models/catalog/catalog.ts";
import type { CatalogFit } from "../models/catalog/catalog-fit.ts";
import {
	alignColumns,
	type Paint,
	withoutControls,
	wrapText,
} from "./terminal.ts";

const verdicts: Readonly<Record<CatalogFit["verdict"], string>> = {
	fits: "fits",
	"too-big": "too big",
	"not-served": "not yet served",
	unknown: "size unknown",
};

export function formatFound(
	{ entries, total, isLoose }: CatalogSearchResult,
	words: string,
	paint: Paint,
): string {
	if (total === 0)
		return "Nothing in the catalog matches. Leave a filter out, or try other words.";
	const rows = entries.map((entry) => [
		entry.id,
		entry.tasks.join(", "),
		entry.parameters === "unknown" ? "-" : formatParameters(entry.parameters),
		formatContext(entry),
		entry.licence.id,
		describeFit(entry.fit),
	]);
	const lines = [
		alignColumns([
			["ID", "TASKS", "SIZE", "CONTEXT", "LICENCE", "HERE"],
			...rows.map((row) => row.map(withoutControls)),
		]),
	];
	if (isLoose)
		lines.push(
			"",
			paint(
				"dim",
				`No entry has all of "${withoutControls(words)}"; these have most of it.`,
			),
		);
	if (entries.length < total)
		lines.push(
			"",
			paint("dim", `${entries.length} of ${total} shown; --limit shows more.`),
		);
	lines.push(
		"",
		paint(
			"dim",
			"galley catalog show ID, then galley run ID. HERE is estimated.",
		),
	);
	return lines.join("\n");
}

export function formatCard(
	match: CatalogMatch,
	paint: Paint,
	width: number,
): string {
	const entry = harmless(match);
	const { card, fit } = entry;
	const lines = [
		`${paint("bold", entry.name)}  ${entry.id}`,
		"",
		alignColumns(factsOf(entry).map(([name, text]) => [`  ${name}`, text])),
		"",
		paint("bold", "Variants"),
		alignColumns(
			entry.variants.map(
				({ name, quantisation, format, sizeBytes, reference }) => [
					`  ${name}`,
					`${format} ${quantisation}`,
					sizeBytes === null ? "size unknown" : formatBytes(sizeBytes),
					needOf(fit, name),
					reference,
				],
			),
		),
	];
	const parts = [
		["Background", card.background],
		["Intended use", card.intendedUse],
		["Limits", card.limits],
		["Inputs", card.inputs],
		["Outputs", card.outputs],
		["Training data", card.trainingData],
		["Safety", card.safety],
	] as const;
	for (const [title, text] of parts)
		lines.push(
			"",
			paint("bold", title),
			`  ${wrapText(text, width - 2, "  ")}`,
		);
	lines.push("", paint("bold", "Benchmarks, as published"));
	if (card.benchmarks.length === 0) lines.push("  none in this catalog");
	else
		lines.push(
			alignColumns(
				card.benchmarks.map(({ name, value, metric, source }) => [
					`  ${name}`,
					String(value),
					metric,
					source,
				]),
			),
		);
	lines.push(
		"",
		paint("bold", "Sources"),
		...entry.sources.map((source) => `  ${source}`),
		`  ${wrapText(describeCheck(entry), width - 2, "  ")}`,
	);
	if (entry.served.engine !== "none")
		lines.push("", `Run it: galley run ${entry.id}`);
	return lines.join("\n");
}

/** The text of an entry may come from anywhere. */
function harmless(entry: CatalogMatch): CatalogMatch {
	return JSON.parse(JSON.stringify(entry), (_, value) =>
		typeof value === "string" ? withoutControls(value) : value,
	);
}

function factsOf(entry: CatalogMatch): [string, string][] {
	const { licence, capabilities, settings, served, fit, memory } = entry;
	const skills = Object.entries(capabilities)
		.filter(([, has]) => has === true)
		.map(([name]) => name);
	return [
		["Publisher", entry.publisher],
		["Tasks", entry.tasks.join(", ")],
		["Use cases", entry.useCases.join(", ") || "-"],
		["Industries", entry.industries.join(", ") || "-"],
		["Parameters", formatSize(entry)],
		["Context", formatContext(entry)],
		[
			"Languages",
			entry.languages === "unknown"
				? "unknown"
				: entry.languages.join(", ") || "-",
		],
		["Capabilities", skills.join(", ") || "-"],
		[
			"Licence",
			`${licence.name} (${licence.id}); commercial use: ${licence.commercialUse}`,
		],
		["Released", entry.released],
		[
			"Settings",
			settings === "unknown"
				? "unknown"
				: Object.entries(settings)
						.map(([name, value]) => `${name} ${value}`)
						.join(", "),
		],
		[
			"Served by",
			served.engine === "none"
				? (served.note ?? verdicts["not-served"])
				: `${served.engine}${served.note === null ? "" : `. ${served.note}`}`,
		],
		[
			"Run by",
			entry.runBy === "galley"
				? "the Galley project itself"
				: "nobody of the Galley project yet",
		],
		...(memory === "unknown"
			? []
			: ([
					[
						"Memory",
						`${formatBytes(memory.bytes)} as published: ${memory.note}`,
					],
				] as [string, string][])),
		["Here", describeFit(fit)],
		["From", entry.origin],
	];
}

function formatSize({ parameters, activeParameters }: CatalogMatch): string {
	if (parameters === "unknown") return "unknown";
	return `${formatParameters(parameters)}${activeParameters === undefined ? "" : `, ${formatParameters(activeParameters)} of them active`}`;
}

function formatContext({ contextLength }: CatalogMatch): string {
	if (contextLength === null) return "-";
	return contextLength === "unknown" ? "unknown" : String(contextLength);
}

function describeCheck({ checked }: CatalogMatch): string {
	if (checked === null) return "Not checked against the publisher's page.";
	const read = `Read beside the publisher's text on ${checked.on}`;
	return checked.notFound.length === 0
		? `${read}.`
		: `${read}; not found there: ${checked.notFound.join(", ").replaceAll("-", " ")}.`;
}

function describeFit({ verdict, variant, needBytes }: CatalogFit): string {
	const text = verdicts[verdict];
	return needBytes === null || verdict === "not-served"
		? text
		: `${text}: ${variant} about ${formatBytes(needBytes)}`;
}

function needOf({ variants }: CatalogFit, name: string): string {
	const need = variants.find((variant) => variant.name === name)?.needBytes;
	return need == null ? "" : `needs about ${formatBytes(need)}`;
}
