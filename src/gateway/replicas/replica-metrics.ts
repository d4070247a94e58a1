import { MetricSamples } from "../../observability/metric-samples.ts";
import { processTreeMemory } from "./process-memory.ts";
import {
	isSameProcess,
	type MetricScrape,
	type ReplicaReading,
	readReplica,
} from "./replica-reading.ts";
import type { ReplicaSet } from "./replica-set.ts";
import type { ServiceProcess } from "./service-process.ts";

/** A choice of a request in a replica's engine, as `GET /v1/requests` of the service tells it. */
export type SequenceSnapshot = Readonly<Record<string, unknown>>;

interface Watched {
	/** Of which process this is known. */
	pid: number | null;
	scrapes: MetricScrape[];
	reading: { at: number; value: ReplicaReading } | null;
	memoryBytes: number | null;
	sequences: readonly SequenceSnapshot[];
	isAsking: boolean;
}

export interface ReplicaMetricsParts {
	services: ReadonlyMap<string, ReplicaSet>;
	/** Monotonic milliseconds. */
	now?: () => number;
	memoryOf?: (pid: number) => Promise<number | null>;
	/** Called after each round. */
	onRound?: () => void;
}

const everyMs = 1000;
/** Rates and percentiles are those of about so long. */
const windowMs = 10_000;
/** What was said before that is not known any more. */
const staleMs = 5000;
const answerMs = 2500;

/** Asks every replica once a second how it does, over the same way that requests take. */
export class ReplicaMetrics {
	readonly #parts: Required<ReplicaMetricsParts>;
	readonly #watched = new Map<string, Watched>();
	#timer: NodeJS.Timeout | null = null;
	#readers = 0;

	constructor(parts: ReplicaMetricsParts) {
		this.#parts = {
			now: () => performance.now(),
			memoryOf: processTreeMemory,
			onRound: () => undefined,
			...parts,
		};
	}

	start(): void {
		this.#timer ??= setInterval(() => void this.round(), everyMs);
		this.#timer.unref();
	}

	close(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
	}

	/** Sequences are asked for only while somebody looks; dispose what is returned when nobody does. */
	look(): Disposable {
		this.#readers++;
		let isOver = false;
		return {
			[Symbol.dispose]: () => {
				if (!isOver) this.#readers--;
				isOver = true;
			},
		};
	}

	/** Null while it has said nothing lately. */
	reading(id: string): ReplicaReading | null {
		const reading = this.#watched.get(id)?.reading ?? null;
		const isFresh =
			reading !== null && this.#parts.now() - reading.at <= staleMs;
		return isFresh ? reading.value : null;
	}

	memoryBytes(id: string): number | null {
		return this.#watched.get(id)?.memoryBytes ?? null;
	}

	sequences(id: string): readonly SequenceSnapshot[] {
		return this.#watched.get(id)?.sequences ?? [];
	}

	/** One round; resolves when everybody has answered or was given up. */
	async round(): Promise<void> {
		const replicas = [...this.#parts.services.values()].flatMap(
			(set) => set.replicas,
		);
		const living = new Set(replicas.map(({ id }) => id));
		for (const id of this.#watched.keys())
			if (!living.has(id)) this.#watched.delete(id);
		await Promise.all(replicas.map((replica) => this.#ask(replica)));
		this.#parts.onRound();
	}

	async #ask(replica: ServiceProcess): Promise<void> {
		const { id, processId, phase, pool } = replica;
		const watched = this.#watchedOf(id, processId);
		// The answer before is still on its way: it is busy, and more questions wouldn't help.
		if (watched.isAsking || processId === null) return;
		watched.isAsking = true;
		try {
			watched.memoryBytes = await this.#parts.memoryOf(processId);
			if (phase !== "ready") return;
			const [metrics, requests] = await Promise.all([
				answerOf(pool, "/v1/metrics"),
				this.#readers > 0 ? answerOf(pool, "/v1/requests") : null,
			]);
			watched.sequences = requests === null ? [] : sequencesIn(requests);
			if (metrics !== null) this.#note(watched, metrics);
		} finally {
			watched.isAsking = false;
		}
	}

	#watchedOf(id: string, pid: number | null): Watched {
		const known = this.#watched.get(id);
		if (known !== undefined && known.pid === pid) return known;
		const watched: Watched = {
			pid,
			scrapes: [],
			reading: null,
			memoryBytes: null,
			sequences: [],
			isAsking: false,
		};
		this.#watched.set(id, watched);
		return watched;
	}

	#note(watched: Watched, text: string): void {
		const at = this.#parts.now();
		const samples = new MetricSamples(text);
		const { scrapes } = watched;
		const first = scrapes[0];
		if (first !== undefined && !isSameProcess(first.samples, samples))
			scrapes.length = 0;
		while (scrapes[0] !== undefined && at - scrapes[0].at > windowMs)
			scrapes.shift();
		const scrape = { at, samples };
		watched.reading = { at, value: readReplica(scrape, scrapes[0] ?? null) };
		scrapes.push(scrape);
	}
}

/** Null where no answer came in time, or another one than 200: an encoder has no sequences. */
async function answerOf(
	pool: ServiceProcess["pool"],
	path: string,
): Promise<string | null> {
	try {
		const { statusCode, body } = await pool.request({
			path,
			method: "GET",
			signal: AbortSignal.timeout(answerMs),
		});
		const text = await body.text();
		return statusCode === 200 ? text : null;
	} catch {
		// It is busy, or has ended: what it said last gets old, and then counts as not told.
		return null;
	}
}

function sequencesIn(text: string): SequenceSnapshot[] {
	const { data } = parse(text);
	if (!Array.isArray(data)) return [];
	return data.map((one: Record<string, unknown>) =>
		Object.fromEntries(
			Object.entries(one)
				.filter(([key]) => key !== "object")
				.map(([key, value]) => [toCamelCase(key), value]),
		),
	);
}

function parse(text: string): { data?: unknown } {
	try {
		return (JSON.parse(text) as { data?: unknown } | null) ?? {};
	} catch {
		// Cut off.
		return {};
	}
}

/** The gateway's own answers are written so; the service's are OpenAI's. */
function toCamelCase(key: string): string {
	return key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
