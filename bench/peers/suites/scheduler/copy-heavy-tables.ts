import type { ResultTable } from "../../../harness/result.ts";
import { figureTable } from "./figure-table.ts";
import {
	isOwn,
	type Measured,
	medianOf,
	type NamedFigure,
	serverNames,
} from "./medians.ts";
import { hold, percentage, times, type Verdict } from "./verdict.ts";

export interface CopyRun {
	/** One an answer, in the order of the prompts. */
	texts: string[];
	tokens: number;
	seconds: number;
}

type Runs = readonly Measured<CopyRun>[];

/** Ends the names of the runs that the others of the same server are held against. */
export const withoutSpeculation = "without speculation";

const speed = ({ tokens, seconds }: CopyRun) => tokens / seconds;

/** `prefix` stands before what each row says. */
export function copyVerdicts(runs: Runs, prefix: string): Verdict[] {
	const speculating = serverNames(runs).filter(
		(name) => !name.endsWith(withoutSpeculation),
	);
	const figures = (
		figure: (name: string, plain: string) => number,
	): NamedFigure[] =>
		speculating.map((name) => ({
			name,
			value: figure(name, plainName(runs, name)),
		}));
	return [
		hold({
			case: "copy-heavy",
			what: `${prefix}output tokens a second, with speculation / without`,
			figures: figures(
				(name, plain) =>
					medianOf(runs, name, speed) / medianOf(runs, plain, speed),
			),
			better: "higher",
			format: times,
			limit: 1.5,
		}),
		hold({
			case: "copy-heavy",
			what: `${prefix}answers that are the same text with and without`,
			figures: figures((name, plain) => sameTexts(runs, name, plain)),
			better: "higher",
			format: percentage,
			limit: 1,
		}),
	];
}

export function copyTables(runs: Runs, model: string): ResultTable[] {
	return [
		figureTable(`Copy-heavy, ${model}: one stream`, runs, [
			{ head: "output tokens/s", figure: speed, digits: 1 },
			{ head: "output tokens", figure: ({ tokens }) => tokens },
			{ head: "s", figure: ({ seconds }) => seconds, digits: 2 },
		]),
	];
}

/** The same server's run without speculation. */
function plainName(runs: Runs, name: string): string {
	return (
		serverNames(runs).find(
			(other) =>
				other.endsWith(withoutSpeculation) && isOwn(other) === isOwn(name),
		) ?? ""
	);
}

/** Share of the answers, over all rounds, that both give alike. */
function sameTexts(runs: Runs, name: string, plain: string): number {
	const answers = (wanted: string) =>
		runs.filter((run) => run.name === wanted).flatMap((run) => run.value.texts);
	const left = answers(name);
	const right = answers(plain);
	return (
		left.filter((text, index) => text === right[index]).length / left.length
	);
}
