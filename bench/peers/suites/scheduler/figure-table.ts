import type { ResultTable } from "../../../harness/result.ts";
import { type Measured, medianOf, serverNames } from "./medians.ts";

export interface FigureColumn<T> {
	head: string;
	figure: (value: T) => number;
	/** Digits after the point. Default 0. */
	digits?: number;
}

/** A row for each server, a column for each figure: median over the rounds, with lowest and highest where there are more rounds. */
export function figureTable<T>(
	title: string,
	measured: readonly Measured<T>[],
	columns: readonly FigureColumn<T>[],
): ResultTable {
	return {
		title,
		head: ["", ...columns.map(({ head }) => head)],
		rows: serverNames(measured).map((name) => [
			name,
			...columns.map((column) => cell(measured, name, column)),
		]),
	};
}

function cell<T>(
	measured: readonly Measured<T>[],
	name: string,
	{ figure, digits = 0 }: FigureColumn<T>,
): string {
	const values = measured
		.filter((one) => one.name === name)
		.map(({ value }) => figure(value))
		.filter((value) => Number.isFinite(value));
	if (values.length === 0) return "-";
	const middle = medianOf(measured, name, figure).toFixed(digits);
	const lowest = Math.min(...values).toFixed(digits);
	const highest = Math.max(...values).toFixed(digits);
	return lowest === highest ? middle : `${middle} (${lowest} to ${highest})`;
}
