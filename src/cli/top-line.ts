import { type Paint, type Style, withoutControls } from "./terminal.ts";

/** A piece of a line in one style; styles are added last, so that widths count what is seen. */
export interface Fragment {
	text: string;
	style: Style | null;
}

export const plain = (text: string): Fragment => ({
	text: onOneLine(text),
	style: null,
});
export const styled = (style: Style, text: string): Fragment => ({
	text: onOneLine(text),
	style,
});

/** Names, ids and reasons come from elsewhere: nothing in them may move the cursor. */
export function onOneLine(text: string): string {
	return withoutControls(text.replace(/[\t\n]/g, " "));
}

const labelWidth = 12;
const gap = "   ";

export function widthOf(line: readonly Fragment[]): number {
	return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** What does not fit is cut off. */
export function fitLine(
	line: readonly Fragment[],
	columns: number,
	paint: Paint,
): string {
	let left = columns;
	let painted = "";
	for (const { text, style } of line) {
		const shown = text.slice(0, left);
		left -= shown.length;
		if (shown === "") continue;
		painted += style === null ? shown : paint(style, shown);
	}
	return painted;
}

/** A label and items behind it, on as many lines as they need: an item is not broken. */
export function wrapItems(
	label: string,
	items: readonly (readonly Fragment[])[],
	columns: number,
): Fragment[][] {
	const lines: Fragment[][] = [[styled("cyan", label.padEnd(labelWidth))]];
	for (const item of items) {
		const line = lines.at(-1) as Fragment[];
		const isFirst = line.length === 1;
		const needed = widthOf(item) + (isFirst ? 0 : gap.length);
		if (isFirst) line.push(...item);
		else if (widthOf(line) + needed <= columns) line.push(plain(gap), ...item);
		else lines.push([plain(" ".repeat(labelWidth)), ...item]);
	}
	return lines;
}

type Unknown = null | undefined;

/** `12,345`; `-` for what is not known, here and below. */
export function formatCount(count: number | Unknown): string {
	return count == null ? "-" : Math.round(count).toLocaleString("en-US");
}

/** A digit behind the point below 10. */
export function formatRate(rate: number | Unknown): string {
	if (rate == null) return "-";
	return rate > 0 && rate < 9.95 ? rate.toFixed(1) : formatCount(rate);
}

/** 0 to 1 as `34 %`. */
export function formatPercent(share: number | Unknown): string {
	return share == null ? "-" : `${Math.round(share * 100)} %`;
}

export function formatMilliseconds(milliseconds: number | Unknown): string {
	return milliseconds == null ? "-" : `${formatRate(milliseconds)} ms`;
}

/** `4.2s`, `3m20s`, `2h13m`, `5d4h`. */
export function formatAge(seconds: number): string {
	if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole}s`;
	const minutes = Math.floor(whole / 60);
	if (minutes < 60) return `${minutes}m${whole % 60}s`;
	const hours = Math.floor(minutes / 60);
	if (hours < 24) return `${hours}h${minutes % 60}m`;
	return `${Math.floor(hours / 24)}d${hours % 24}h`;
}
