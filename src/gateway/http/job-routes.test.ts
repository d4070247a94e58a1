import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Job, JobWork } from "../jobs/job.ts";
import { JobList } from "../jobs/job-list.ts";
import { jobRoutes } from "./job-routes.ts";
import { type OwnCall, OwnRoutes } from "./own-route.ts";

interface Started {
	kind: "client" | "local";
	words: readonly string[];
	/** Of the file that the command was given, while it ran. */
	file: string;
}

let directory: string;
let jobs: JobList;
let started: Started[];
let routes: OwnRoutes;

beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), "galley-job-routes-"));
	jobs = await JobList.open(directory);
	started = [];
	const command =
		(kind: Started["kind"]) =>
		(words: readonly string[]): JobWork =>
		async () => {
			const path =
				words.find((word) => word.includes(directory))?.replace(/^.*?=/, "") ??
				null;
			const file = path === null ? "" : await readFile(path, "utf8");
			started.push({ kind, words, file });
			return { rows: [] };
		};
	routes = new OwnRoutes(
		jobRoutes({
			jobs,
			directory,
			commands: { client: command("client"), local: command("local") },
			serviceOf: (name) =>
				name === "chat"
					? { model: "starter-chat", settings: "max-model-len: 512\n" }
					: null,
			priceOf: () => null,
		}),
	);
});
afterEach(async () => {
	await jobs.close();
	await rm(directory, { recursive: true, force: true });
});

async function ask(method: string, path: string, body: unknown = {}) {
	const found = routes.find(method, path);
	if (found === null) throw new Error(`${method} ${path} has no route.`);
	const answer = await found.route.answer({
		parameters: found.parameters,
		json: async () => body,
	} as unknown as OwnCall);
	if (answer === "written" || !("body" in answer))
		throw new Error("Not an answer in JSON.");
	return answer as { status?: number; body: Job };
}

async function ended(id: string): Promise<Job> {
	for (;;) {
		const { body } = await ask("GET", `/v1/optimizations/${id}`);
		if (body.state !== "running") return body;
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

describe("an optimization", () => {
	test("that has ended is listed without what it told on its way", async () => {
		let end = () => {};
		const running = jobs.start("optimization", {}, async ({ onProgress }) => {
			onProgress({ measured: 1 });
			await new Promise<void>((resolve) => {
				end = resolve;
			});
		});
		const listed = async () => {
			const { body } = await ask("GET", "/v1/optimizations");
			return (body as unknown as { data: Job[] }).data[0]?.progress;
		};
		expect(await listed()).toEqual({ measured: 1 });
		end();
		await ended(running.id);
		expect(await listed()).toBeNull();
		expect((await ended(running.id)).progress).toEqual({ measured: 1 });
	});

	test("runs on this machine with the service's model and settings, in the words of the command line", async () => {
		const { status, body } = await ask("POST", "/v1/optimizations", {
			model: "chat",
			precisions: ["Q8_0", "Q4_K_M"],
			concurrency: [1, 4],
			targetItlMs: 50,
			maxKl: "off",
			maxPerplexityLoss: 0.03,
			minutes: 2.5,
			fresh: true,
		});
		expect(status).toBe(202);
		expect(await ended(body.id)).toMatchObject({
			kind: "optimization",
			state: "finished",
			request: { model: "chat", minutes: 2.5 },
		});
		const [{ kind, words, file } = {} as Started] = started;
		expect(kind).toBe("local");
		expect(words.slice(0, 2)).toEqual(["optimize", "starter-chat"]);
		expect(file).toBe("max-model-len: 512\n");
		expect(words.slice(3)).toEqual([
			"--precisions=Q8_0,Q4_K_M",
			"--concurrency=1,4",
			"--target-itl-ms=50",
			"--max-kl=off",
			"--max-perplexity-loss=0.03",
			"--minutes=2.5",
			"--fresh",
		]);
		// The settings are not left lying about.
		expect(
			(await readdir(directory)).filter((name) => name.endsWith(".yaml")),
		).toEqual([]);
	});

	test.each([
		[{ model: "gone" }, /no service of this fleet/],
		[{ model: "chat", precisions: ["--out=/etc"] }, /precisions/],
		[{ model: "chat", minutes: 0 }, /minutes/],
		[{ model: "chat", maxKl: -1 }, /maxKl/],
		[{ model: "chat", out: "/etc" }, /'out' is not known here/],
		[{}, /model/],
	])("is refused with what is wrong: %j", async (body, message) => {
		await expect(ask("POST", "/v1/optimizations", body)).rejects.toThrow(
			message,
		);
		expect(started).toEqual([]);
		expect(jobs.list("optimization")).toEqual([]);
	});

	test("is none of the benchmarks", async () => {
		const { body } = await ask("POST", "/v1/optimizations", { model: "chat" });
		await ended(body.id);
		await expect(ask("GET", `/v1/benchmarks/${body.id}`)).rejects.toThrow(
			/no benchmark/,
		);
	});
});

describe("an evaluation", () => {
	const evaluate = async (questions: string) => {
		const { body } = await ask("POST", "/v1/evaluations", {
			model: "chat",
			questions,
		});
		while (jobs.get("evaluation", body.id).state === "running")
			await new Promise((resolve) => setTimeout(resolve, 5));
		return body.request;
	};

	test("tells how many questions it asked and which, not what they say", async () => {
		const line = '{"question":"2 + 2?","answer":"4"}';
		const first = await evaluate(`${line}\n`);
		const again = await evaluate(line);
		const other = await evaluate('{"question":"2 + 3?","answer":"5"}');
		expect(first).toMatchObject({ model: "chat", questions: 1 });
		expect(first.questionSet).toBe(again.questionSet);
		expect(first.questionSet).not.toBe(other.questionSet);
		expect(JSON.stringify(first)).not.toContain("2 + 2");
		expect(started.map(({ kind }) => kind)).toEqual([
			"client",
			"client",
			"client",
		]);
	});
});
