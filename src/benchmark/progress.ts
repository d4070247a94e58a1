import type { StageLoad } from "./report.ts";
import type { RequestRecord } from "./request-record.ts";

export interface BenchmarkProgress {
	phase: "preparing" | "warming up" | "measuring";
	/** From 1. */
	stage: number;
	stages: number;
	load: StageLoad | null;
	completed: number;
	failed: number;
	/** Null when only time ends the stage. */
	total: number | null;
	elapsedSeconds: number;
	/** Of this stage; null while it can't be told. */
	secondsLeft: number | null;
	requestsPerSecond: number;
	/** Chunks with output; on most servers a token each. */
	chunksPerSecond: number;
}

const progressEveryMs = 250;

/** Counts what happens and tells it a few times a second. */
export class ProgressTracker {
	readonly #stages: number;
	readonly #report: (progress: BenchmarkProgress) => void;
	#phase: BenchmarkProgress["phase"] = "preparing";
	#stage = 0;
	#load: StageLoad | null = null;
	#total: number | null = null;
	#durationMs: number | null = null;
	#start = 0;
	#completed = 0;
	#failed = 0;
	#chunks = 0;

	constructor(stages: number, report: (progress: BenchmarkProgress) => void) {
		this.#stages = stages;
		this.#report = report;
	}

	begin(
		phase: BenchmarkProgress["phase"],
		stage: number,
		load: StageLoad | null,
		total: number | null,
		durationMs: number | null,
	): void {
		this.#phase = phase;
		this.#stage = stage;
		this.#load = load;
		this.#total = total;
		this.#durationMs = durationMs;
		this.#start = performance.now();
		this.#completed = 0;
		this.#failed = 0;
		this.#chunks = 0;
		this.tell();
	}

	readonly onOutput = (): void => {
		this.#chunks++;
	};

	onEnd(record: RequestRecord): void {
		if (record.error === null) this.#completed++;
		else this.#failed++;
	}

	startTicking(): () => void {
		const timer = setInterval(() => this.tell(), progressEveryMs);
		timer.unref();
		return () => clearInterval(timer);
	}

	tell(): void {
		const elapsedSeconds = (performance.now() - this.#start) / 1000;
		const ended = this.#completed + this.#failed;
		const byCount =
			this.#total === null || ended === 0
				? null
				: (elapsedSeconds / ended) * (this.#total - ended);
		const byTime =
			this.#durationMs === null
				? null
				: Math.max(0, this.#durationMs / 1000 - elapsedSeconds);
		this.#report({
			phase: this.#phase,
			stage: this.#stage,
			stages: this.#stages,
			load: this.#load,
			completed: this.#completed,
			failed: this.#failed,
			total: this.#total,
			elapsedSeconds,
			secondsLeft:
				byCount === null || byTime === null
					? (byCount ?? byTime)
					: Math.min(byCount, byTime),
			requestsPerSecond: elapsedSeconds > 0 ? ended / elapsedSeconds : 0,
			chunksPerSecond: elapsedSeconds > 0 ? this.#chunks / elapsedSeconds : 0,
		});
	}
}
