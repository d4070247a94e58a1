import type { Database } from "galley/store";
import {
	type IngestTask,
	type JobCounts,
	noCounts,
	type PageReport,
} from "../ingest/ingest-job.ts";
import type { Job } from "./job.ts";

const columns = `id, collection_id as "collectionId", principal, task, state, counts, problem, refresh_hours as "refreshHours",
	next_run_at as "nextRunAt", previous_id as "previousId",
	created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt"`;

export interface NewJob {
	id: string;
	collectionId: string;
	principal: string;
	task: IngestTask;
	refreshHours: number | null;
	previousId: string | null;
}

/** Jobs in the database. Who may see them is not decided here. */
export class JobTable {
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
	}

	async insert(job: NewJob): Promise<Job> {
		const [row] = await this.#database.query<Job>(
			`insert into rag_jobs (id, collection_id, principal, task, state, counts, refresh_hours, previous_id)
			values ($1::uuid, $2::uuid, $3, $4::jsonb, 'waiting', $5::jsonb, $6::float8, $7::uuid) returning ${columns}`,
			[
				job.id,
				job.collectionId,
				job.principal,
				JSON.stringify(job.task),
				JSON.stringify(noCounts),
				job.refreshHours,
				job.previousId,
			],
		);
		return row as Job;
	}

	async get(id: string): Promise<Job | null> {
		if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return null;
		const [job] = await this.#database.query<Job>(
			`select ${columns} from rag_jobs where id = $1::uuid`,
			[id],
		);
		return job ?? null;
	}

	/** The latest first. */
	ofCollection(collectionId: string, limit: number): Promise<Job[]> {
		return this.#database.query<Job>(
			`select ${columns} from rag_jobs where collection_id = $1::uuid order by ordinal desc limit $2::int`,
			[collectionId, limit],
		);
	}

	/** What waits, and what ran when the process ended; in the order in which it was asked for. */
	open(): Promise<Job[]> {
		return this.#database.query<Job>(
			`select ${columns} from rag_jobs where state in ('waiting', 'running') order by ordinal`,
		);
	}

	async start(id: string): Promise<void> {
		// Pages of a run that was cut off are looked at anew.
		await this.#database.query(
			"delete from rag_job_pages where job_id = $1::uuid",
			[id],
		);
		await this.#database.query(
			"update rag_jobs set state = 'running', counts = $2::jsonb, started_at = coalesce(started_at, now()) where id = $1::uuid",
			[id, JSON.stringify(noCounts)],
		);
	}

	async savePages(
		id: string,
		pages: readonly PageReport[],
		counts: JobCounts,
	): Promise<void> {
		const rows = pages.map(({ source, ...page }) => ({
			...page,
			source: source.toWellFormed().replaceAll("\0", "\ufffd"),
		}));
		await this.#database.query(
			`with page as (select * from jsonb_to_recordset($2::jsonb) as p(source text, state text, title text, chunks int, problem jsonb)),
			counted as (update rag_jobs set counts = $3::jsonb where id = $1::uuid returning id)
			insert into rag_job_pages (job_id, source, state, title, chunks, problem)
			select counted.id, source, state, title, chunks, nullif(problem, 'null') from page, counted
			on conflict (job_id, source) do update set state = excluded.state, title = excluded.title, chunks = excluded.chunks,
				problem = excluded.problem`,
			[
				id,
				JSON.stringify(rows).replaceAll("\\u0000", ""),
				JSON.stringify(counts),
			],
		);
	}

	async end(
		id: string,
		state: "finished" | "cancelled" | "failed",
		counts: JobCounts,
		problem: string | null,
	): Promise<Job | null> {
		const [job] = await this.#database.query<Job>(
			`update rag_jobs set state = $2, counts = $3::jsonb, problem = $4, finished_at = now(),
				next_run_at = case when $2 = 'cancelled' then null else now() + make_interval(secs => refresh_hours * 3600) end
			where id = $1::uuid returning ${columns}`,
			[id, state, JSON.stringify(counts), problem],
		);
		return job ?? null;
	}

	/** Failures first, so that a limit leaves them in. */
	pages(id: string, limit: number): Promise<PageReport[]> {
		return this.#database.query<PageReport>(
			`select source, state, title, chunks, problem from rag_job_pages where job_id = $1::uuid
			order by (state = 'failed') desc, source limit $2::int`,
			[id, limit],
		);
	}

	/** Web pages that this job found in order and another one did not look at. */
	async leftBehind(id: string, by: string): Promise<string[]> {
		const rows = await this.#database.query<{ source: string }>(
			`select p.source from rag_job_pages p where p.job_id = $1::uuid and p.state in ('stored', 'unchanged') and p.source ~ '^https?:'
			and not exists (select from rag_job_pages q where q.job_id = $2::uuid and q.source = p.source) order by p.source`,
			[id, by],
		);
		return rows.map(({ source }) => source);
	}

	/** Makes a new job of each whose repetition is due; one statement, so that none is lost or made twice. */
	repeatDue(): Promise<Job[]> {
		return this.#database.query<Job>(
			`with due as (update rag_jobs set next_run_at = null where next_run_at <= now() returning *)
			insert into rag_jobs (collection_id, principal, task, state, counts, refresh_hours, previous_id)
			select collection_id, principal, task, 'waiting', $1::jsonb, refresh_hours, id from due returning ${columns}`,
			[JSON.stringify(noCounts)],
		);
	}

	async stopRepeating(id: string): Promise<void> {
		await this.#database.query(
			"update rag_jobs set next_run_at = null where id = $1::uuid",
			[id],
		);
	}
}
