/**
 * Uniform numbers in [0, 1) with 53 bits, the same for the same seed: sfc32 by Chris Doty-Humphrey (PractRand, public
 * domain).
 */
export function createRandomNumbers(seed: number): () => number {
	let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, seed | 0, 1];
	const next = (): number => {
		const sum = (((a + b) | 0) + counter) | 0;
		counter = (counter + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = (((c << 21) | (c >>> 11)) + sum) | 0;
		return sum >>> 0;
	};
	// The first numbers of neighbouring seeds are alike.
	for (let index = 0; index < 20; index++) next();
	return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}
