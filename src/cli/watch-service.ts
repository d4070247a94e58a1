import { GalleyError } from "../core/errors.ts";
import type { ServiceClient } from "./service-client.ts";
import { lostSample, type ServiceSample, takeSample } from "./top-sample.ts";
import { type TopView, toTopView } from "./top-view.ts";

export interface WatchOptions {
	client: ServiceClient;
	/** How the views name the service. */
	place: string;
	/** From the beginning of one look to that of the next. */
	intervalMs: number;
	signal: AbortSignal;
}

/**
 * Looks at a service until the signal says stop. The first look throws when nobody is there; later ones go on trying,
 * since a service that was there may be on its way back.
 */
export async function* watchService({
	client,
	place,
	intervalMs,
	signal,
}: WatchOptions): AsyncGenerator<TopView, void> {
	let previous: ServiceSample | null = null;
	let known: Pick<TopView, "model" | "version"> | null = null;
	while (!signal.aborted) {
		const lookedAt = performance.now();
		let sample: ServiceSample;
		try {
			sample = await takeSample(client, signal);
		} catch (error) {
			if (signal.aborted) return;
			if (previous === null || !isGone(error)) throw error;
			sample = lostSample(error.message);
		}
		const view = toTopView(place, sample, previous, Date.now() / 1000);
		if (sample.metrics !== null) known = view;
		yield {
			...view,
			model: view.model ?? known?.model ?? null,
			version: view.version ?? known?.version ?? null,
		};
		previous = sample;
		await pause(intervalMs - (performance.now() - lookedAt), signal);
	}
}

function isGone(error: unknown): error is GalleyError {
	return error instanceof GalleyError && error.code === "engine_unavailable";
}

/** Ends early, without an error, when the signal says stop. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) return resolve();
		const end = () => {
			clearTimeout(timer);
			signal.removeEventListener("abort", end);
			resolve();
		};
		const timer = setTimeout(end, Math.max(0, milliseconds));
		signal.addEventListener("abort", end);
	});
}
