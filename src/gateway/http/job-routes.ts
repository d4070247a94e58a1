import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { parseQuestions } from "../../evaluation/questions.ts";
import type { Job, JobKind, JobWork } from "../jobs/job.ts";
import type { JobList } from "../jobs/job-list.ts";
import type { OwnCall, OwnRoute } from "./own-route.ts";

export interface JobRouteParts {
	jobs: JobList;
	/** For question files while they are used. */
	directory: string;
	/** This program with the words of a command, its address and its key added. */
	command(words: readonly string[]): JobWork;
	/** Dollars for a million tokens of a model; null where no price is known. */
	priceOf(model: string): Price | null;
}

interface Price {
	inputPerMillion: number;
	cachedPerMillion: number;
	outputPerMillion: number;
}

const model = z.string().min(1).max(200);
const counts = z.array(z.int().min(1).max(1024)).min(1).max(16);

const benchmarkRequest = z
	.strictObject({
		model,
		endpoint: z.enum(["chat", "completions"]).default("chat"),
		/** Requests kept in flight; each makes a stage. */
		concurrency: counts.optional(),
		/** Requests a second instead. */
		requestRate: z.array(z.number().positive().max(10_000)).max(16).optional(),
		requests: z.int().min(1).max(100_000).optional(),
		durationSeconds: z.number().positive().max(3600).optional(),
		inputTokens: z.int().min(1).max(1_000_000).optional(),
		prefixTokens: z.int().min(0).max(1_000_000).optional(),
		outputTokens: z.int().min(1).max(1_000_000).optional(),
		seed: z.int().optional(),
	})
	.refine(
		({ concurrency, requestRate }) =>
			concurrency === undefined || requestRate === undefined,
		{
			path: ["requestRate"],
			message: "either 'concurrency' or 'requestRate', not both",
		},
	);

const evaluationRequest = z.strictObject({
	model,
	/** JSON lines. */
	questions: z.string().min(1),
	concurrency: z.int().min(1).max(64).optional(),
	maxTokens: z.int().min(1).max(8192).optional(),
	temperature: z.number().min(0).max(2).optional(),
	system: z.string().max(10_000).optional(),
});

const maxEvaluationBytes = 20_000_000;
const keepAliveMs = 15_000;

/** Benchmarks and evaluations: started here, run in a process of their own, looked at while they run and afterwards. */
export function jobRoutes(parts: JobRouteParts): OwnRoute[] {
	return [
		...routesOf("benchmark", parts, async (call) => {
			const request = read(benchmarkRequest, await call.json());
			return {
				request,
				work: parts.command(["bench", ...toFlags(request)]),
			};
		}),
		...routesOf("evaluation", parts, async (call) => {
			const request = read(
				evaluationRequest,
				await call.json(maxEvaluationBytes),
			);
			const { questions, ...rest } = request;
			const count = parseQuestions(questions).length;
			const price = parts.priceOf(request.model);
			return {
				request: { ...rest, questions: count },
				work: evaluation(parts, questions, [
					...toFlags(rest),
					...(price === null
						? []
						: [
								`--input-price=${price.inputPerMillion}`,
								`--cached-price=${price.cachedPerMillion}`,
								`--output-price=${price.outputPerMillion}`,
							]),
				]),
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
			answer: async () => ({
				body: {
					object: "list",
					// A list is for choosing: results are with the single ones.
					data: jobs.list(kind).map(({ result, ...job }) => ({
						...job,
						summary: summaryOf(result),
					})),
				},
			}),
		},
		{
			method: "POST",
			path,
			scope: "admin",
			async answer(call) {
				const { request, work } = await prepare(call);
				return { status: 202, body: jobs.start(kind, request, work) };
			},
		},
		{
			method: "GET",
			path: `${path}/:id`,
			scope: "read",
			answer: async (call) => ({ body: jobOf(call) }),
		},
		{
			method: "GET",
			path: `${path}/:id/events`,
			scope: "read",
			async answer(call) {
				streamJob(call, jobs, jobOf(call));
				return "written";
			},
		},
		{
			method: "DELETE",
			path: `${path}/:id`,
			scope: "admin",
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

function evaluation(
	{ directory, command }: JobRouteParts,
	questions: string,
	flags: readonly string[],
): JobWork {
	return async (options) => {
		const file = join(directory, `${randomUUID()}.jsonl`);
		await writeFile(file, questions, { mode: 0o600 });
		try {
			return await command(["evaluate", file, ...flags])(options);
		} finally {
			await rm(file, { force: true });
		}
	};
}

function toFlags(request: Readonly<Record<string, unknown>>): string[] {
	return Object.entries(request)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => {
			const flag = name.replaceAll(
				/[A-Z]/g,
				(letter) => `-${letter.toLowerCase()}`,
			);
			return `--${flag}=${Array.isArray(value) ? value.join(",") : String(value)}`;
		});
}

function read<Shape extends z.ZodType>(
	shape: Shape,
	body: unknown,
): z.infer<Shape> {
	const result = shape.safeParse(body);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	const unknown =
		issue?.code === "unrecognized_keys" ? (issue.keys[0] ?? "") : null;
	const param = unknown ?? issue?.path.join(".") ?? "";
	throw new GalleyError(
		"invalid_request",
		unknown === null
			? `'${param}': ${issue?.message ?? "not valid"}.`
			: `'${unknown}' is not known here. Known: ${knownKeys(shape)}.`,
		{ param },
	);
}

function knownKeys(shape: z.ZodType): string {
	return shape instanceof z.ZodObject
		? Object.keys(shape.shape).join(", ")
		: "see /openapi.json";
}

/** The few figures that a list shows; nothing where the result has none. */
function summaryOf(result: unknown): Record<string, number> | null {
	if (typeof result !== "object" || result === null) return null;
	const { details: _, ...rest } = result as Record<string, unknown>;
	return Object.fromEntries(
		Object.entries(rest).filter(
			(entry): entry is [string, number] => typeof entry[1] === "number",
		),
	);
}
