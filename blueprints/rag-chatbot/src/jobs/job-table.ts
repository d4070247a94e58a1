import type { Database, Queryable } from "galley/store";
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

/** "rag" in ASCII, then 1: of the database's advisory locks. */
const claimLock = 0x72616701;

/** Somebody runs it, and was heard of not long ago. */
function isHeld(table: string): string {
	return `(${table}.held_until is not null and ${table}.held_until > now())`;
}

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

	/** With what belongs to it, or not at all. */
	async insert(
		job: NewJob,
		more: (transaction: Queryable) => Promise<void>,
	): Promise<Job> {
		return this.#database.transaction(async (transaction) => {
			const made = await this.#insert(job, transaction);
			await more(transaction);
			return made;
		});
	}

	async #insert(job: NewJob, transaction: Queryable): Promise<Job> {
		const [row] = await transaction.query<Job>(
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

	/** Those that wait or run and bring pages for the first time: repetitions read again what is there. */
	firstReadings(collectionIds: readonly string[]): Promise<Job[]> {
		return this.#database.query<Job>(
			`select ${columns} from rag_jobs where collection_id = any($1::uuid[]) and state in ('waiting', 'running')
			and previous_id is null and task->>'kind' <> 'refresh' order by ordinal`,
			[[...collectionIds]],
		);
	}

	/** The latest first. */
	ofCollection(collectionId: string, limit: number): Promise<Job[]> {
		return this.#database.query<Job>(
			`select ${columns} from rag_jobs where collection_id = $1::uuid order by ordinal desc limit $2::int`,
			[collectionId, limit],
		);
	}

	/**
	 * The next job that nobody runs: one that waits, or one whose holder hasn't been heard of for too long. It is the caller's for
	 * `leaseMs`. At most one job of a collection runs at a time, in whichever process. Null when there is none.
	 */
	claim(holder: string, leaseMs: number): Promise<Job | null> {
		return this.#database.transaction(async (transaction) => {
			// Two that look at the same time would each find another job of one collection.
			await transaction.query("select pg_advisory_xact_lock($1::bigint)", [
				String(claimLock),
			]);
			const [job] = await transaction.query<Job>(
				`update rag_jobs set state = 'running', holder = $1::uuid, held_until = now() + make_interval(secs => $2::float8 / 1000),
					counts = $3::jsonb, started_at = coalesce(started_at, now())
				where id = (
					select j.id from rag_jobs j where j.state in ('waiting', 'running') and not ${isHeld("j")}
					and not exists (select from rag_jobs k where k.collection_id = j.collection_id and k.state = 'running' and ${isHeld("k")})
					order by j.ordinal limit 1
				) returning ${columns}`,
				[holder, leaseMs, JSON.stringify(noCounts)],
			);
			if (job === undefined) return null;
			// Pages of a run that was cut off are looked at anew.
			await transaction.query(
				"delete from rag_job_pages where job_id = $1::uuid",
				[job.id],
			);
			return job;
		});
	}

	/** Says that the holder lives. What it still holds, and which of it somebody wants to end. */
	renew(
		holder: string,
		leaseMs: number,
	): Promise<{ id: string; isCancelAsked: boolean }[]> {
		return this.#database.query(
			`update rag_jobs set held_until = now() + make_interval(secs => $2::float8 / 1000)
			where holder = $1::uuid and state = 'running' returning id, is_cancel_asked as "isCancelAsked"`,
			[holder, leaseMs],
		);
	}

	/** Others may go on with what this holder had; without one, with all: this process is alone with its database. */
	async release(holder: string | null): Promise<void> {
		await this.#database.query(
			"update rag_jobs set holder = null, held_until = null where state = 'running' and ($1::uuid is null or holder = $1::uuid)",
			[holder],
		);
	}

	/** Ends one that nobody runs; otherwise its holder is asked to. The job if it has ended by this. */
	async cancel(id: string): Promise<Job | null> {
		const [job] = await this.#database.query<Job>(
			`update rag_jobs set state = 'cancelled', finished_at = now(), next_run_at = null
			where id = $1::uuid and state in ('waiting', 'running') and not ${isHeld("rag_jobs")} returning ${columns}`,
			[id],
		);
		if (job !== undefined) return job;
		await this.#database.query(
			"update rag_jobs set is_cancel_asked = true, refresh_hours = null, next_run_at = null where id = $1::uuid",
			[id],
		);
		return null;
	}

	async savePages(
		id: string,
		holder: string,
		pages: readonly PageReport[],
		counts: JobCounts,
	): Promise<void> {
		const rows = pages.map(({ source, ...page }) => ({
			...page,
			source: source.toWellFormed().replaceAll("\0", "\ufffd"),
		}));
		await this.#database.query(
			`with page as (select * from jsonb_to_recordset($2::jsonb) as p(source text, state text, title text, chunks int, problem jsonb)),
			counted as (update rag_jobs set counts = $3::jsonb where id = $1::uuid and holder = $4::uuid returning id)
			insert into rag_job_pages (job_id, source, state, title, chunks, problem)
			select counted.id, source, state, title, chunks, nullif(problem, 'null') from page, counted
			on conflict (job_id, source) do update set state = excluded.state, title = excluded.title, chunks = excluded.chunks,
				problem = excluded.problem`,
			[
				id,
				JSON.stringify(rows).replaceAll("\\u0000", ""),
				JSON.stringify(counts),
				holder,
			],
		);
	}

	/** Null when it has gone, or is somebody else's by now. */
	async end(
		id: string,
		holder: string,
		state: "finished" | "cancelled" | "failed",
		counts: JobCounts,
		problem: string | null,
	): Promise<Job | null> {
		const [job] = await this.#database.query<Job>(
			`update rag_jobs set state = $2, counts = $3::jsonb, problem = $4, finished_at = now(), holder = null, held_until = null,
				next_run_at = case when $2 = 'cancelled' then null else now() + make_interval(secs => refresh_hours * 3600) end
			where id = $1::uuid and holder = $5::uuid returning ${columns}`,
			[id, state, JSON.stringify(counts), problem, holder],
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
	async repeatDue(): Promise<void> {
		await this.#database.query(
			`with due as (update rag_jobs set next_run_at = null where next_run_at <= now() returning *)
			insert into rag_jobs (collection_id, principal, task, state, counts, refresh_hours, previous_id)
			select collection_id, principal, task, 'waiting', $1::jsonb, refresh_hours, id from due`,
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
