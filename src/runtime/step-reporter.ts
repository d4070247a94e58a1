import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Sequence } from "../scheduler/sequence.ts";
import type { EndedSequence, StepPlan } from "../scheduler/step-plan.ts";
import type {
	LoadReport,
	LogprobReport,
	StartReport,
	StepReport,
	StepStatistics,
} from "./engine-protocol.ts";
import { StepCounts } from "./step-counts.ts";

/** What one step brought, gathered while it is committed. */
export class StepFindings {
	readonly tokens: number[] = [];
	readonly logprobs: (LogprobReport | null)[] = [];
	readonly promptLogprobs: StepReport["promptLogprobs"][number][] = [];

	addToken(
		{ spec }: Sequence,
		token: number,
		logprob: LogprobReport | null,
	): void {
		this.tokens.push(spec.request, spec.choice, token);
		this.logprobs.push(logprob);
	}
}

/** Since the last report. */
type ConstraintCosts = Pick<
	StepStatistics,
	"constraintSeconds" | "constrainedTokens"
>;

/** Turns what happened in the loop into the messages of engine-protocol.ts. */
export class StepReporter {
	readonly counts = new StepCounts();
	readonly #residentBytes: () => number;
	readonly #takeConstraintCosts: () => ConstraintCosts;
	/** Admitted since the last report: a step that is not computed reports nothing. */
	#started: { sequence: Sequence; at: number; arrivedAt: number }[] = [];

	constructor(
		residentBytes: () => number,
		takeConstraintCosts: () => ConstraintCosts,
	) {
		this.#residentBytes = residentBytes;
		this.#takeConstraintCosts = takeConstraintCosts;
	}

	/** Times are monotonic milliseconds. */
	started(sequence: Sequence, at: number, arrivedAt: number): void {
		this.#started.push({ sequence, at, arrivedAt });
	}

	step(
		plan: StepPlan,
		findings: StepFindings,
		ended: readonly EndedSequence[],
		seconds: number,
		scheduler: Scheduler,
	): StepReport {
		const { tokens, logprobs, promptLogprobs } = findings;
		return {
			type: "step",
			started: this.#started.splice(0).map(toStartReport),
			tokens: Int32Array.from(tokens),
			logprobs: logprobs.some((report) => report !== null) ? logprobs : null,
			promptLogprobs,
			ended: ended.map(({ sequence, reason, stopToken }) => ({
				number: sequence.spec.request,
				choice: sequence.spec.choice,
				reason,
				stopToken,
			})),
			statistics: {
				...this.counts.take(plan, tokens.length / 3, seconds, scheduler),
				...this.#takeConstraintCosts(),
			},
			load: this.load(scheduler),
		};
	}

	load(scheduler: Scheduler): LoadReport {
		const { runningCount, waitingCount, ledger, limits, saved } = scheduler;
		return {
			running: runningCount,
			waiting: waitingCount,
			waitingFor: scheduler.waitingFor(),
			kvCacheUsage: ledger.runningCells / limits.kvCells,
			retainedTokens: ledger.idleCells,
			savedTokens: saved.tokens,
			kvLayout: limits.kvLayout,
			targetItlMs: scheduler.targetSeconds() * 1000,
			residentBytes: this.#residentBytes(),
		};
	}
}

function toStartReport({
	sequence,
	at,
	arrivedAt,
}: {
	sequence: Sequence;
	at: number;
	arrivedAt: number;
}): StartReport {
	const { request, choice } = sequence.spec;
	return {
		number: request,
		choice,
		cachedTokens: sequence.cachedTokens,
		queueSeconds: Math.max(0, at - arrivedAt) / 1000,
	};
}
