import type { ResultTable } from "../../../harness/result.ts";
import type {
	ServerCommand,
	ServerProcess,
} from "../../../harness/server-process.ts";
import { undisturbed } from "../../../harness/undisturbed.ts";
import type { GalleyFlags } from "../../galley-flags.ts";
import type { SuiteContext } from "../../suite.ts";
import type { Measured } from "./medians.ts";
import type { Verdict } from "./verdict.ts";

export interface CaseContext extends SuiteContext {
	galleyFlags: GalleyFlags;
}

/** One thing that schedulers are measured by. A case may answer to several names when one run measures more than one thing. */
export interface SchedulerCase {
	names: readonly string[];
	/** What is asked of the servers, one sentence an entry. */
	conditions(context: CaseContext): string[];
	/** `wanted` holds at least one of `names`. */
	run(context: CaseContext, wanted: ReadonlySet<string>): Promise<CaseResult>;
}

export interface CaseResult {
	verdicts: readonly Verdict[];
	tables: readonly ResultTable[];
	notes: readonly string[];
	/** Every server run of the case, for the JSON file and the list of commands. */
	runs: readonly Measured<unknown>[];
	/** Why it did not finish. */
	failure?: string;
}

export interface Contest<T> {
	server: ServerCommand;
	measure(server: ServerProcess): Promise<T>;
}

/**
 * Each contest in each round on a server of its own, started for it: nothing is in its caches. Each round starts with another one, so
 * that none has the quieter machine all the time. A disturbed measurement is repeated with a new server too.
 */
export async function contestInTurns<T>(
	context: CaseContext,
	contests: readonly Contest<T>[],
	describe: (value: T) => string,
): Promise<Measured<T>[]> {
	const measured: Measured<T>[] = [];
	for (let round = 1; round <= context.rounds; round++) {
		const turn = (round - 1) % contests.length;
		for (const contest of [
			...contests.slice(turn),
			...contests.slice(0, turn),
		]) {
			const one = await measureOnce(context, contest, round);
			context.log(`  round ${round}: ${one.name}: ${describe(one.value)}`);
			measured.push(one);
		}
	}
	return measured;
}

async function measureOnce<T>(
	context: CaseContext,
	{ server: command, measure }: Contest<T>,
	round: number,
): Promise<Measured<T>> {
	const { value, foreignShare } = await undisturbed(async () => {
		const server = await context.fleet.start(command);
		try {
			return { value: await measure(server), command: server.commandLine };
		} finally {
			await server.stop();
		}
	}, context);
	return { name: command.name, round, foreignShare, ...value };
}
