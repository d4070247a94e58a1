/**
 * `npm run bench -- ingest [--pages N] [--model FOLDER] [--profile NAME] [--chatbot FILE] [--galley FILE] [--out DIRECTORY]`
 * A site of pages on this machine, read into the embedded database by the RAG chatbot's own process with an embedding
 * service: where the time goes, and whether memory stays flat.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CpuWatch, parseProcessTicks } from "../harness/cpu-watch.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { listTree } from "../harness/process-memory.ts";
import { writeResult } from "../harness/result.ts";
import { ServerFleet, type ServerProcess } from "../harness/server-process.ts";
import { percent } from "../harness/undisturbed.ts";
import {
	askChatbot,
	chatbotMain,
	createCollection,
	galleyMain,
	startChatbot,
	starterModel,
	startService,
	startSite,
} from "./chatbot-fleet.ts";
import { readMetrics } from "./read-metrics.ts";

const stages = ["wait", "fetch", "read", "split", "embed", "store"] as const;
const sampleEveryMs = 250;

interface Sample {
	/** Share of the pages that are done. */
	done: number;
	seconds: number;
	/** The chatbot's whole process: extraction and database are threads of it. */
	residentMiB: number;
}

interface Measured {
	pages: number;
	chunks: number;
	tokens: number;
	seconds: number;
	/** Of all batches together: several may be computed at a time. */
	computingSeconds: number;
	stages: { stage: string; seconds: number; busySeconds: number }[];
	samples: Sample[];
	cpuSeconds: { chatbot: number; embedding: number; site: number };
	foreignShare: number | null;
}

const resultsDirectory = fileURLToPath(new URL("../results", import.meta.url));

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			pages: { type: "string", default: "1000" },
			model: { type: "string", default: starterModel("starter-embed") },
			profile: { type: "string" },
			chatbot: { type: "string", default: chatbotMain },
			galley: { type: "string", default: galleyMain },
			out: { type: "string", default: resultsDirectory },
		},
	});
	if (!existsSync(values.galley))
		throw new Error(`There is no ${values.galley}: run npm run build.`);
	const environment = describeEnvironment();
	const pages = Number(values.pages);
	const data = mkdtempSync(join(tmpdir(), "galley-bench-"));
	try {
		await using fleet = new ServerFleet();
		process.env.GALLEY_DATA_DIR = join(data, "galley");
		const site = await startSite(fleet, pages);
		const embedding = await startService(fleet, values.galley, values.model, [
			...["--grpc-port", "off"],
			...(values.profile === undefined ? [] : ["--profile", values.profile]),
		]);
		const chatbot = await startChatbot(fleet, values.chatbot, {
			dataDirectory: data,
			allowedHost: new URL(site.url).host,
			settings: {
				CHAT_URL: "none",
				RERANK_URL: "none",
				EMBEDDING_URL: `${embedding.url}/v1`,
				EMBEDDING_MODEL: basename(values.model),
			},
		});
		const measured = await measure(site, embedding, chatbot, pages);
		const path = report(values.out, environment, values, measured);
		console.log(`\n${readFileSync(path, "utf8")}\n${path}`);
	} finally {
		rmSync(data, { recursive: true, force: true });
	}
}

async function measure(
	site: ServerProcess,
	embedding: ServerProcess,
	chatbot: ServerProcess,
	pages: number,
): Promise<Measured> {
	const id = await createCollection(chatbot, "site");
	const before = await readMetrics(embedding.url);
	const watch = new CpuWatch(site.pid, embedding.pid, chatbot.pid);
	const ticks = () => ({
		chatbot: ticksOf(chatbot.pid),
		embedding: ticksOf(embedding.pid),
		site: ticksOf(site.pid),
	});
	const ticksBefore = ticks();
	const start = performance.now();
	const seconds = () => (performance.now() - start) / 1000;
	await askChatbot(chatbot, `/v1/collections/${id}/ingest`, {
		sitemap: `${site.url}/sitemap.xml`,
		maxPages: pages,
	});
	const samples: Sample[] = [];
	for (;;) {
		const metrics = await readMetrics(chatbot.url);
		const done = metrics.sum("rag_ingest_pages_total");
		samples.push({
			done: done / pages,
			seconds: seconds(),
			residentMiB: residentMiB(chatbot.pid),
		});
		if (metrics.sum("rag_jobs_running") === 0 && samples.length > 2) break;
		await delay(sampleEveryMs);
	}
	const wall = seconds();
	const ticksAfter = ticks();
	const after = await readMetrics(embedding.url);
	const last = await readMetrics(chatbot.url);
	const stored = last.sum("rag_ingest_pages_total", 'state="stored"');
	if (stored !== pages)
		throw new Error(`${stored} of ${pages} pages were stored.`);
	const grown = (name: string) => after.sum(name) - before.sum(name);
	return {
		pages,
		chunks: last.sum("rag_ingest_chunks_total"),
		tokens: grown("galley:prompt_tokens_total"),
		seconds: wall,
		computingSeconds: grown("galley:encoder_batch_duration_seconds_sum"),
		stages: stages.map((stage) => ({
			stage,
			seconds: last.sum("rag_ingest_stage_seconds_total", `stage="${stage}"`),
			busySeconds: last.sum(
				"rag_ingest_stage_busy_seconds_total",
				`stage="${stage}"`,
			),
		})),
		samples,
		cpuSeconds: {
			chatbot: (ticksAfter.chatbot - ticksBefore.chatbot) / 100,
			embedding: (ticksAfter.embedding - ticksBefore.embedding) / 100,
			site: (ticksAfter.site - ticksBefore.site) / 100,
		},
		foreignShare: watch.foreignShare(),
	};
}

