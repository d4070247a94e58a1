import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { GalleyError } from "../core/errors.ts";

export interface EvaluationText {
	/** The path that was given, or `bundled`. */
	source: string;
	text: string;
}

const mostBytes = 64 * 1024 * 1024;

/** A text to measure accuracy on: the one that was given, else the one in the package. */
export async function readEvaluationText(
	path: string | null,
): Promise<EvaluationText> {
	// src/optimize and dist/optimize are both two folders below the package's own.
	const bundled = new URL(
		"../../models/evaluation-text/evaluation-text.txt",
		import.meta.url,
	);
	const file = path ?? fileURLToPath(bundled);
	let bytes: Buffer;
	try {
		bytes = await readFile(file);
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new GalleyError(
			"invalid_configuration",
			`The text "${file}" can't be read: ${reason}.`,
			{ cause, param: "text" },
		);
	}
	if (bytes.length > mostBytes || bytes.includes(0))
		throw new GalleyError(
			"invalid_configuration",
			`"${file}" is no plain text of at most 64 MiB; give a text file.`,
			{ param: "text" },
		);
	return { source: path ?? "bundled", text: bytes.toString("utf8") };
}
