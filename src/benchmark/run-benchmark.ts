import { setMaxListeners } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { GalleyError } from "../core/errors.ts";
import { planArrivals } from "./arrivals.ts";
import { calibrate, findModel, probeDialect } from "./calibration.ts";
import { CompletionClient } from "./completion-client.ts";
import {
	type LoopResult,
	runClosedLoop,
	runOpenLoop,
	type Send,
} from "./load-loop.ts";
import { summarize } from "./metrics.ts";
import {
	type BenchmarkOptions,
	type BenchmarkPlan,
	planBenchmark,
	stageRequests,
} from "./options.ts";
import { type BenchmarkProgress, ProgressTracker } from "./progress.ts";
import { parsePromptFile } from "./prompt-file.ts";
import { createPromptSource, drawLength, openingWord } from "./prompts.ts";
import { createRandomSource, type RandomSource } from "./random-source.ts";
import type {
	BenchmarkConditions,
	BenchmarkReport,
	StageLoad,
} from "./report.ts";
import { type BodyOptions, renderBody } from "./request-body.ts";

/**
 * Puts load on an OpenAI-compatible server and measures what its users would see. Throws GalleyError for options that make no sense and
 * for a server that does not answer a first request; failures after that are counted in the report.
 */
export async function runBenchmark(
	options: BenchmarkOptions,
	onProgress: (progress: BenchmarkProgress) => void = () => {},
): Promise<BenchmarkReport> {
	const plan = planBenchmark(options, Math.floor(Math.random() * 2 ** 31));
	// Each request in flight listens to it.
	setMaxListeners(0, plan.signal);
	const startedAt = new Date().toISOString();
	const random = createRandomSource(plan.seed);
	const client = new CompletionClient(plan);
	try {
		const tracker = new ProgressTracker(plan.loads.length, onProgress);
		tracker.begin("preparing", 0, null, null, null);
		const { nextBody, model, notes, ignoreEos } = await prepare(
			plan,
			client,
			random,
		);

		const requestLog: string[] = [];
		const send: Send = async (stageStart) => {
			const record = await client.stream(nextBody(), stageStart, {
				onOutput: tracker.onOutput,
				signal: plan.signal,
			});
			tracker.onEnd(record);
			return record;
		};
		const stop = tracker.startTicking();
		const report: BenchmarkReport = {
			format: "galley-bench/1",
			startedAt,
			conditions: describeConditions(plan, client, model, ignoreEos),
			stages: [],
			notes,
			isPartial: false,
		};
		try {
			await warmUp(plan, tracker, send);
			for (const [index, load] of plan.loads.entries()) {
				if (plan.signal.aborted) break;
				const requests = stageRequests(plan, load);
				tracker.begin("measuring", index + 1, load, requests, plan.durationMs);
				const result = await runStage(plan, load, requests, send, random);
				tracker.tell();
				const records = result.records.filter(
					(record) => record.error !== "cancelled",
				);
				report.stages.push(
					summarize({
						load,
						records,
						durationMs: result.durationMs,
						goodput: plan.goodput,
					}),
				);
				if (plan.requestLogFile !== null) {
					requestLog.push(
						...records.map((record) =>
							JSON.stringify({ stage: index + 1, load, ...record }),
						),
					);
				}
			}
		} finally {
			stop();
		}
		report.isPartial = plan.signal.aborted;
		if (plan.requestLogFile !== null)
			await writeFile(
				plan.requestLogFile,
				requestLog.map((line) => `${line}\n`).join(""),
			);
		if (plan.jsonFile !== null)
			await writeFile(plan.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
		return report;
	} finally {
		await client.close();
	}
}

interface Preparation {
	nextBody: () => string;
	model: string;
	notes: string[];
	ignoreEos: boolean;
}

/** Finds the model, what the server takes, and how to make prompts of the right length. */
async function prepare(
	plan: BenchmarkPlan,
	client: CompletionClient,
	random: RandomSource,
): Promise<Preparation> {
	const filePrompts =
		plan.promptsFile === null
			? null
			: parsePromptFile(await readPrompts(plan.promptsFile));
	if (
		plan.endpoint === "completions" &&
		filePrompts?.some((prompt) => typeof prompt.content !== "string")
	) {
		throw new GalleyError(
			"invalid_request",
			"The prompt file has chat messages: use the chat endpoint.",
			{ param: "endpoint" },
		);
	}
	const model = plan.model ?? (await findModel(client));
	const asked: BodyOptions = {
		endpoint: plan.endpoint,
		model,
		dialect: {
			ignoreEos: plan.ignoreEos,
			includeUsage: true,
			temperature: plan.temperature,
			maxTokensField: "max_tokens",
		},
		extraBody: plan.extraBody,
	};
	const probe = await probeDialect(
		client,
		filePrompts?.[0]?.content ?? openingWord,
		asked,
	);
	const body: BodyOptions = { ...asked, dialect: probe.dialect };
	const common = { model, ignoreEos: probe.dialect.ignoreEos };
	const nextOutputTokens = () =>
		drawLength(plan.outputTokens, plan.lengthSpread, random);

	if (filePrompts !== null) {
		let count = 0;
		const nextBody = () => {
			const prompt = filePrompts[count++ % filePrompts.length];
			return renderBody(
				prompt?.content ?? "",
				prompt?.maxTokens ?? nextOutputTokens(),
				body,
			);
		};
		return { ...common, nextBody, notes: probe.notes };
	}
	const { calibration, notes } = await calibrate(client, body, random);
	const nextPrompt = createPromptSource(plan, calibration, random);
	return {
		...common,
		nextBody: () => renderBody(nextPrompt(), nextOutputTokens(), body),
		notes: [...probe.notes, ...notes],
	};
}

async function readPrompts(path: string): Promise<string> {
	try {
		return await readFile(path, "utf8");
	} catch (error) {
		throw new GalleyError(
			"invalid_request",
			`The prompt file ${path} can't be read: ${String(error)}`,
			{
				param: "promptsFile",
				cause: error,
			},
		);
	}
}

async function warmUp(
	plan: BenchmarkPlan,
	tracker: ProgressTracker,
	send: Send,
): Promise<void> {
	if (plan.warmupRequests === 0) return;
	const first = plan.loads[0];
	const concurrency =
		first?.mode === "closed" ? first.concurrency : plan.warmupRequests;
	tracker.begin("warming up", 0, null, plan.warmupRequests, null);
	await runClosedLoop({
		concurrency,
		requests: plan.warmupRequests,
		durationMs: null,
		send,
		signal: plan.signal,
	});
}

function runStage(
	plan: BenchmarkPlan,
	load: StageLoad,
	requests: number | null,
	send: Send,
	random: RandomSource,
): Promise<LoopResult> {
	const { durationMs, signal } = plan;
	if (load.mode === "closed")
		return runClosedLoop({
			concurrency: load.concurrency,
			requests,
			durationMs,
			send,
			signal,
		});
	const arrivals = planArrivals(
		{
			requestRate: load.requestRate,
			burstiness: load.burstiness,
			requests: requests ?? Number.POSITIVE_INFINITY,
			durationMs: durationMs ?? undefined,
		},
		random,
	);
	return runOpenLoop({ arrivals, send, signal });
}

function describeConditions(
	plan: BenchmarkPlan,
	client: CompletionClient,
	model: string,
	ignoreEos: boolean,
): BenchmarkConditions {
	const isRandom = plan.promptsFile === null;
	const processors = cpus();
	return {
		url: client.apiUrl,
		model,
		endpoint: plan.endpoint,
		prompts: isRandom
			? plan.prefixTokens > 0
				? `random words after ${plan.prefixes} shared prefix(es)`
				: "random words"
			: `file ${plan.promptsFile}`,
		inputTokens: isRandom ? plan.inputTokens : null,
		prefixTokens: isRandom ? plan.prefixTokens : null,
		outputTokens: plan.outputTokens,
		ignoreEos,
		temperature: plan.temperature,
		goodput: plan.goodput,
		warmupRequests: plan.warmupRequests,
		seed: plan.seed,
		client: {
			node: process.version,
			platform: `${process.platform}-${process.arch}`,
			cpus: processors.length,
			cpu: processors[0]?.model ?? "unknown",
		},
	};
}
