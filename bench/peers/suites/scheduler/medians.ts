import { median } from "../../../../src/benchmark/statistics.ts";

/** What one server showed in one round. */
export interface Measured<T> {
	name: string;
	command: string;
	round: number;
	/** Of the whole machine, used by others meanwhile: 0 to 1; null where it can't be told. */
	foreignShare: number | null;
	value: T;
}

export interface NamedFigure {
	name: string;
	value: number;
}

export function isOwn(name: string): boolean {
	return name === "galley" || name.startsWith("galley ");
}

/** Median over the rounds of one figure, by server: Galley's first, then in alphabetical order. */
export function medians<T>(
	measured: readonly Measured<T>[],
	figure: (value: T) => number,
): NamedFigure[] {
	return serverNames(measured).map((name) => ({
		name,
		value: medianOf(measured, name, figure),
	}));
}

/** NaN where the server was not measured: shown as such, and no target is met by it. */
export function medianOf<T>(
	measured: readonly Measured<T>[],
	name: string,
	figure: (value: T) => number,
): number {
	const values = measured
		.filter((one) => one.name === name)
		.map(({ value }) => figure(value));
	return values.length === 0 ? Number.NaN : median(values);
}

export function serverNames(measured: readonly Measured<unknown>[]): string[] {
	const names = [...new Set(measured.map(({ name }) => name))].sort();
	return [...names.filter(isOwn), ...names.filter((name) => !isOwn(name))];
}

/** The best of the rivals; null without one whose figure is a number above 0. */
export function bestRival(
	figures: readonly NamedFigure[],
	better: "higher" | "lower",
): NamedFigure | null {
	const rivals = figures.filter(({ name, value }) => !isOwn(name) && value > 0);
	rivals.sort((left, right) =>
		better === "higher" ? right.value - left.value : left.value - right.value,
	);
	return rivals[0] ?? null;
}
