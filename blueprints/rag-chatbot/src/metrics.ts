import { Counter, Gauge, Histogram, Registry } from "prom-client";

const seconds = [
	0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** All names in one table. */
export class Metrics {
	readonly registry = new Registry();
	readonly requests = new Counter({
		name: "rag_requests_total",
		help: "HTTP requests by route, method and status.",
		labelNames: ["route", "method", "status"] as const,
		registers: [this.registry],
	});
	readonly requestSeconds = new Histogram({
		name: "rag_request_duration_seconds",
		help: "Time from a request to the end of its answer.",
		labelNames: ["route"] as const,
		buckets: seconds,
		registers: [this.registry],
	});
	readonly stageSeconds = new Histogram({
		name: "rag_answer_stage_seconds",
		help: "Time of each stage of an answer.",
		labelNames: ["stage"] as const,
		buckets: seconds,
		registers: [this.registry],
	});
	readonly answers = new Counter({
		name: "rag_answers_total",
		help: "Answers by how they came about: model, extractive, none, stopped, failed.",
		labelNames: ["kind"] as const,
		registers: [this.registry],
	});
	readonly pages = new Counter({
		name: "rag_ingest_pages_total",
		help: "Pages and files read, by how they fared.",
		labelNames: ["state"] as const,
		registers: [this.registry],
	});
	readonly chunks = new Counter({
		name: "rag_ingest_chunks_total",
		help: "Chunks embedded and stored.",
		registers: [this.registry],
	});
	readonly ingestSeconds = new Counter({
		name: "rag_ingest_stage_seconds_total",
		help: "Time of pages in each stage of their reading, of all pages together.",
		labelNames: ["stage"] as const,
		registers: [this.registry],
	});
	readonly ingestBusySeconds = new Counter({
		name: "rag_ingest_stage_busy_seconds_total",
		help: "Time in which at least one page was in the stage: the stage that is always busy is what others wait for.",
		labelNames: ["stage"] as const,
		registers: [this.registry],
	});
	readonly runningJobs = new Gauge({
		name: "rag_jobs_running",
		help: "Jobs that run now.",
		registers: [this.registry],
	});
	readonly feedback = new Counter({
		name: "rag_feedback_total",
		help: "Ratings of answers.",
		labelNames: ["rating"] as const,
		registers: [this.registry],
	});
}
