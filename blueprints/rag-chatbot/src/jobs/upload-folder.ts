import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { UploadedFile } from "../ingest/ingest-runner.ts";

/** Files that wait for their job, on disk, so that a job goes on after a restart. */
export class UploadFolder {
	readonly #directory: string;

	constructor(directory: string) {
		this.#directory = directory;
	}

	/** Whole before the job exists: a job never misses a file. */
	async save(jobId: string, files: readonly UploadedFile[]): Promise<void> {
		const folder = join(this.#directory, jobId);
		await mkdir(folder, { recursive: true });
		const index = files.map(({ source, contentType }) => ({
			source,
			contentType,
		}));
		// Numbers, not names: what a stranger calls a file is no path.
		for (const [number, { body }] of files.entries())
			await writeFile(join(folder, String(number)), body);
		await writeFile(join(folder, "index.json"), JSON.stringify(index));
	}

	async read(jobId: string, source: string): Promise<UploadedFile> {
		const folder = join(this.#directory, jobId);
		const index = JSON.parse(
			await readFile(join(folder, "index.json"), "utf8"),
		) as { source: string; contentType: string }[];
		const number = index.findIndex((file) => file.source === source);
		const file = index[number];
		if (file === undefined)
			throw new Error(`${source} was not uploaded with this job.`);
		return { ...file, body: await readFile(join(folder, String(number))) };
	}

	async remove(jobId: string): Promise<void> {
		await rm(join(this.#directory, jobId), { recursive: true, force: true });
	}

	/** Drops what no job waits for any more. */
	async sweep(jobIds: ReadonlySet<string>): Promise<void> {
		await mkdir(this.#directory, { recursive: true });
		for (const name of await readdir(this.#directory))
			if (!jobIds.has(name)) await this.remove(name);
	}
}
