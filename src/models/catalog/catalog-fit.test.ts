import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateBytes, fitOf } from "./catalog-fit.ts";
import { entryOf } from "./testing/entries.ts";

const gib = 1024 ** 3;
const variants = ["Q8_0", "Q4_K_M", "BF16"].map((quantisation) => ({
	name: quantisation.toLowerCase(),
	quantisation,
	format: "gguf" as const,
	reference: `hf://acme/x:${quantisation}`,
	sizeBytes: null,
}));

describe("what would fit", () => {
	it("is estimated above the weights and not far above", () => {
		const entry = entryOf({ parameters: 8e9, contextLength: 131_072 });
		const bytes = estimateBytes(entry, {
			quantisation: "Q4_K_M",
			sizeBytes: null,
		});
		expect(bytes).toBeGreaterThan(4.9e9);
		expect(bytes).toBeLessThan(8.5e9);
	});

	it("is the first variant where it can be, else the largest that fits", () => {
		const entry = entryOf({ parameters: 8e9, variants });
		expect(fitOf(entry, 64 * gib)).toMatchObject({
			verdict: "fits",
			variant: "q8_0",
		});
		expect(fitOf(entry, 8 * gib)).toMatchObject({
			verdict: "fits",
			variant: "q4_k_m",
		});
		expect(fitOf(entry, gib)).toMatchObject({
			verdict: "too-big",
			variant: "q4_k_m",
		});
	});

	it("doesn't guess: without a size it is unknown, without an engine not served", () => {
		expect(fitOf(entryOf({ parameters: "unknown" }), 64 * gib).verdict).toBe(
			"unknown",
		);
		expect(
			fitOf(entryOf({ served: { engine: "none", note: null } }), 64 * gib)
				.verdict,
		).toBe("not-served");
		expect(
			estimateBytes(entryOf(), { quantisation: "Q9_X", sizeBytes: null }),
		).toBeNull();
	});

	it("never gets worse with more memory, and never fits what needs more than there is", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1e6, max: 1e12 }),
				fc.nat(512 * gib),
				fc.nat(64 * gib),
				(parameters, available, more) => {
					const entry = entryOf({ parameters, variants });
					const fit = fitOf(entry, available);
					if (fit.verdict === "fits") {
						expect(fit.needBytes).toBeLessThanOrEqual(available);
						expect(fitOf(entry, available + more).verdict).toBe("fits");
					}
				},
			),
		);
	});
});
