import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Job } from "./job.ts";
import { JobList } from "./job-list.ts";
import { commandWork } from "./run-command.ts";

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-jobs-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Ends when it is told to, or stopped. */
function work() {
	let finish: (result: unknown) => void = () => {};
	let fail: (error: Error) => void = () => {};
	let tell: (progress: unknown) => void = () => {};
	return {
		finish: (result: unknown) => finish(result),
		fail: (error: Error) => fail(error),
		tell: (progress: unknown) => tell(progress),
		run: ({
			onProgress,
			signal,
		}: {
			onProgress(progress: unknown): void;
			signal: AbortSignal;
		}) => {
			tell = onProgress;
			return new Promise((resolve, reject) => {
				finish = resolve;
				fail = reject;
				signal.addEventListener("abort", () => resolve("as far as it got"));
			});
		},
	};
}

function ended(jobs: JobList, { kind, id }: Job): Promise<Job> {
	return new Promise((resolve) => {
		const look = (job: Job) => {
			if (job.state === "running") return;
			stop();
			resolve(job);
		};
		const stop = jobs.watch(id, look);
		look(jobs.get(kind, id));
	});
}

describe("jobs", () => {
	test("run one at a time, tell of their progress, and keep their result", async () => {
		const jobs = await JobList.open(directory);
		const first = work();
		const job = jobs.start("benchmark", { model: "m" }, first.run);
		expect(() => jobs.start("evaluation", {}, work().run)).toThrow(
			/Another benchmark/,
		);
		const seen: unknown[] = [];
		jobs.watch(job.id, ({ progress }) => seen.push(progress));
		first.tell({ done: 1 });
		first.finish({ figure: 7 });
		expect(await ended(jobs, job)).toMatchObject({
			state: "finished",
			result: { figure: 7 },
			error: null,
		});
		expect(seen[0]).toEqual({ done: 1 });
		const second = work();
		const later = jobs.start("benchmark", {}, second.run);
		second.fail(new Error("no such model"));
		expect(await ended(jobs, later)).toMatchObject({
			state: "failed",
			error: "no such model",
		});
		expect(jobs.list("benchmark").map(({ id }) => id)).toEqual([
			later.id,
			job.id,
		]);
		expect(jobs.list("evaluation")).toEqual([]);
		expect(() => jobs.get("evaluation", job.id)).toThrow(/no evaluation/);

		// A file of somebody else's is no reason not to start.
		await writeFile(join(directory, "broken.json"), "{");
		const reopened = await JobList.open(directory);
		expect(reopened.get("benchmark", job.id)).toEqual(
			jobs.get("benchmark", job.id),
		);
		expect(reopened.list("benchmark")).toHaveLength(2);
	});

	test("that are cancelled keep what they have measured; those that have ended go away", async () => {
		const jobs = await JobList.open(directory);
		const job = jobs.start("benchmark", {}, work().run);
		await jobs.remove("benchmark", job.id);
		expect(await ended(jobs, job)).toMatchObject({
			state: "cancelled",
			result: "as far as it got",
		});
		await jobs.remove("benchmark", job.id);
		expect(() => jobs.get("benchmark", job.id)).toThrow();
		expect((await JobList.open(directory)).list("benchmark")).toEqual([]);
	});

	test("end with the gateway", async () => {
		const jobs = await JobList.open(directory);
		const job = jobs.start("evaluation", {}, work().run);
		await jobs.close();
		expect(jobs.get("evaluation", job.id).state).toBe("cancelled");
	});
});

describe("a command as work", () => {
	const node = (script: string) =>
		commandWork({
			executable: process.execPath,
			words: ["-e", script],
			environment: process.env,
		});
	const quiet = new AbortController().signal;

	test("hands on its progress and its result", async () => {
		const seen: unknown[] = [];
		const result = await node(
			`console.error('{"progress":{"done":1}}'); console.error("a warning"); console.log('{"ok":true}')`,
		)({ onProgress: (progress) => seen.push(progress), signal: quiet });
		expect(result).toEqual({ ok: true });
		expect(seen).toEqual([{ done: 1 }]);
	});

	test("says why it failed", async () => {
		const run = (script: string) =>
			node(script)({ onProgress: () => {}, signal: quiet });
		await expect(
			run(`console.error("no such model"); process.exit(3)`),
		).rejects.toThrow("no such model");
		await expect(run("process.exit(3)")).rejects.toThrow("exit code 3");
	});

	test("is asked to end, and what it has is its result", async () => {
		const controller = new AbortController();
		const result = await node(
			`process.on("SIGINT", () => { console.log('"partial"'); process.exit(130); }); setInterval(() => {}, 1000); console.error('{"progress":1}');`,
		)({ onProgress: () => controller.abort(), signal: controller.signal });
		expect(result).toBe("partial");
	});
});
