import { describe, expect, it } from "vitest";
import { bestChoices, ChoiceScore } from "./best-choices.ts";

function score(...logprobs: number[]): ChoiceScore {
	const one = new ChoiceScore();
	for (const logprob of logprobs) one.add(logprob);
	return one;
}

describe("bestChoices", () => {
	it("ranks by the mean over tokens, not by the sum", () => {
		const scores = [score(-1, -1, -1), score(-2), score(-0.5, -0.6)];
		expect(bestChoices(scores, 3, 3)).toEqual([2, 0, 1]);
		expect(bestChoices(scores, 3, 1)).toEqual([2]);
	});

	it("takes the best of each prompt", () => {
		const scores = [score(-3), score(-1), score(-1), score(-3)];
		expect(bestChoices(scores, 2, 1)).toEqual([1, 2]);
	});

	it("keeps the order of equals, and puts choices without tokens last", () => {
		const scores = [score(), score(-1), score(), score(-1)];
		expect(bestChoices(scores, 4, 4)).toEqual([1, 3, 0, 2]);
		const impossible = score(Number.NEGATIVE_INFINITY);
		expect(bestChoices([impossible, score()], 2, 2)).toEqual([0, 1]);
	});
});
