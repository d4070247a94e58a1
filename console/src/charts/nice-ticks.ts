/** From 0 to at least `highest` in steps of 1, 2 or 5 times a power of ten; about `count` of them. */
export function niceTicks(highest: number, count: number): number[] {
	const most = highest > 0 ? highest : 1;
	const rough = most / Math.max(1, count);
	const power = 10 ** Math.floor(Math.log10(rough));
	const factor = [1, 2, 5, 10].find((one) => one * power >= rough) ?? 10;
	const step = factor * power;
	const places = Math.ceil(most / step - 1e-9);
	return Array.from({ length: places + 1 }, (_, place) =>
		Number((place * step).toPrecision(12)),
	);
}
