import { expect, test } from "vitest";
import { KvLayoutChoice } from "./kv-layout-choice.ts";
import { decodeStep } from "./testing/decode-step.ts";

function after(
	steps: number,
	sequences: number,
	length: number,
	distinctCells: number,
	choice = new KvLayoutChoice(),
): KvLayoutChoice {
	for (let step = 0; step < steps; step++)
		choice.observe(decodeStep(sequences, length), distinctCells);
	return choice;
}

test("shared prefixes ask for unified, unrelated prompts for streams", () => {
	expect(after(50, 8, 1250, 1600).preferred("streams")).toBe("unified");
	expect(after(50, 8, 500, 4000).preferred("unified")).toBe("streams");
});

test("in between, what is stays", () => {
	const choice = after(50, 8, 1000, 4000);
	expect(choice.preferred("unified")).toBe("unified");
	expect(choice.preferred("streams")).toBe("streams");
});

test("a few steps, or one sequence alone, say nothing", () => {
	expect(after(10, 8, 1250, 1600).preferred("streams")).toBe("streams");
	expect(after(500, 1, 1250, 1250).preferred("unified")).toBe("unified");
});

test("a load that changes is followed", () => {
	const choice = after(400, 8, 1250, 1600);
	expect(after(400, 8, 500, 4000, choice).preferred("unified")).toBe("streams");
});

test("a crowd that waits for one long prefix is foreseen, a few short choices are not", () => {
	const choice = new KvLayoutChoice();
	const crowd = {
		sequences: 7,
		sharedTokens: 1200,
		allTokens: 8680,
		ownTokens: 280,
	};
	expect(choice.foresees(crowd)).toBe(true);
	expect(choice.foresees({ ...crowd, sequences: 2 })).toBe(false);
	const choices = {
		sequences: 3,
		sharedTokens: 60,
		allTokens: 183,
		ownTokens: 3,
	};
	expect(choice.foresees(choices)).toBe(false);
	const longTails = {
		sequences: 4,
		sharedTokens: 300,
		allTokens: 4000,
		ownTokens: 2800,
	};
	expect(choice.foresees(longTails)).toBe(false);
});
