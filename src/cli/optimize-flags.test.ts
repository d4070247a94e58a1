import { describe, expect, it } from "vitest";
import {
	limitFlag,
	numberFlag,
	parseConcurrencies,
	parsePrecisions,
	toLimit,
} from "./optimize-flags.ts";

describe("galley optimize's flags", () => {
	it("take precisions however they are written, and name the one that isn't", () => {
		expect(parsePrecisions("q8_0, Q4_K_M")).toEqual(["Q8_0", "Q4_K_M"]);
		expect(() => parsePrecisions("Q8_0,Q7")).toThrow(/"Q7" is no precision/);
	});

	it("take concurrencies ascending and each once", () => {
		expect(parseConcurrencies("8,1,8")).toEqual([1, 8]);
		for (const wrong of ["", "0", "1.5", "a", "1,,2", "300"])
			expect(() => parseConcurrencies(wrong)).toThrow(/--concurrency/);
	});

	it("take numbers within their range", () => {
		const minutes = numberFlag("minutes", { least: 0.1 });
		expect(minutes("2.5")).toBe(2.5);
		for (const wrong of ["", " ", "0", "x", "-1", "Infinity"])
			expect(() => minutes(wrong)).toThrow(/--minutes/);
		expect(() =>
			numberFlag("windows", { least: 1, whole: true })("1.5"),
		).toThrow(/whole/);
	});

	it("take off as no limit", () => {
		expect(toLimit(limitFlag("max-kl")("off"))).toBeNull();
		expect(toLimit(limitFlag("max-kl")("0"))).toBe(0);
		expect(() => limitFlag("max-kl")("much")).toThrow(/--max-kl/);
	});
});
