import type { RequestRecord } from "./request-record.ts";

/** Starts one request and resolves with what was seen of it; never rejects. */
export type Send = (stageStart: number) => Promise<RequestRecord>;

export interface LoopResult {
	records: RequestRecord[];
	/** From the first request sent to the last one ended. */
	durationMs: number;
}

export interface ClosedLoopOptions {
	concurrency: number;
	/** Null: until the duration is over. */
	requests: number | null;
	durationMs: number | null;
	send: Send;
	signal: AbortSignal;
}

/** Keeps `concurrency` requests in flight: a new one starts when one has ended. */
export async function runClosedLoop(
	options: ClosedLoopOptions,
): Promise<LoopResult> {
	const { concurrency, send, signal } = options;
	const requests = options.requests ?? Number.POSITIVE_INFINITY;
	const start = performance.now();
	const deadline = start + (options.durationMs ?? Number.POSITIVE_INFINITY);
	const records: RequestRecord[] = [];
	let started = 0;
	const work = async () => {
		while (
			started < requests &&
			performance.now() < deadline &&
			!signal.aborted
		) {
			started++;
			records.push(await send(start));
		}
	};
	await Promise.all(
		Array.from({ length: Math.min(concurrency, requests) }, work),
	);
	return { records, durationMs: performance.now() - start };
}

export interface OpenLoopOptions {
	/** Milliseconds from the start, ascending. */
	arrivals: readonly number[];
	send: Send;
	signal: AbortSignal;
}

/** Starts each request at its time, however many are in flight. */
export async function runOpenLoop(
	options: OpenLoopOptions,
): Promise<LoopResult> {
	const { arrivals, send, signal } = options;
	const start = performance.now();
	const running: Promise<RequestRecord>[] = [];
	for (const arrival of arrivals) {
		const wait = start + arrival - performance.now();
		if (wait > 0) await sleep(wait, signal);
		if (signal.aborted) break;
		running.push(send(start));
	}
	const records = await Promise.all(running);
	return { records, durationMs: performance.now() - start };
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const wake = () => {
			clearTimeout(timer);
			signal.removeEventListener("abort", wake);
			resolve();
		};
		const timer = setTimeout(wake, milliseconds);
		if (signal.aborted) wake();
		else signal.addEventListener("abort", wake, { once: true });
	});
}
