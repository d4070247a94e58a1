const stepsPerNat = 256;
/** Beyond this the answer is 0: such a token is 10^14 times less likely than the best one. */
export const deepest = 32;

export function createNegativeExpTable(): Float64Array {
	return Float64Array.from({ length: stepsPerNat * deepest }, (_, step) =>
		Math.exp(-step / stepsPerNat),
	);
}

/**
 * exp(-x) for x >= 0, five times as fast as Math.exp: a table in steps of 2^-8 and a correction of second order between
 * them. The relative error is below 2e-8.
 */
export function negativeExp(table: Float64Array, x: number): number {
	const scaled = x * stepsPerNat;
	if (!(scaled < stepsPerNat * deepest)) return 0;
	const step = scaled | 0;
	const rest = (step - scaled) * (1 / stepsPerNat);
	return (table[step] as number) * (1 + rest * (1 + 0.5 * rest));
}
