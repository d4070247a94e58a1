import type { RequestRecord } from "../../../../src/benchmark/request-record.ts";
import type { Session } from "./session.ts";

/** One client that was refused, waited as long as it was told, and came back. */
export interface RetryOutcome {
	retryAfterSeconds: number | null;
	/** How the second try ended; null: it was told nothing, or more than this benchmark waits for. */
	second: "accepted" | "refused" | "failed" | null;
}

type Phase = "during-load" | "after-load";

/** Nobody waits longer than this for a benchmark. */
const longestWaitMs = 60_000;

/** Clients that take `Retry-After` at its word. Those that are not refused at first prove nothing and are not counted. */
export class RetryProbes {
	readonly #session: Pick<Session, "stream">;
	readonly #nextBody: () => string;
	readonly #wait: (milliseconds: number) => Promise<void>;
	readonly #startedAt = performance.now();
	readonly #running: Promise<void>[] = [];
	readonly #outcomes: { phase: Phase; outcome: RetryOutcome }[] = [];
	#timer: NodeJS.Timeout | undefined;

	constructor(
		session: Pick<Session, "stream">,
		nextBody: () => string,
		wait: (milliseconds: number) => Promise<void> = sleep,
	) {
		this.#session = session;
		this.#nextBody = nextBody;
		this.#wait = wait;
	}

	sendEvery(milliseconds: number): void {
		this.#timer = setInterval(() => this.send("during-load"), milliseconds);
	}

	stopSending(): void {
		clearInterval(this.#timer);
	}

	send(phase: Phase): void {
		this.#running.push(this.#probe(phase));
	}

	/** Resolves when `loadMs` from the start are over and every client has its answer. */
	async settled(loadMs: number): Promise<void> {
		// A little more, so that what starts at that very moment is among them.
		await sleep(this.#startedAt + loadMs + 100 - performance.now());
		this.stopSending();
		await Promise.all(this.#running);
	}

	outcomes(phase: Phase): RetryOutcome[] {
		return this.#outcomes
			.filter((entry) => entry.phase === phase)
			.map(({ outcome }) => outcome);
	}

	async #probe(phase: Phase): Promise<void> {
		const first = await this.#stream();
		if (first.error !== "http_429") return;
		const { retryAfterSeconds } = first;
		const waitMs = (retryAfterSeconds ?? Number.POSITIVE_INFINITY) * 1000;
		let second: RetryOutcome["second"] = null;
		if (waitMs <= longestWaitMs) {
			await this.#wait(waitMs);
			const { error } = await this.#stream();
			second =
				error === null
					? "accepted"
					: error === "http_429"
						? "refused"
						: "failed";
		}
		this.#outcomes.push({ phase, outcome: { retryAfterSeconds, second } });
	}

	async #stream(): Promise<RequestRecord> {
		// Long after everybody has given up: a server that never answers must not hold the benchmark.
		const signal = AbortSignal.timeout(longestWaitMs);
		return this.#session.stream(this.#nextBody(), { signal });
	}
}

function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
