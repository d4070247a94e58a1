import { expect, test } from "vitest";
import { chooseSuites, resultName } from "./selection.ts";
import type { Suite } from "./suite.ts";

function createSuite(name: string, caseNames: readonly string[]): Suite {
	return {
		name,
		title: name,
		caseNames,
		run: () => Promise.reject(new Error("not to be run")),
	};
}

const road = createSuite("road", []);
const scheduler = createSuite("scheduler", ["cold-burst", "overload"]);
const suites = [road, scheduler];

test("without names every suite runs whole", () => {
	expect(chooseSuites(suites, { suites: [], cases: [] })).toEqual({
		chosen: suites,
		cases: null,
	});
});

test("names may be joined by commas, and a case alone names its suite", () => {
	expect(
		chooseSuites(suites, { suites: [], cases: ["cold-burst,overload"] }),
	).toEqual({ chosen: [scheduler], cases: ["cold-burst", "overload"] });
	expect(
		chooseSuites(suites, { suites: ["scheduler, road"], cases: [] }).chosen,
	).toEqual([scheduler, road]);
});

test("an unknown suite, and a case that the named suite lacks, are refused with what there is", () => {
	expect(() => chooseSuites(suites, { suites: ["rode"], cases: [] })).toThrow(
		"choose from road, scheduler",
	);
	expect(() =>
		chooseSuites(suites, { suites: ["road"], cases: ["overload"] }),
	).toThrow("no case overload");
});

test("only the whole suite with the usual model has the suite's own name", () => {
	expect(
		resultName("scheduler", { cases: null, model: null, isQuick: false }),
	).toBe("scheduler");
	expect(
		resultName("scheduler", {
			cases: ["overload"],
			model: "some/folder/small.gguf",
			isQuick: true,
		}),
	).toBe("scheduler-small-overload-quick");
});
