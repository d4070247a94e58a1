/** Where text goes and whether somebody looks at it. */
export interface TextOutput {
	readonly isTTY?: boolean | undefined;
	readonly columns?: number | undefined;
	write(text: string): unknown;
}

const styles = {
	bold: [1, 22],
	dim: [2, 22],
	red: [31, 39],
	green: [32, 39],
	yellow: [33, 39],
	cyan: [36, 39],
} as const;

export type Style = keyof typeof styles;
export type Paint = (style: Style, text: string) => string;

/** Colours only where a human looks and nobody forbids them (https://no-color.org). */
export function createPaint(
	output: TextOutput,
	environment: Readonly<Record<string, string | undefined>>,
): Paint {
	const isForbidden =
		(environment.NO_COLOR ?? "") !== "" || environment.TERM === "dumb";
	if (output.isTTY !== true || isForbidden) return (_style, text) => text;
	return (style, text) => {
		const [on, off] = styles[style];
		return `\u001b[${on}m${text}\u001b[${off}m`;
	};
}

/** Text of a model or a server without what a terminal would obey: escape sequences and other control characters. */
export function withoutControls(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
	return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

/** Rows with their cells in line; the last cell of a row is left as it is. */
export function alignColumns(
	rows: readonly (readonly string[])[],
	gap = 2,
): string {
	const widths: number[] = [];
	for (const row of rows) {
		for (const [column, cell] of row.slice(0, -1).entries())
			widths[column] = Math.max(widths[column] ?? 0, cell.length);
	}
	return rows
		.map((row) =>
			row
				.map((cell, column) =>
					column === row.length - 1
						? cell
						: cell.padEnd((widths[column] ?? 0) + gap),
				)
				.join("")
				.trimEnd(),
		)
		.join("\n");
}

/** Breaks text at spaces into lines of `width`; those after the first begin with `indent`, which is not counted. */
export function wrapText(text: string, width: number, indent = ""): string {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(/\s+/)) {
		if (line !== "" && line.length + 1 + word.length > width) {
			lines.push(line);
			line = word;
		} else {
			line = line === "" ? word : `${line} ${word}`;
		}
	}
	return [...lines, line].join(`\n${indent}`);
}
