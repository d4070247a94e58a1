import { expect, test } from "vitest";
import { gapsWithin } from "./gaps.ts";

const times = [0, 10, 20, 50, 60, 70];

test("gaps that overlap the time count with all their length, others not at all", () => {
	expect(gapsWithin(times, 25, 55)).toEqual([30, 10]);
	expect(gapsWithin(times, 30, 40)).toEqual([30]);
});

test("a gap that ends as the time begins is outside of it", () => {
	expect(gapsWithin(times, 50, 60)).toEqual([10]);
});

test("a stream that says nothing more is as slow as the silence is long", () => {
	expect(gapsWithin(times, 65, 500)).toEqual([10, 430]);
	expect(gapsWithin([], 0, 10)).toEqual([]);
});
