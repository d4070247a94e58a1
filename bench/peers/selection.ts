import { basename } from "node:path";
import type { Suite } from "./suite.ts";

export interface Selection {
	chosen: readonly Suite[];
	/** Null: every case of the chosen suites. */
	cases: readonly string[] | null;
}

/**
 * Which suites run, and which of their cases. Names may be joined by commas. Without a suite's name, those that know the cases; without
 * either, all. Throws for names that nobody knows.
 */
export function chooseSuites(
	suites: readonly Suite[],
	names: { suites: readonly string[]; cases: readonly string[] },
): Selection {
	const wanted = splitNames(names.suites);
	const cases = splitNames(names.cases);
	const named = wanted.map((name) => {
		const suite = suites.find((known) => known.name === name);
		if (suite === undefined)
			throw new Error(
				`There is no suite ${name}: choose from ${suites.map((known) => known.name).join(", ")}.`,
			);
		return suite;
	});
	const candidates = named.length === 0 ? suites : named;
	for (const name of cases)
		if (!candidates.some(({ caseNames }) => caseNames.includes(name)))
			throw new Error(
				`There is no case ${name}: choose from ${candidates.flatMap(({ caseNames }) => caseNames).join(", ")}.`,
			);
	if (cases.length === 0) return { chosen: candidates, cases: null };
	return {
		chosen: candidates.filter(({ caseNames }) =>
			cases.some((name) => caseNames.includes(name)),
		),
		cases,
	};
}

/** A part of a suite, another model and a quick look do not write over the figures of the whole. */
export function resultName(
	suite: string,
	{
		cases,
		model,
		isQuick,
	}: {
		cases: readonly string[] | null;
		/** Null is the usual one. */
		model: string | null;
		isQuick: boolean;
	},
): string {
	return [
		suite,
		...(model === null ? [] : [basename(model, ".gguf")]),
		...(cases ?? []),
		...(isQuick ? ["quick"] : []),
	].join("-");
}

function splitNames(names: readonly string[]): string[] {
	return names
		.flatMap((name) => name.split(","))
		.map((name) => name.trim())
		.filter(Boolean);
}
