/**
 * The precisions that the quantizer makes, as `enum llama_ftype` of llama.cpp v0.5.0 numbers them. `bits` is what a weight takes
 * on average in the large matrices, scales included; it orders precisions, nothing more.
 *
 * Left out: those that give garbage without an importance matrix (IQ1, IQ2, IQ3_XXS, Q2_K_S), and those for special machines or
 * models (TQ, MXFP4, NVFP4).
 */
export const precisions = {
	F16: { fileType: 1, bits: 16 },
	BF16: { fileType: 32, bits: 16 },
	Q8_0: { fileType: 7, bits: 8.5 },
	Q6_K: { fileType: 18, bits: 6.56 },
	Q5_K_M: { fileType: 17, bits: 5.69 },
	Q5_K_S: { fileType: 16, bits: 5.54 },
	Q5_0: { fileType: 8, bits: 5.5 },
	Q4_K_M: { fileType: 15, bits: 4.85 },
	Q4_K_S: { fileType: 14, bits: 4.58 },
	Q4_1: { fileType: 3, bits: 5 },
	Q4_0: { fileType: 2, bits: 4.5 },
	IQ4_NL: { fileType: 25, bits: 4.5 },
	IQ4_XS: { fileType: 30, bits: 4.25 },
	Q3_K_L: { fileType: 13, bits: 4.27 },
	Q3_K_M: { fileType: 12, bits: 3.91 },
	Q3_K_S: { fileType: 11, bits: 3.44 },
	Q2_K: { fileType: 10, bits: 3.35 },
} as const satisfies Record<string, { fileType: number; bits: number }>;

export type Precision = keyof typeof precisions;

export const precisionNames = Object.freeze(
	Object.keys(precisions),
) as readonly Precision[];

/** `q4_k_m` and `Q4-K-M` are the same; null when the quantizer doesn't make it. */
export function toPrecisionName(written: string): Precision | null {
	const name = written.trim().toUpperCase().replaceAll("-", "_");
	return precisionNames.find((known) => known === name) ?? null;
}