/** Of a process and its children. */
function ticksOf(pid: number): number {
	return listTree(pid).reduce(
		(sum, one) =>
			sum + parseProcessTicks(readFileSync(`/proc/${one}/stat`, "utf8")),
		0,
	);
}

function residentMiB(pid: number): number {
	const status = readFileSync(`/proc/${pid}/status`, "utf8");
	return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

/** The sample nearest to that share of the pages. */
function at(samples: readonly Sample[], done: number): Sample {
	return samples.reduce((best, one) =>
		Math.abs(one.done - done) < Math.abs(best.done - done) ? one : best,
	);
}

function report(
	out: string,
	environment: ReturnType<typeof describeEnvironment>,
	{ model, profile }: { model: string; profile?: string | undefined },
	measured: Measured,
): string {
	const { pages, seconds, chunks, tokens, samples, cpuSeconds } = measured;
	const share = (part: number) => percent(part / seconds);
	const embed = measured.stages.find(({ stage }) => stage === "embed");
	const inside = (embed?.busySeconds ?? 0) / seconds;
	const memory = (done: number) => at(samples, done).residentMiB.toFixed(0);
	const peak = Math.max(...samples.map(({ residentMiB }) => residentMiB));
	const name = basename(model);
	const late = at(samples, 1).residentMiB / at(samples, 0.5).residentMiB;
	return writeResult(
		out,
		{
			suite: name === "starter-embed" ? "ingest" : `ingest-${name}`,
			title: `Ingest: ${pages} pages of a local site into the embedded database`,
			environment,
		},
		{
			conditions: [
				`pages of 2,000 to 6,000 characters of text within navigation, tables, lists, code, scripts; a sitemap; no pause between pages (CRAWL_DELAY_MS=0)`,
				`the chatbot as \`npm start\` runs it, its own defaults otherwise; ${name} by \`galley run\`${profile === undefined ? ", its own choice of profile" : ` with ${profile}`}; both on this machine`,
				`others used ${percent(measured.foreignShare)} of the machine`,
			],
			tables: [
				{
					title: "In all",
					head: ["", ""],
					rows: [
						["pages", String(pages)],
						["chunks", String(chunks)],
						["tokens embedded", String(tokens)],
						["seconds", seconds.toFixed(1)],
						["pages a second", (pages / seconds).toFixed(1)],
						[
							"time with an embedding request under way (wanted: at least 80 %)",
							`${percent(inside)}: ${inside >= 0.8 ? "met" : "not met"}`,
						],
						[
							"batches that the embedding engine computes at a time, mean",
							(measured.computingSeconds / seconds).toFixed(2),
						],
					],
				},
				{
					title: "Stages",
					head: [
						"",
						"ms a page, waiting for its turn included",
						"share of the time with a page in it",
					],
					rows: measured.stages.map((one) => [
						one.stage,
						((one.seconds / pages) * 1000).toFixed(1),
						share(one.busySeconds),
					]),
				},
				{
					title: "Processor seconds",
					head: ["", "seconds", "ms a page"],
					rows: Object.entries(cpuSeconds).map(([name, used]) => [
						name,
						used.toFixed(1),
						((used / pages) * 1000).toFixed(1),
					]),
				},
				{
					title: "Resident memory of the chatbot's process, MiB",
					head: ["before", "at 25 %", "at 50 %", "at 75 %", "end", "peak"],
					rows: [
						[
							samples[0]?.residentMiB.toFixed(0) ?? "",
							memory(0.25),
							memory(0.5),
							memory(0.75),
							memory(1),
							peak.toFixed(0),
						],
					],
				},
			],
			notes: [
				`from the middle to the end the memory is ${late.toFixed(2)} times as much; the embedded database (files in memory pages of its own) is in it`,
				"the extractor and the database are threads of the chatbot's process; the embedding service is two processes",
			],
			data: measured,
		},
	);
}

try {
	await main();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
