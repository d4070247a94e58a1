import type { ForwardOutcome } from "../../proxy/forward.ts";

/** Sends a request to one place: `claim` before the client hears anything, `onStart` with what gives it up. */
export type Attempt = (
	claim: () => boolean,
	onStart: (abandon: () => void) => void,
) => Promise<ForwardOutcome>;

/**
 * Tries a second place when the first has no answer after a while, and takes whichever answers first; the other is given up. Only
 * for what may be computed twice. `second` makes no attempt (null) where there is no other place.
 */
export async function hedged(
	first: Attempt,
	second: () => Attempt | null,
	hedgeMs: number,
): Promise<ForwardOutcome> {
	let winner: number | null = null;
	const abandons: (() => void)[] = [];
	const start = (attempt: Attempt, number: number) =>
		attempt(
			() => {
				if (winner !== null) return winner === number;
				winner = number;
				for (const [other, abandon] of abandons.entries())
					if (other !== number) abandon();
				return true;
			},
			(abandon) => {
				abandons[number] = abandon;
			},
		);
	const one = start(first, 0);
	const isLate = await lateness(one, hedgeMs);
	const other = isLate && winner === null ? second() : null;
	if (other === null) return one;
	const two = start(other, 1);
	const [outcome, left] = await Promise.race([
		one.then((ended) => [ended, two] as const),
		two.then((ended) => [ended, one] as const),
	]);
	return outcome.kind === "lost" || outcome.kind === "unanswered"
		? left
		: outcome;
}

/** Whether it takes longer than that. */
async function lateness(
	attempt: Promise<unknown>,
	ms: number,
): Promise<boolean> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<boolean>((resolve) => {
		timer = setTimeout(() => resolve(true), ms);
	});
	const isLate = await Promise.race([late, attempt.then(() => false)]);
	clearTimeout(timer);
	return isLate;
}
