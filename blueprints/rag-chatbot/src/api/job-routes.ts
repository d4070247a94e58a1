import type { Principal } from "galley/store";
import type { Application } from "../application.ts";
import { type Job, toJobShape } from "../jobs/job.ts";
import * as answers from "./answer-schemas.ts";
import { ApiError } from "./api-error.ts";
import { EventStream, whenGone } from "./event-stream.ts";
import { requireWrite } from "./rights.ts";
import type { PageEventShape, WholeJobShape } from "./shapes.ts";
import { idParams, type Server } from "./zod-types.ts";

export function addJobRoutes(app: Server, { base, jobs }: Application): void {
	/** A job of a collection that may not be read is not there. */
	const readable = async (principal: Principal, id: string): Promise<Job> => {
		const job = await jobs.get(id);
		const notFound = new ApiError("not_found", `There is no job ${id}.`);
		if (job === null) throw notFound;
		await base.collections.get(principal, job.collectionId).catch(() => {
			throw notFound;
		});
		return job;
	};
	app.get(
		"/v1/collections/:id/jobs",
		{
			schema: {
				summary: "Jobs of a collection",
				params: idParams,
				answers: { 200: answers.jobs },
			},
		},
		async ({ principal, params }) => {
			await base.collections.get(principal, params.id);
			return { jobs: (await jobs.list(params.id)).map(toJobShape) };
		},
	);
	app.get(
		"/v1/jobs/:id",
		{
			schema: {
				summary: "A job and its pages",
				params: idParams,
				answers: { 200: answers.wholeJob },
			},
		},
		async ({ principal, params }): Promise<WholeJobShape> => {
			const job = await readable(principal, params.id);
			return { ...toJobShape(job), pages: await jobs.pages(job.id) };
		},
	);
	app.delete(
		"/v1/jobs/:id",
		{
			schema: {
				summary: "Stop a job, and its repetitions; what it stored stays",
				answers: { 200: answers.job },
				params: idParams,
			},
		},
		async ({ principal, params }) => {
			const job = await readable(principal, params.id);
			await requireWrite(base, principal, job.collectionId);
			await jobs.cancel(job);
			return toJobShape((await jobs.get(job.id)) ?? job);
		},
	);
	app.get(
		"/v1/jobs/:id/events",
		{
			schema: {
				summary: "What happens to the pages of a job, as it happens",
				answers: { 200: { "text/event-stream": answers.pageEvent } },
				params: idParams,
			},
		},
		async ({ principal, params }, reply) => {
			const job = await readable(principal, params.id);
			const signal = whenGone(reply);
			const stream = new EventStream(reply);
			for await (const event of jobs.watch(job, signal)) {
				if (event.type === "end")
					await stream.send(toJobShape(event.job), "end");
				else {
					const { page, counts } = event;
					await stream.send({ page, counts } satisfies PageEventShape, "page");
				}
			}
			stream.end();
		},
	);
}
