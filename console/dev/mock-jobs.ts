import { randomUUID } from "node:crypto";
import type {
	BenchmarkJob,
	EvaluationJob,
	OptimizationJob,
} from "../src/api/job-types.ts";
import {
	type Answer,
	type MockCall,
	refused,
	sendEvents,
} from "./mock-call.ts";
import { mockOptimization } from "./mock-runs.ts";

type MockJob = BenchmarkJob | EvaluationJob | OptimizationJob;

export function answerJobs(
	{ path, request, response, body }: MockCall,
	jobs: MockJob[],
	resultOf: (request: Record<string, unknown>) => unknown,
): Answer {
	const [, , id = "", part = ""] = path;
	if (id === "" && request.method === "GET")
		return {
			body: {
				object: "list",
				data: jobs.map(({ result: _, ...job }) => job),
			},
		};
	if (id === "") {
		const asked =
			path[1] === "evaluations"
				? {
						...body,
						questions: String(body.questions).trim().split("\n").length,
						questionSet: String(body.questions).length.toString(16),
					}
				: body;
		const job = {
			id: randomUUID(),
			request: asked,
			state: "running",
			createdAt: new Date().toISOString(),
			endedAt: null,
			progress: null,
			result: null,
			error: null,
		} as unknown as BenchmarkJob;
		jobs.unshift(job);
		run(job, jobs, path[1] === "optimizations", () => resultOf(body));
		return { status: 202, body: job };
	}
	const place = jobs.findIndex((one) => one.id === id);
	const job = jobs[place];
	if (job === undefined)
		return refused(404, "not_found", "There is no such run.");
	if (request.method === "DELETE") {
		if (job.state === "running") job.state = "cancelled";
		else jobs.splice(place, 1);
		return { body: { id, deleted: true } };
	}
	if (part === "events") {
		sendEvents(
			response,
			() => job,
			400,
			() => job.state !== "running",
		);
		return "written";
	}
	return { body: job };
}

function run(
	job: MockJob,
	jobs: readonly MockJob[],
	isOptimization: boolean,
	resultOf: () => unknown,
): void {
	let done = 0;
	const timer = setInterval(() => {
		done += 4;
		const target = job as unknown as Record<string, unknown>;
		target.progress = isOptimization
			? optimizationProgress(done)
			: questionProgress(done);
		if (done < 24 && job.state === "running") return;
		clearInterval(timer);
		if (job.state === "running") job.state = "finished";
		job.endedAt = new Date().toISOString();
		target.result = resultOf();
		// Figures like those of another run are good enough to look at.
		target.summary = jobs.find(({ summary }) => summary != null)?.summary;
	}, 500);
	timer.unref();
}

/** Of benchmarks and of evaluations: each reads its own. */
function questionProgress(done: number) {
	return {
		phase: done < 6 ? "warming up" : "measuring",
		stage: Math.min(4, 1 + Math.floor(done / 6)),
		stages: 4,
		completed: (done * 3) % 24,
		failed: 0,
		total: 24,
		done,
		elapsedSeconds: done / 4,
		secondsLeft: (24 - done) / 4,
		requestsPerSecond: 4.1,
		chunksPerSecond: 212,
	};
}

function optimizationProgress(done: number): OptimizationJob["progress"] {
	return {
		activity: done < 8 ? "measuring accuracy" : "measuring speed",
		stage: "precision",
		candidate: {
			variant: "Q4_K_M",
			threads: 8,
			threadsBatch: 8,
			microBatchTokens: 512,
			flashAttention: "auto",
			kvType: "f16",
			kvLayout: "auto",
			speculation: "auto",
		},
		share: done < 8 ? done / 8 : null,
		secondsLeft: (24 - done) / 4,
		measured: mockOptimization("starter-chat")
			.rows.slice(0, Math.floor(done / 4))
			.map(({ accuracy, ...row }) => ({
				...row,
				meanKl: accuracy?.meanKl ?? null,
			})),
	};
}
