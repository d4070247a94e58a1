import type { SuiteResult } from "../harness/result.ts";
import type { ServerFleet } from "../harness/server-process.ts";
import type { LlamaPeer } from "./llama-peer.ts";

export interface SuiteContext {
	fleet: ServerFleet;
	peer: LlamaPeer;
	/** Galley's built `cli/main.js`. */
	galleyMain: string;
	model: { path: string; name: string; bytes: number };
	threads: number;
	rounds: number;
	/** How often a measurement is repeated when others used the machine meanwhile. */
	patience: number;
	/** Less of everything: to see that it works, not to publish. */
	isQuick: boolean;
	/** Names of the cases to run, all of them known to the suite; null runs every one. */
	cases: readonly string[] | null;
	log(line: string): void;
}

/** A comparison with the peers. Add one by writing it in `suites/` and naming it in `run.ts`. */
export interface Suite {
	name: string;
	title: string;
	/** What can be run alone with `--case`; empty when the suite is one piece. */
	caseNames: readonly string[];
	run(context: SuiteContext): Promise<SuiteResult>;
}
