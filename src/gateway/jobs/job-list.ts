import { randomUUID } from "node:crypto";
import {
	mkdir,
	readdir,
	readFile,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import type { Job, JobKind, JobWork } from "./job.ts";

/** Older ones that have ended go. */
const mostJobs = 200;
/** They measure: a second one beside would falsify the first. */
const mostRunning = 1;

type Listener = (job: Job) => void;

/** Jobs of this gateway, the newest first; those that have ended are kept in files, a job a file. */
export class JobList {
	readonly #directory: string;
	readonly #jobs = new Map<string, Job>();
	readonly #running = new Map<string, AbortController>();
	readonly #listeners = new Map<string, Set<Listener>>();
	readonly #work = new Set<Promise<void>>();

	private constructor(directory: string) {
		this.#directory = directory;
	}

	static async open(directory: string): Promise<JobList> {
		await mkdir(directory, { recursive: true, mode: 0o700 });
		const list = new JobList(directory);
		const jobs: Job[] = [];
		for (const file of await readdir(directory)) {
			if (!file.endsWith(".json")) continue;
			const job = await readJob(join(directory, file));
			if (job !== null) jobs.push(job);
		}
		jobs.sort((left, right) => left.createdAt.localeCompare(right.createdAt));
		for (const job of jobs) list.#jobs.set(job.id, job);
		return list;
	}

	list(kind: JobKind): Job[] {
		return [...this.#jobs.values()]
			.filter((job) => job.kind === kind)
			.reverse();
	}

	get(kind: JobKind, id: string): Job {
		const job = this.#jobs.get(id);
		if (job?.kind === kind) return job;
		throw new GalleyError("not_found", `There is no ${kind} '${id}'.`, {
			param: "id",
		});
	}

	/** Throws `conflict` while another one runs. */
	start(kind: JobKind, request: Job["request"], work: JobWork): Job {
		if (this.#running.size >= mostRunning)
			throw new GalleyError(
				"conflict",
				"Another benchmark, evaluation or optimization is running: two at a time would disturb each other. Wait for it, or cancel it.",
				{ retryAfterSeconds: 10 },
			);
		const controller = new AbortController();
		const job: Job = {
			id: randomUUID(),
			kind,
			request,
			state: "running",
			createdAt: new Date().toISOString(),
			endedAt: null,
			progress: null,
			result: null,
			error: null,
		};
		this.#jobs.set(job.id, job);
		this.#running.set(job.id, controller);
		const done = this.#run(job, work, controller).finally(() =>
			this.#work.delete(done),
		);
		this.#work.add(done);
		return job;
	}

	/** Stops one that runs; what it has measured until then is its result. One that has ended goes away. */
	async remove(kind: JobKind, id: string): Promise<void> {
		const job = this.get(kind, id);
		const controller = this.#running.get(id);
		if (controller !== undefined) {
			controller.abort();
			return;
		}
		this.#jobs.delete(id);
		await rm(join(this.#directory, `${job.id}.json`), { force: true });
	}

	/** Calls with each news until it has ended; returns how to stop that. */
	watch(id: string, listener: Listener): () => void {
		const listeners = this.#listeners.get(id) ?? new Set();
		listeners.add(listener);
		this.#listeners.set(id, listeners);
		return () => {
			listeners.delete(listener);
			if (listeners.size === 0) this.#listeners.delete(id);
		};
	}

	async close(): Promise<void> {
		for (const controller of this.#running.values()) controller.abort();
		await Promise.all(this.#work);
	}

	async #run(
		job: Job,
		work: JobWork,
		{ signal }: AbortController,
	): Promise<void> {
		const ending: Pick<Job, "state" | "result" | "error"> = {
			state: "finished",
			result: null,
			error: null,
		};
		try {
			ending.result = await work({
				signal,
				onProgress: (progress) => {
					job.progress = progress;
					this.#tell(job);
				},
			});
			if (signal.aborted) ending.state = "cancelled";
		} catch (error) {
			ending.state = signal.aborted ? "cancelled" : "failed";
			ending.error = error instanceof Error ? error.message : String(error);
		}
		// It has ended when its file is there: who removes it then removes all of it.
		const ended = { ...job, ...ending, endedAt: new Date().toISOString() };
		await this.#keep(ended);
		Object.assign(job, ended);
		this.#running.delete(job.id);
		this.#tell(job);
		await this.#forgetOldest();
	}

	#tell(job: Job): void {
		for (const listener of this.#listeners.get(job.id) ?? []) listener(job);
	}

	async #keep(job: Job): Promise<void> {
		const path = join(this.#directory, `${job.id}.json`);
		try {
			await writeFile(`${path}.partial`, JSON.stringify(job), { mode: 0o600 });
			await rename(`${path}.partial`, path);
		} catch (error) {
			// The result is still in memory, and the disk's trouble is worth knowing.
			job.error ??= `Its result could not be kept: ${error instanceof Error ? error.message : String(error)}`;
		}
	}

	async #forgetOldest(): Promise<void> {
		const ended = [...this.#jobs.values()].filter(
			({ state }) => state !== "running",
		);
		for (const { kind, id } of ended.slice(0, -mostJobs))
			await this.remove(kind, id);
	}
}

async function readJob(path: string): Promise<Job | null> {
	try {
		return JSON.parse(await readFile(path, "utf8")) as Job;
	} catch {
		// Somebody else's file, or a half one of a full disk: not a reason to stop the gateway.
		return null;
	}
}
