import { expect, test } from "vitest";
import {
	containment,
	exactMatch,
	f1,
	groundedness,
	mean,
	ndcgAt,
	recallAt,
	reciprocalRank,
} from "./measures.ts";

test("retrieval, against figures worked out by hand", () => {
	const found = ["a", "b", "c", "d"];
	expect(recallAt(found, ["b", "x"], 2)).toBe(0.5);
	expect(recallAt(found, ["d"], 3)).toBe(0);
	expect(reciprocalRank(found, ["x", "c"])).toBeCloseTo(1 / 3);
	expect(reciprocalRank(found, ["x"])).toBe(0);
	expect(ndcgAt(found, ["a", "b"], 10)).toBe(1);
	// Found second: 1 / log2(3).
	expect(ndcgAt(found, ["b"], 10)).toBeCloseTo(0.6309, 4);
	expect(ndcgAt(found, ["d"], 3)).toBe(0);
});

test("answers", () => {
	expect(exactMatch("The North Sea. [1]", "north sea")).toBe(1);
	expect(exactMatch("North Sea, mostly", "north sea")).toBe(0);
	expect(containment("In the North Sea, mostly [1].", "north sea")).toBe(1);
	expect(containment("North of the sea", "north sea")).toBe(0);
	expect(containment("Northern seas", "north sea")).toBe(0);
	// Two of three words, two of two wanted.
	expect(f1("North Sea, mostly", "north sea")).toBeCloseTo(0.8);
	expect(f1("sea sea", "sea")).toBeCloseTo(2 / 3);
	expect(f1("no", "yes")).toBe(0);
	expect(groundedness("The sea is green [1]", ["A sea, is it?"])).toBeCloseTo(
		2 / 3,
	);
	expect(mean([])).toBeNull();
});
