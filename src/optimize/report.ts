import type { MachineIdentity } from "../models/model-identity.ts";
import {
	type Candidate,
	candidateKey,
	describeDifference,
	sourceVariant,
} from "./candidate.ts";
import type { Constraints } from "./constraints.ts";
import {
	type AccuracyFigures,
	combineRuns,
	type LoadFigures,
	median,
	perplexityLoss,
	scoreOf,
} from "./figures.ts";
import type { SpeedLoad } from "./measure-speed.ts";
import { relativeSpread } from "./noise.ts";
import { type Conclusion, isFeasible, type Verdict } from "./search.ts";

/** One candidate in the report. */
export interface ReportRow {
	candidate: Candidate;
	/** E.g. `Q4_K_M`. */
	precision: string;
	fileBytes: number | null;
	/** In which settings it differs from the winner, or from the baseline where there is none. */
	difference: string;
	/** Geometric mean of output tokens a second over the loads; null when it was not measured. */
	score: number | null;
	/** Half the distance between the slowest and the fastest run, as a share. */
	spread: number;
	runs: number;
	loads: readonly LoadFigures[];
	peakMemoryBytes: number | null;
	accuracy: AccuracyFigures | null;
	perplexityLoss: number | null;
	isWinner: boolean;
	isBaseline: boolean;
	/** `best`, `keeps all limits`, or what speaks against it. */
	verdict: string;
}

export interface OptimizeReport {
	version: 1;
	model: {
		name: string;
		path: string;
		precision: string;
		parameters: number;
		/** What accuracy is measured against and variants are made from. */
		reference: { path: string; precision: string };
	};
	machine: MachineIdentity;
	engine: { name: "llama"; release: string };
	/** ISO 8601. */
	measuredAt: string;
	load: Omit<SpeedLoad, "concurrencies"> & {
		concurrencies: readonly number[];
	};
	constraints: Constraints;
	text: {
		source: string;
		tokens: number;
		windows: number;
		windowTokens: number;
	};
	/** Best first; what was not measured comes last. */
	rows: readonly ReportRow[];
	/** Relative standard deviation of one run. */
	noise: number;
	/** False when time was up before the search was done. */
	isComplete: boolean;
	reusedResults: number;
	seconds: number;
	warnings: readonly string[];
	/** What came out, for people. */
	summary: string;
}

export type ReportFacts = Omit<
	OptimizeReport,
	"version" | "rows" | "noise" | "summary"
> & {
	conclusion: Conclusion;
	baseline: Candidate;
	fileBytesOf(variant: string): number | null;
};

export function buildReport(facts: ReportFacts): OptimizeReport {
	const { conclusion, baseline, fileBytesOf, ...rest } = facts;
	const { winner, verdicts, noise } = conclusion;
	const base = winner?.candidate ?? baseline;
	const origin = { baseline, sourcePrecision: facts.model.precision };
	const rows = verdicts.map((verdict): ReportRow => {
		const { candidate, runs, accuracy } = verdict;
		const combined = combineRuns(runs);
		const isWinner =
			winner !== null &&
			candidateKey(candidate) === candidateKey(winner.candidate);
		return {
			...figuresOf(verdict, origin),
			fileBytes: fileBytesOf(candidate.variant),
			// The precision has its own column.
			difference: describeDifference(
				{ ...candidate, variant: base.variant },
				base,
			),
			spread: relativeSpread(runs.map(scoreOf)),
			loads: combined?.loads ?? [],
			peakMemoryBytes: combined?.peakMemoryBytes ?? null,
			accuracy,
			isWinner,
			verdict: isWinner ? "best" : describeVerdict(verdict),
		};
	});
	rows.sort(
		(left, right) =>
			Number(right.isWinner) - Number(left.isWinner) ||
			(right.score ?? -1) - (left.score ?? -1),
	);
	return {
		version: 1,
		...rest,
		rows,
		noise,
		summary: facts.isComplete
			? summarize(rows, facts)
			: `${summarize(rows, facts)} Time was up before everything was measured.`,
	};
}

