import { expect, test } from "vitest";
import { perfectBatches } from "./raw-onnx.ts";
import { type ModelReport, promisesOf } from "./report.ts";
import { makeTexts } from "./texts.ts";

test("perfect batches hold every sequence once, sorted, within the budget", () => {
	const sequences = [30, 5, 90, 8, 31, 200].map(
		(length) => new Int32Array(length),
	);
	const batches = perfectBatches(sequences, 100);
	expect(batches.map((batch) => batch.map(({ length }) => length))).toEqual([
		[5, 8, 30],
		[31],
		[90],
		[200],
	]);
});

test("texts have the lengths that are asked for, and are the same each time", () => {
	const count = (text: string) => text.split(" ").length + 2;
	const options = { texts: 50, shortest: 8, longest: 20, seed: 1 };
	const texts = makeTexts(count, options);
	expect(makeTexts(count, options)).toEqual(texts);
	for (const text of texts) {
		expect(count(text)).toBeGreaterThanOrEqual(8);
		expect(count(text)).toBeLessThanOrEqual(20);
	}
});

test("ratios are those of a round, so that a slow minute of the machine doesn't decide", () => {
	const figures = (name: string, speeds: number[]) => ({
		name,
		tokensPerSecond: speeds,
		singleMs: speeds.map((speed) => 100 / speed),
		foreignShares: [],
	});
	const report: ModelReport = {
		model: "m",
		conditions: [],
		tokens: 1,
		figures: [
			figures("ONNX Runtime, batches of 512", [100, 50, 10]),
			figures("ONNX Runtime, batches of 2048", [80, 60, 9]),
			figures("galley", [95, 57, 9.5]),
			figures("llama-server -ub 512", [50, 30, 8]),
		],
	};
	expect(promisesOf(report).map(([, is, , isMet]) => [is, isMet])).toEqual([
		["0.95", "met"],
		["0.09", "met"],
		["1.90", "met"],
	]);
});
