import type { ResultTable } from "../../harness/result.ts";
import { percent } from "../../harness/undisturbed.ts";
import { GalleyFlags, readHelp } from "../galley-flags.ts";
import type { Suite, SuiteContext } from "../suite.ts";
import { megabytes } from "./road-tables.ts";
import { burst } from "./scheduler/burst.ts";
import { copyHeavy } from "./scheduler/copy-heavy.ts";
import { independent } from "./scheduler/independent.ts";
import { longPrompt } from "./scheduler/long-prompt.ts";
import type { Measured } from "./scheduler/medians.ts";
import { overloadCase } from "./scheduler/overload.ts";
import { pressure } from "./scheduler/pressure.ts";
import type {
	CaseContext,
	CaseResult,
	SchedulerCase,
} from "./scheduler/scheduler-case.ts";
import {
	broken,
	publicReason,
	verdictTable,
	withoutFlags,
} from "./scheduler/verdict.ts";

const schedulerCases: readonly SchedulerCase[] = [
	burst,
	independent,
	longPrompt,
	overloadCase,
	pressure,
	copyHeavy,
];

/** What the scheduler is for: shared prefixes, bounded prefill, full queues and full caches. Every load runs on every server. */
export const scheduler: Suite = {
	name: "scheduler",
	title: "The scheduler: shared prefixes, long prompts, overload, pressure",
	caseNames: schedulerCases.flatMap(({ names }) => names),
	run: async (suiteContext) => {
		const wanted = new Set(suiteContext.cases ?? scheduler.caseNames);
		const helpText = readHelp(suiteContext.galleyMain);
		const conditions: string[] = [];
		const results = new Map<string, CaseResult>();
		for (const one of schedulerCases) {
			const names = one.names.filter((name) => wanted.has(name));
			if (names.length === 0) continue;
			const title = names.join(", ");
			const galleyFlags = new GalleyFlags(helpText);
			const context: CaseContext = { ...suiteContext, galleyFlags };
			context.log(title);
			conditions.push(
				...one.conditions(context).map((line) => `${title}: ${line}`),
			);
			const result = await runCase(one, context, wanted, title);
			results.set(title, {
				...result,
				verdicts: withoutFlags(result.verdicts, galleyFlags.missing),
			});
		}
		const all = [...results.values()];
		const runs = all.flatMap((result) => result.runs);
		return {
			conditions: [...commonConditions(suiteContext, runs), ...conditions],
			tables: [
				verdictTable(all.flatMap((result) => result.verdicts)),
				...all.flatMap((result) => result.tables),
				...commandTables(results),
			],
			notes: all.flatMap((result) => result.notes),
			failures: all
				.map((result) => result.failure)
				.filter((failure) => failure !== undefined),
			data: Object.fromEntries(results),
		};
	},
};

/** One case that breaks does not take the others' figures with it: it is a row that says so. */
async function runCase(
	one: SchedulerCase,
	context: CaseContext,
	wanted: ReadonlySet<string>,
	title: string,
): Promise<CaseResult> {
	const startedAt = performance.now();
	try {
		return await one.run(context, wanted);
	} catch (error) {
		context.log(`  did not finish: ${String(error)}`);
		return {
			verdicts: [broken(title, error)],
			tables: [],
			notes: [],
			runs: [],
			failure: `${title} did not finish: ${publicReason(error)}`,
		};
	} finally {
		context.log(
			`  ${Math.round((performance.now() - startedAt) / 1000)} s for ${title}`,
		);
	}
}

function commonConditions(
	{ model, threads, rounds, isQuick }: SuiteContext,
	runs: readonly Measured<unknown>[],
): string[] {
	const shares = runs.map(({ foreignShare }) => foreignShare ?? 0);
	return [
		`model: ${model.name} (${megabytes(model.bytes)} MB), ${threads} threads each`,
		"random words, temperature 0, end of answer ignored, chat, streamed, unless a case says otherwise",
		`median of ${rounds} round(s); every run has a server of its own, freshly started; servers take turns within a round; the load generator shares the machine`,
		...(isQuick
			? ["a quick run with less of everything: it shows that it works, no more"]
			: []),
		`others used at most ${percent(Math.max(0, ...shares))} of the machine during a measurement`,
	];
}

function commandTables(
	results: ReadonlyMap<string, CaseResult>,
): ResultTable[] {
	const rows = [...results].flatMap(([title, { runs }]) =>
		[...new Set(runs.map(({ command }) => command))]
			.sort()
			.map((command) => [title, `\`${command}\``]),
	);
	return rows.length === 0
		? []
		: [
				{
					title: "Servers as they were started",
					head: ["case", "command"],
					rows,
				},
			];
}
