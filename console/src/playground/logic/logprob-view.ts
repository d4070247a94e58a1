import type { TokenLogprob } from "./wire.ts";

/** 0 is unlikely, 4 is nearly sure. */
type Band = 0 | 1 | 2 | 3 | 4;

export interface TokenView {
	/** With blanks and line ends made visible. */
	label: string;
	/** 0 to 1; null where the server gave none. */
	probability: number | null;
	band: Band | null;
	endsLine: boolean;
	alternatives: readonly {
		label: string;
		probability: number;
		isChosen: boolean;
	}[];
}

/** From which probability on a token is in the next band. */
const bandStarts = [0.1, 0.4, 0.7, 0.9] as const;

export const bandTitles = [
	"under 10 %",
	"10 to 40 %",
	"40 to 70 %",
	"70 to 90 %",
	"over 90 %",
] as const;

export function toTokenViews(logprobs: readonly TokenLogprob[]): TokenView[] {
	return logprobs.map(({ token, logprob, isKnown, top }) => {
		const probability = isKnown ? Math.exp(Math.min(0, logprob)) : null;
		return {
			label: visible(token),
			probability,
			band: probability === null ? null : bandOf(probability),
			endsLine: token.endsWith("\n"),
			alternatives: (top ?? []).map((candidate) => ({
				label: visible(candidate.token),
				probability: Math.exp(Math.min(0, candidate.logprob)),
				isChosen: candidate.token === token,
			})),
		};
	});
}

function bandOf(probability: number): Band {
	return bandStarts.filter((start) => probability >= start).length as Band;
}

/** Blanks at the ends, tabs and line ends as signs; an empty token as what it is. */
export function visible(token: string): string {
	if (token === "") return "∅";
	return token
		.replaceAll("\n", "⏎")
		.replaceAll("\t", "⇥")
		.replace(/^ +| +$/g, (blanks) => "·".repeat(blanks.length));
}

interface Sureness {
	/** The probability that each token had on average (geometric mean), 0 to 1. */
	meanProbability: number;
	/** As how many equally likely choices a token was, on average. */
	perplexity: number;
	tokens: number;
}

/** Null where nothing is known. */
export function surenessOf(logprobs: readonly TokenLogprob[]): Sureness | null {
	const known = logprobs.filter(({ isKnown }) => isKnown);
	if (known.length === 0) return null;
	const sum = known.reduce((total, { logprob }) => total + logprob, 0);
	const mean = sum / known.length;
	return {
		meanProbability: Math.exp(mean),
		perplexity: Math.exp(-mean),
		tokens: known.length,
	};
}
