import type { Database, Queryable } from "galley/store";
import type { UploadedFile } from "../ingest/ingest-runner.ts";

/** Of one row: a statement of many megabytes would hold everybody else up. */
const pieceBytes = 1_000_000;

/**
 * Files that wait for their job, in the database: the job goes on after a restart, and any process that shares the database
 * can run it.
 */
export class UploadTable {
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
	}

	/** In the transaction that makes the job: a job never misses a file. */
	async save(
		transaction: Queryable,
		jobId: string,
		files: readonly UploadedFile[],
	): Promise<void> {
		for (const [ordinal, { source, contentType, body }] of files.entries()) {
			const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
			for (
				let piece = 0;
				piece === 0 || piece * pieceBytes < bytes.length;
				piece++
			) {
				const from = piece * pieceBytes;
				await transaction.query(
					`insert into rag_job_files (job_id, ordinal, piece, source, content_type, body)
					values ($1::uuid, $2::int, $3::int, $4, $5, decode($6, 'base64'))`,
					[
						jobId,
						ordinal,
						piece,
						source,
						contentType,
						bytes.subarray(from, from + pieceBytes).toString("base64"),
					],
				);
			}
		}
	}

	async read(jobId: string, source: string): Promise<UploadedFile> {
		const pieces = await this.#database.query<{
			contentType: string;
			body: string;
		}>(
			`select content_type as "contentType", encode(body, 'base64') as body from rag_job_files
			where job_id = $1::uuid and source = $2 order by ordinal, piece`,
			[jobId, source],
		);
		const [first] = pieces;
		if (first === undefined)
			throw new Error(`${source} was not uploaded with this job.`);
		const body = Buffer.concat(
			pieces.map(({ body }) => Buffer.from(body, "base64")),
		);
		return { source, contentType: first.contentType, body };
	}

	async remove(jobId: string): Promise<void> {
		await this.#database.query(
			"delete from rag_job_files where job_id = $1::uuid",
			[jobId],
		);
	}
}
