import { accuracyKey, type Candidate, candidateKey } from "./candidate.ts";
import type { AccuracyFigures, SpeedRun } from "./figures.ts";
import type { Journal } from "./journal.ts";
import type { Conclusion, Search, Verdict } from "./search.ts";

export interface SearchEffects {
	measureSpeed(candidate: Candidate): Promise<SpeedRun>;
	measureAccuracy(candidate: Candidate): Promise<AccuracyFigures>;
	/** Monotonic seconds. */
	now(): number;
	/** Before each measurement, with the time that is left, about, and what is known until then. */
	onStep(step: {
		kind: "accuracy" | "speed";
		candidate: Candidate;
		stage: string;
		secondsLeft: number;
		verdicts: readonly Verdict[];
	}): void;
	/** Something could not be measured; the search goes on without it. */
	onRejected(candidate: Candidate, reason: string): void;
}

export interface SearchRun {
	search: Search;
	journal: Journal;
	effects: SearchEffects;
	budgetSeconds: number;
	/** Tells loads and texts apart in the journal. */
	loadKey: string;
	textKey: string;
	signal?: AbortSignal | undefined;
}

/**
 * Measures what the search asks for until it is done or time is up; what the journal has is not measured again and costs no
 * time. Ends with the signal's reason when that is aborted: all that was measured is in the journal then.
 */
export async function runSearch(
	run: SearchRun,
): Promise<{ conclusion: Conclusion; isComplete: boolean }> {
	const { search, journal, effects, budgetSeconds, signal } = run;
	const startedAt = effects.now();
	const walls: number[] = [];
	for (;;) {
		signal?.throwIfAborted();
		const step = search.next();
		if (step.kind === "done")
			return { conclusion: search.conclude(), isComplete: true };
		const { candidate } = step;
		if (useEarlier(run, step.kind, candidate)) continue;

		const elapsed = effects.now() - startedAt;
		const usual = mean(walls);
		// The first measurements are made however short the time is: without them there is nothing to tell.
		if (walls.length > 0 && elapsed + usual / 2 > budgetSeconds)
			return { conclusion: search.conclude(), isComplete: false };
		const rest = Math.max(0, budgetSeconds - elapsed);
		const secondsLeft =
			walls.length === 0 ? rest : Math.min(rest, search.remainingRuns * usual);
		effects.onStep({
			...step,
			secondsLeft,
			verdicts: search.conclude().verdicts,
		});
		try {
			if (step.kind === "accuracy") {
				const figures = await effects.measureAccuracy(candidate);
				search.acceptAccuracy(candidate, figures);
				await journal.addAccuracy(run.textKey, accuracyKey(candidate), figures);
			} else {
				const startedRun = effects.now();
				const figures = await effects.measureSpeed(candidate);
				walls.push(effects.now() - startedRun);
				search.acceptSpeed(candidate, figures);
				await journal.addSpeed(run.loadKey, candidateKey(candidate), figures);
			}
		} catch (error) {
			signal?.throwIfAborted();
			const reason = error instanceof Error ? error.message : String(error);
			search.reject(candidate, reason);
			effects.onRejected(candidate, reason);
		}
	}
}

function useEarlier(
	{ search, journal, loadKey, textKey }: SearchRun,
	kind: "accuracy" | "speed",
	candidate: Candidate,
): boolean {
	if (kind === "accuracy") {
		const figures = journal.accuracy(textKey, accuracyKey(candidate));
		if (figures === null) return false;
		search.acceptAccuracy(candidate, figures);
		return true;
	}
	const run = journal.takeSpeed(loadKey, candidateKey(candidate));
	if (run === null) return false;
	search.acceptSpeed(candidate, run);
	return true;
}

function mean(values: readonly number[]): number {
	return values.length === 0
		? 0
		: values.reduce((sum, value) => sum + value, 0) / values.length;
}
