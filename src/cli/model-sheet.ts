import { formatBytes, formatParameters } from "../models/byte-format.ts";
import type { ModelDescription } from "../models/model-description.ts";
import { alignColumns, withoutControls } from "./terminal.ts";

export interface SheetFile {
	name: string;
	sizeBytes: number;
	/** Null where nobody has computed it. */
	sha256: string | null;
}

/** What `galley show` tells of a model. */
export interface ModelSheet {
	reference: string;
	/** `cache`, `file`, or the hub's address. */
	where: string;
	repository: string | null;
	revision: string | null;
	format: string;
	sizeBytes: number;
	/** Null for safetensors: their header says less. */
	description: ModelDescription | null;
	files: readonly SheetFile[];
	/** What else the repository has. */
	variants: readonly {
		format: string;
		label: string;
		mainFile: string;
		sizeBytes: number;
	}[];
}

export function formatModelSheet(sheet: ModelSheet): string {
	const facts: string[][] = [
		["where", whereText(sheet)],
		...(sheet.revision === null ? [] : [["revision", sheet.revision]]),
		["format", sheet.format],
		...(sheet.description === null ? [] : describe(sheet.description)),
		["size", formatBytes(sheet.sizeBytes)],
	];
	const blocks = [
		sheet.reference,
		indent(alignColumns(facts.map((row) => row.map(withoutControls)))),
		"files",
		indent(
			alignColumns(
				sheet.files.map(({ name, sizeBytes, sha256 }) => [
					withoutControls(name),
					formatBytes(sizeBytes),
					sha256 === null ? "no digest" : `sha256:${sha256}`,
				]),
			),
		),
	];
	if (sheet.variants.length > 0) {
		blocks.push(
			"variants",
			indent(
				alignColumns(
					[...sheet.variants]
						.sort((left, right) => left.sizeBytes - right.sizeBytes)
						.map(({ label, sizeBytes, mainFile }) => [
							withoutControls(label),
							formatBytes(sizeBytes),
							withoutControls(mainFile),
						]),
				),
			),
		);
	}
	return `${blocks.join("\n")}\n`;
}

function whereText({ where }: ModelSheet): string {
	switch (where) {
		case "cache":
			return "in the cache";
		case "file":
			return "on this machine";
		default:
			return `${where} (not downloaded)`;
	}
}

function describe(model: ModelDescription): string[][] {
	const kvHeads = [...new Set(model.kvHeads)].join(" or ");
	return [
		["name", model.name],
		["architecture", model.architecture],
		["parameters", formatParameters(model.parameters)],
		["precision", model.precision],
		["layers", String(model.layers)],
		["heads", `${model.heads}, of keys and values ${kvHeads}`],
		["embedding", `${model.embeddingLength} wide`],
		[
			"context",
			model.trainedContextLength === null
				? "not stated"
				: `${model.trainedContextLength} tokens`,
		],
		["vocabulary", `${model.vocabularySize} tokens`],
		["chat template", model.hasChatTemplate ? "yes" : "no"],
		["licence", model.license ?? "not stated"],
	];
}

function indent(text: string): string {
	return text
		.split("\n")
		.map((line) => `  ${line}`)
		.join("\n");
}
