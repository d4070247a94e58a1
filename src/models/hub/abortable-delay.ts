import { setTimeout as delay } from "node:timers/promises";

/** Waits; an abort ends it by throwing the signal's reason. */
export async function abortableDelay(
	durationMs: number,
	signal: AbortSignal | undefined,
): Promise<void> {
	try {
		await delay(durationMs, undefined, signal === undefined ? {} : { signal });
	} catch (error) {
		signal?.throwIfAborted();
		throw error;
	}
}
