import { describe, expect, test } from "vitest";
import { surenessOf, toTokenViews, visible } from "./logprob-view.ts";

const token = (
	text: string,
	probability: number,
	top: object[] | null = null,
) => ({
	token: text,
	logprob: Math.log(probability),
	isKnown: true,
	top: top as { token: string; logprob: number }[] | null,
});

describe("tokens by probability", () => {
	test("fall into bands", () => {
		const bands = [0.05, 0.1, 0.5, 0.7, 0.95, 1].map(
			(p) => toTokenViews([token("x", p)])[0]?.band,
		);
		expect(bands).toEqual([0, 1, 2, 3, 4, 4]);
	});

	test("without one have no band", () => {
		expect(
			toTokenViews([{ token: "x", logprob: 0, isKnown: false, top: null }])[0],
		).toMatchObject({ probability: null, band: null });
	});

	test("show which alternative was taken", () => {
		const [view] = toTokenViews([
			token(" a", 0.6, [
				{ token: " a", logprob: Math.log(0.6) },
				{ token: "\n", logprob: Math.log(0.2) },
			]),
		]);
		expect(
			view?.alternatives.map(({ label, isChosen }) => [label, isChosen]),
		).toEqual([
			["·a", true],
			["⏎", false],
		]);
	});

	test("blanks are seen", () => {
		expect(visible("  a b ")).toBe("··a b·");
		expect(visible("")).toBe("∅");
	});
});

test("sureness is the geometric mean and its inverse", () => {
	const sureness = surenessOf([token("a", 0.5), token("b", 0.125)]);
	expect(sureness?.meanProbability).toBeCloseTo(0.25);
	expect(sureness?.perplexity).toBeCloseTo(4);
	expect(surenessOf([])).toBeNull();
});
