import type { RequestRecord } from "../../../../src/benchmark/request-record.ts";
import { gapsWithin } from "./gaps.ts";
import type { Session } from "./session.ts";

export interface StreamShape {
	streams: number;
	inputTokens: number;
	outputTokens: number;
}

/** Tokens that arrive so close together came from one step: the gap that a reader sees is the one before them. */
const togetherMs = 0.3;

/** Streams that go on while something else happens; they are broken off at the end. */
export class VictimStreams implements AsyncDisposable {
	readonly #stop = new AbortController();
	readonly #times: number[][] = [];
	readonly #records: Promise<RequestRecord>[] = [];
	readonly #ended: RequestRecord[] = [];

	private constructor() {}

	/** Resolves when every stream has its first token. */
	static async start(
		session: Session,
		{ streams, inputTokens, outputTokens }: StreamShape,
	): Promise<VictimStreams> {
		const victims = new VictimStreams();
		const begun = Array.from({ length: streams }, () =>
			victims.#begin(session, inputTokens, outputTokens),
		);
		await Promise.all(begun);
		victims.check();
		return victims;
	}

	/** Milliseconds between two tokens of a stream, where that time overlaps the given one (`performance.now()`). */
	gaps(from: number, to: number): number[] {
		return this.#times.flatMap((times) => gapsWithin(times, from, to));
	}

	/** Throws when a stream has ended: what was measured is then not what was meant. */
	check(): void {
		const [record] = this.#ended;
		if (record !== undefined)
			throw new Error(
				record.error === null
					? `A stream ended after ${record.outputTokens} tokens, before it was to.`
					: `A stream failed (${record.error}): ${record.errorMessage}`,
			);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#stop.abort();
		await Promise.all(this.#records);
	}

	/** Resolves at the first token, or at the end if that comes first. */
	#begin(
		session: Session,
		inputTokens: number,
		outputTokens: number,
	): Promise<void> {
		const times: number[] = [];
		this.#times.push(times);
		return new Promise((resolve) => {
			const record = session.stream(
				session.nextBody(inputTokens, outputTokens),
				{
					signal: this.#stop.signal,
					onOutput: () => {
						const now = performance.now();
						if (now - (times.at(-1) ?? 0) >= togetherMs) times.push(now);
						resolve();
					},
				},
			);
			this.#records.push(record);
			void record.then((ended) => {
				this.#ended.push(ended);
				resolve();
			});
		});
	}
}
