import { setTimeout as delay } from "node:timers/promises";
import type { AnswerParts } from "./answer-question.ts";

/** More than that are not read while somebody waits. */
const fewPages = 200;
const pauseMs = 200;

/**
 * Waits while the last pages of what is searched are read for the first time. True where some were, so that it is worth
 * searching again: who asks right after the start has an answer, not an excuse.
 */
export async function areReadSoon(
	{
		stillReading,
		readingWaitMs,
	}: Pick<AnswerParts, "stillReading" | "readingWaitMs">,
	signal: AbortSignal,
): Promise<boolean> {
	const until = performance.now() + readingWaitMs;
	let before: number | null = null;
	for (;;) {
		const reading = await stillReading();
		const done = reading.reduce((sum, { done }) => sum + done, 0);
		const left = reading.reduce(
			(sum, { pages, done }) => sum + pages - done,
			0,
		);
		if (reading.length === 0) return before !== null;
		if (left > fewPages) return false;
		if (performance.now() >= until) return before !== null && done > before;
		before ??= done;
		await delay(pauseMs, undefined, { signal });
	}
}
