import type { ResultTable } from "../../../harness/result.ts";
import { bestRival, isOwn, type NamedFigure } from "./medians.ts";

/** One row of the main table. */
export interface Verdict {
	/** Name of the case that it belongs to. */
	case: string;
	what: string;
	own: string;
	rival: string;
	/** How many times better Galley is than the best rival; empty where that is not the question. */
	ratio: string;
	target: string;
	isMet: boolean;
}

export interface Comparison {
	case: string;
	what: string;
	/** Of all servers. */
	figures: readonly NamedFigure[];
	/** Which of Galley's runs counts; default `galley`. */
	own?: string;
	better: "higher" | "lower";
	format: (value: number) => string;
	/** Times better than the best rival. */
	atLeast: number;
}

/** Galley against the best of the others. Above 1 the ratio says that Galley is better, whichever way the figure goes. */
export function compare(comparison: Comparison): Verdict {
	const { what, figures, better, format, atLeast } = comparison;
	const ownName = comparison.own ?? "galley";
	const own = figures.find(({ name }) => name === ownName)?.value ?? Number.NaN;
	const rival = bestRival(figures, better);
	const ratio =
		rival === null
			? Number.NaN
			: better === "higher"
				? own / rival.value
				: rival.value / own;
	return {
		case: comparison.case,
		what,
		own: format(own),
		rival:
			rival === null
				? "-"
				: `${format(rival.value)} (${shortName(rival.name)})`,
		ratio: times(ratio),
		target: `at least ${atLeast}x`,
		isMet: ratio >= atLeast,
	};
}

export interface Claim {
	case: string;
	what: string;
	/** Of all servers; the first of Galley's counts. */
	figures: readonly NamedFigure[];
	better: "higher" | "lower";
	format: (value: number) => string;
	limit: number;
	/** Shown beside the limit, e.g. "x the target". */
	note?: string;
}

/** A limit for Galley's own figure; the best rival's stands beside it. */
export function hold(claim: Claim): Verdict {
	const { what, figures, better, format, limit, note } = claim;
	const own = figures.find(({ name }) => isOwn(name))?.value ?? Number.NaN;
	// A rival's 0 is a figure here: it may be the best possible.
	const rivals = figures.filter(
		({ name, value }) => !isOwn(name) && !Number.isNaN(value),
	);
	rivals.sort((left, right) =>
		better === "higher" ? right.value - left.value : left.value - right.value,
	);
	const rival = rivals[0];
	return {
		case: claim.case,
		what,
		own: format(own),
		rival:
			rival === undefined
				? "-"
				: `${format(rival.value)} (${shortName(rival.name)})`,
		ratio: "",
		target: `${better === "higher" ? "at least" : "at most"} ${format(limit)}${note === undefined ? "" : ` ${note}`}`,
		isMet: better === "higher" ? own >= limit : own <= limit,
	};
}

/** A case that ended with an error is a row too: nothing was met. */
export function broken(name: string, error: unknown): Verdict {
	return {
		case: name,
		what: `did not finish: ${publicReason(error).replaceAll("|", "/")}`,
		own: "-",
		rival: "-",
		ratio: "",
		target: "",
		isMet: false,
	};
}

/** The first line of an error, without folders: results are published. */
export function publicReason(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	const [line = ""] = message.split("\n");
	return line.replaceAll(/(?:\/[\w.@+-]+)+\/([\w.@+-]+)/g, "$1").slice(0, 200);
}

/** A promise is not kept by a build that lacks the flags it is tried with. */
export function withoutFlags(
	verdicts: readonly Verdict[],
	missing: readonly string[],
): readonly Verdict[] {
	if (missing.length === 0) return verdicts;
	return verdicts.map((verdict) => ({
		...verdict,
		what: `${verdict.what} (this build has no ${missing.join(", ")})`,
		isMet: false,
	}));
}

export function verdictTable(verdicts: readonly Verdict[]): ResultTable {
	return {
		title: "Galley and llama-server, its better configuration each time",
		head: ["case", "what", "Galley", "llama-server", "ratio", "target", "met"],
		rows: verdicts.map((verdict) => [
			verdict.case,
			verdict.what,
			verdict.own,
			verdict.rival,
			verdict.ratio,
			verdict.target,
			verdict.isMet ? "yes" : "no",
		]),
	};
}

export function times(ratio: number): string {
	return Number.isFinite(ratio) ? `${ratio.toFixed(2)}x` : "-";
}

export function seconds(milliseconds: number): string {
	return finite(milliseconds, (value) => `${(value / 1000).toFixed(2)} s`);
}

export function perSecond(value: number): string {
	return finite(value, (known) => `${known.toFixed(1)} tokens/s`);
}

export function count(value: number): string {
	return finite(value, String);
}

export function percentage(value: number): string {
	return finite(value, (known) => `${(100 * known).toFixed(0)} %`);
}

function finite(value: number, format: (value: number) => string): string {
	return Number.isFinite(value) ? format(value) : "-";
}

function shortName(name: string): string {
	return name.replace("llama-server ", "");
}