/** A line of the report before it is written: while a search goes on. */
export interface MeasuredCandidate
	extends Pick<
		ReportRow,
		| "candidate"
		| "precision"
		| "score"
		| "runs"
		| "perplexityLoss"
		| "isBaseline"
		| "verdict"
	> {
	/** Nats a token; null before it was measured. */
	meanKl: number | null;
}

/** What the precision and the default of a line are told by. */
interface Origin {
	baseline: Candidate;
	sourcePrecision: string;
}

/** What has been measured at least once for speed or accuracy, the fastest first. */
export function measuredSoFar(
	verdicts: readonly Verdict[],
	origin: Origin,
): MeasuredCandidate[] {
	return verdicts
		.filter(({ runs, accuracy }) => runs.length > 0 || accuracy !== null)
		.map((verdict) => ({
			...figuresOf(verdict, origin),
			meanKl: verdict.accuracy?.meanKl ?? null,
			verdict:
				verdict.runs.length === 0 && isStillOpen(verdict)
					? "not run yet"
					: describeVerdict(verdict),
		}))
		.sort((left, right) => (right.score ?? -1) - (left.score ?? -1));
}

function figuresOf(
	{ candidate, runs, accuracy }: Verdict,
	{ baseline, sourcePrecision }: Origin,
): Omit<MeasuredCandidate, "meanKl" | "verdict"> {
	const { variant } = candidate;
	return {
		candidate,
		precision: variant === sourceVariant ? sourcePrecision : variant,
		score: runs.length === 0 ? null : median(runs.map(scoreOf)),
		runs: runs.length,
		perplexityLoss: accuracy === null ? null : perplexityLoss(accuracy),
		isBaseline: candidateKey(candidate) === candidateKey(baseline),
	};
}

function isStillOpen({ reason, violations }: Verdict): boolean {
	return reason === null && violations.length === 0;
}

function describeVerdict(verdict: Verdict): string {
	if (verdict.reason !== null) return verdict.reason;
	if (isFeasible(verdict)) return "keeps all limits";
	if (verdict.violations.length > 0)
		return verdict.violations.map(({ text }) => text).join("; ");
	return "not measured: time was up";
}

function summarize(rows: readonly ReportRow[], facts: ReportFacts): string {
	const best = rows.find(({ isWinner }) => isWinner);
	const baseline = rows.find(({ isBaseline }) => isBaseline);
	if (best === undefined) {
		const nearest = rows.find(({ runs }) => runs > 0);
		return nearest === undefined
			? "Nothing could be measured."
			: `Nothing that was measured keeps every limit. The nearest: ${nearest.precision}, but ${nearest.verdict}. Relax a limit, or give more time.`;
	}
	const name = `${best.precision}${settingsText(best.candidate, facts.baseline)}`;
	if (best.isBaseline)
		return `${name}, as it runs anyway, is the best of what was measured: nothing else was faster by more than chance within the limits.`;
	const gain =
		baseline?.score == null || best.score === null
			? ""
			: ` ${(best.score / baseline.score).toFixed(2)} times the tokens a second of ${baseline.precision} as it runs by default`;
	const loss =
		best.accuracy === null
			? ""
			: `, KL divergence ${best.accuracy.meanKl.toFixed(4)}, perplexity ${signedPercent(best.perplexityLoss ?? 0)}`;
	return `${name}:${gain}${loss}.`;
}

function settingsText(candidate: Candidate, baseline: Candidate): string {
	const difference = describeDifference(
		{ ...candidate, variant: baseline.variant },
		baseline,
	);
	return difference === "" ? "" : ` with ${difference}`;
}

export function signedPercent(share: number): string {
	const percent = (100 * share).toFixed(1);
	return `${share >= 0 && !percent.startsWith("-") ? "+" : ""}${percent} %`;
}
