import { z } from "zod";
import type { Application } from "../application.ts";
import type { IngestTask } from "../ingest/ingest-job.ts";
import type { UploadedFile } from "../ingest/ingest-runner.ts";
import { toJobShape } from "../jobs/job.ts";
import * as answers from "./answer-schemas.ts";
import { ApiError } from "./api-error.ts";
import { noteOf, readUpload } from "./read-upload.ts";
import { requireWrite } from "./rights.ts";
import { idParams, type Server, toApiError } from "./zod-types.ts";

const url = z.url({ protocol: /^https?$/ }).max(2000);
const urls = z.array(url).min(1).max(1000);
const pages = z.number().int().min(1).max(100_000);
const ingest = z
	.strictObject({
		urls: urls.optional(),
		sitemap: url.optional(),
		maxPages: pages.optional(),
		crawl: z
			.strictObject({
				urls,
				maxDepth: z.number().int().min(0).max(50).default(3),
				maxPages: pages.default(200),
			})
			.optional(),
		text: z.string().min(1).max(5_000_000).optional(),
		title: z.string().trim().min(1).max(200).optional(),
		/** Read again so long after the end, and again; only what changed is embedded. */
		refreshHours: z.number().min(0.05).max(8760).optional(),
	})
	.refine(
		({ urls, sitemap, crawl, text }) =>
			[urls, sitemap, crawl, text].filter((part) => part !== undefined)
				.length === 1,
		{ error: "Send one of urls, sitemap, crawl or text." },
	)
	.refine(
		({ text, refreshHours }) =>
			text === undefined || refreshHours === undefined,
		{ error: "A text can't be read again.", path: ["refreshHours"] },
	);

interface Wanted {
	task: IngestTask;
	files: UploadedFile[];
	refreshHours: number | null;
}

function toWanted(body: z.output<typeof ingest>): Wanted {
	const refreshHours = body.refreshHours ?? null;
	if (body.text !== undefined)
		return fromFiles([noteOf(body.title ?? "Note", body.text)]);
	if (body.crawl !== undefined) {
		const { urls, ...limits } = body.crawl;
		return { task: { kind: "crawl", urls, limits }, files: [], refreshHours };
	}
	const { sitemap, maxPages = 1000, urls = [] } = body;
	const task: IngestTask =
		sitemap === undefined
			? { kind: "urls", urls }
			: { kind: "sitemap", url: sitemap, maxPages };
	return { task, files: [], refreshHours };
}

function fromFiles(files: UploadedFile[]): Wanted {
	return {
		task: { kind: "files", files: files.map(({ source }) => source) },
		files,
		refreshHours: null,
	};
}

export function addIngestRoutes(
	app: Server,
	{ base, jobs, config }: Application,
): void {
	app.register(async (scope) => {
		scope.addContentTypeParser(
			"multipart/form-data",
			{ parseAs: "buffer", bodyLimit: config.ingest.maxUploadBytes },
			(_request, body, done) => done(null, body),
		);
		scope.post<{ Params: z.output<typeof idParams> }>(
			"/v1/collections/:id/ingest",
			{
				schema: {
					summary:
						"Read pages, a sitemap, a site, a text, or files (multipart) into a collection",
					params: idParams,
					body: ingest,
					multipart: z.object({ files: z.array(z.string()).min(1) }),
					answers: { 202: answers.begunJob },
				},
				// Multipart bodies have no schema: the handler reads both forms.
				validatorCompiler: ({ schema, httpPart }) => {
					const isBody = httpPart === "body";
					return (value: unknown) =>
						isBody ? { value } : { value: idParams.parse(value), schema };
				},
			},
			async ({ principal, params, body, headers }, reply) => {
				await requireWrite(base, principal, params.id);
				const wanted = Buffer.isBuffer(body)
					? fromFiles(await readUpload(body, headers["content-type"] ?? ""))
					: toWanted(parse(body));
				const job = await jobs.add({
					principal: principal.id,
					collectionId: params.id,
					...wanted,
				});
				return reply.code(202).send({ job: toJobShape(job) });
			},
		);
	});
}

function parse(body: unknown): z.output<typeof ingest> {
	const result = ingest.safeParse(body);
	if (!result.success) throw toApiError(result.error);
	if (result.data.maxPages !== undefined && result.data.sitemap === undefined)
		throw new ApiError(
			"invalid_request",
			"maxPages: goes with sitemap; a crawl has its own.",
			"maxPages",
		);
	return result.data;
}
