/** Seeded random numbers: the same seed gives the same prompts, lengths and arrival times. */
export interface RandomSource {
	/** A whole number from 0 to 2^32 - 1. */
	nextUint32(): number;
	/** 0 (inclusive) to 1 (exclusive). */
	next(): number;
	/** A whole number from `low` to `high`, both inclusive. */
	between(low: number, high: number): number;
}

/** xorshift128. */
export function createRandomSource(seed: number): RandomSource {
	let a = (seed ^ 0x9e3779b9) >>> 0;
	let b = (Math.imul(seed, 0x85ebca6b) + 1) >>> 0;
	let c = 0xc2b2ae35;
	let d = 0x27d4eb2f;
	const nextUint32 = (): number => {
		let t = a ^ (a << 11);
		t ^= t >>> 8;
		a = b;
		b = c;
		c = d;
		d = (d ^ (d >>> 19) ^ t) >>> 0;
		return d;
	};
	// Neighbouring seeds start alike; a few turns drive them apart.
	for (let turn = 0; turn < 20; turn++) nextUint32();
	const next = () => nextUint32() / 2 ** 32;
	const between = (low: number, high: number) =>
		low + Math.floor(next() * (high - low + 1));
	return { nextUint32, next, between };
}

/** Standard normal, by Box and Muller. */
function nextNormal(random: RandomSource): number {
	const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
	return radius * Math.cos(2 * Math.PI * random.next());
}

/**
 * Gamma-distributed number of the given shape and scale (mean shape x scale), by Marsaglia and Tsang, "A simple method
 * for generating gamma variables" (2000). Shape 1 is the exponential distribution.
 */
export function nextGamma(
	random: RandomSource,
	shape: number,
	scale: number,
): number {
	if (shape < 1) {
		const boost = (1 - random.next()) ** (1 / shape);
		return nextGamma(random, shape + 1, scale) * boost;
	}
	const d = shape - 1 / 3;
	const c = 1 / Math.sqrt(9 * d);
	for (;;) {
		const normal = nextNormal(random);
		const v = (1 + c * normal) ** 3;
		if (v <= 0) continue;
		if (
			Math.log(1 - random.next()) <
			normal * normal * 0.5 + d - d * v + d * Math.log(v)
		)
			return d * v * scale;
	}
}
