import { createHash, randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { parseQuestions } from "../../evaluation/questions.ts";
import type { Job, JobKind, JobWork } from "../jobs/job.ts";
import type { JobCommands } from "../jobs/job-commands.ts";
import type { JobList } from "../jobs/job-list.ts";
import { summarize } from "../jobs/summarize.ts";
import {
	benchmarkRequest,
	evaluationRequest,
	optimizationRequest,
	readRequest,
	toFlags,
} from "./job-requests.ts";
import type { OwnCall, OwnRoute } from "./own-route.ts";

export interface JobRouteParts {
	jobs: JobList;
	/** For files that commands read while they work. */
	directory: string;
	commands: JobCommands;
	/** A service of this fleet and its settings, as a config file has them; null where there is none of this name. */
	serviceOf(name: string): { model: string; settings: string } | null;
	/** Dollars for a million tokens of a model; null where no price is known. */
	priceOf(model: string): Price | null;
}

interface Price {
	inputPerMillion: number;
	cachedPerMillion: number;
	outputPerMillion: number;
}

const maxEvaluationBytes = 20_000_000;
const keepAliveMs = 15_000;
const requests: Readonly<Record<JobKind, z.ZodType>> = {
	benchmark: benchmarkRequest,
	evaluation: evaluationRequest,
	optimization: optimizationRequest,
};

/** Benchmarks, evaluations and optimizations: started here, run in a process of their own, looked at while they run and afterwards. */
export function jobRoutes(parts: JobRouteParts): OwnRoute[] {
	const { commands, directory } = parts;
	return [
		...routesOf("benchmark", parts, async (call) => {
			const request = readRequest(benchmarkRequest, await call.json());
			return {
				request,
				work: commands.client(["bench", ...toFlags(request)]),
			};
		}),
		...routesOf("evaluation", parts, async (call) => {
			const request = readRequest(
				evaluationRequest,
				await call.json(maxEvaluationBytes),
			);
			const { questions, ...rest } = request;
			const count = parseQuestions(questions).length;
			const price = parts.priceOf(request.model);
			const flags = [
				...toFlags(rest),
				...(price === null
					? []
					: [
							`--input-price=${price.inputPerMillion}`,
							`--cached-price=${price.cachedPerMillion}`,
							`--output-price=${price.outputPerMillion}`,
						]),
			];
			return {
				// Scores of different questions say nothing about each other: which they were must be told.
				request: { ...rest, questions: count, questionSet: digest(questions) },
				work: withFile(directory, "jsonl", questions, (path) =>
					commands.client(["evaluate", path, ...flags]),
				),
			};
		}),
		...routesOf("optimization", parts, async (call) => {
			const request = readRequest(optimizationRequest, await call.json());
			const { model, ...rest } = request;
			const service = parts.serviceOf(model);
			if (service === null)
				throw new GalleyError(
					"invalid_request",
					`'${model}' is no service of this fleet: only what runs on this machine can be optimized, by the name of its service.`,
					{ param: "model" },
				);
			return {
				request,
				// What somebody set for the service stays as it is.
				work: withFile(directory, "yaml", service.settings, (path) =>
					commands.local([
						"optimize",
						service.model,
						`--config=${path}`,
						...toFlags(rest),
					]),
				),
			};
		}),
	];
}

interface Started {
	request: Job["request"];
	work: JobWork;
}

function routesOf(
	kind: JobKind,
	{ jobs }: JobRouteParts,
	prepare: (call: OwnCall) => Promise<Started>,
): OwnRoute[] {
	const path = `/v1/${kind}s`;
	const jobOf = ({ parameters }: OwnCall) =>
		jobs.get(kind, parameters.id ?? "");
	return [
		{
			method: "GET",
			path,
			scope: "read",
			summary: `All ${kind}s, the newest first, without their results`,
			answer: async () => ({
				body: {
					object: "list",
					// A list is for choosing: results, and how far what has ended was, are with the single ones.
					data: jobs.list(kind).map(({ result, ...job }) => ({
						...job,
						progress: job.state === "running" ? job.progress : null,
						summary: summarize(kind, result),
					})),
				},
			}),
		},
		{
			method: "POST",
			path,
			scope: "admin",
			summary: `Starts a ${kind} in a process of its own`,
			details: {
				body: requests[kind],
				status: 202,
				returns: `The ${kind}, which goes on; GET ${path}/ID tells how far it is.`,
			},
			async answer(call) {
				const { request, work } = await prepare(call);
				return { status: 202, body: jobs.start(kind, request, work) };
			},
		},
		{
			method: "GET",
			path: `${path}/:id`,
			scope: "read",
			summary: `One ${kind}, with its result where there is one`,
			answer: async (call) => ({ body: jobOf(call) }),
		},
		{
			method: "GET",
			path: `${path}/:id/events`,
			scope: "read",
			summary: "Server-sent events: how far it is, and its result at the end",
			details: { contentType: "text/event-stream" },
			async answer(call) {
				streamJob(call, jobs, jobOf(call));
				return "written";
			},
		},
		{
			method: "DELETE",
			path: `${path}/:id`,
			scope: "admin",
			summary: `Ends a ${kind} that runs, forgets one that is over`,
			async answer(call) {
				const job = jobOf(call);
				await jobs.remove(kind, job.id);
				return { body: { id: job.id, deleted: job.state !== "running" } };
			},
		},
	];
}

/** Server-sent events: each is the job without its result; the last one has it, and ends the stream. */
function streamJob({ response }: OwnCall, jobs: JobList, job: Job): void {
	response.writeHead(200, {
		"content-type": "text/event-stream",
		"cache-control": "no-store",
	});
	const end = () => {
		stop();
		clearInterval(alive);
		response.end();
	};
	const write = (news: Job) => {
		const isOver = news.state !== "running";
		const { result: _, ...withoutResult } = news;
		// Who reads slowly misses steps, never the end.
		if (isOver || !response.writableNeedDrain)
			response.write(
				`data: ${JSON.stringify(isOver ? news : withoutResult)}\n\n`,
			);
		if (isOver) end();
	};
	const stop = jobs.watch(job.id, write);
	const alive = setInterval(() => response.write(": alive\n\n"), keepAliveMs);
	response.once("close", () => {
		stop();
		clearInterval(alive);
	});
	write(job);
}

/** Work with a file that is there while it goes on. */
function withFile(
	directory: string,
	ending: string,
	content: string,
	workWith: (path: string) => JobWork,
): JobWork {
	return async (options) => {
		const path = join(directory, `${randomUUID()}.${ending}`);
		await writeFile(path, content, { mode: 0o600 });
		try {
			return await workWith(path)(options);
		} finally {
			await rm(path, { force: true });
		}
	};
}

function digest(text: string): string {
	return createHash("sha256").update(text.trim()).digest("hex").slice(0, 12);
}
