import { join } from "node:path";
import { type Command, Option } from "commander";
import { dataDirectory, enginesDirectory } from "../config/data-directory.ts";
import { byteCount } from "../config/option-types.ts";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type { Precision } from "../engine/llama/precisions.ts";
import { readHardware } from "../models/hardware.ts";
import type { CandidateField } from "../optimize/candidate.ts";
import type {
	OptimizeOptions,
	OptimizeProgress,
} from "../optimize/optimize-model.ts";
import { commandSummaries } from "./command-table.ts";
import { findAccelerator } from "./engine-devices.ts";
import { exitCodes } from "./exit-codes.ts";
import { locateModel } from "./locate-model.ts";
import {
	limitFlag,
	numberFlag,
	parseConcurrencies,
	parsePrecisions,
	toLimit,
} from "./optimize-flags.ts";
import { createProgressLines } from "./progress-lines.ts";
import { addServiceFlags } from "./service-flags.ts";
import {
	createStatusLine,
	formatDuration,
	type StatusLine,
} from "./status-line.ts";

interface OptimizeFlags {
	reference?: string;
	precisions?: Precision[];
	concurrency: number[];
	inputTokens: number;
	outputTokens: number;
	prefixTokens: number;
	targetTtftMs?: number;
	maxKl: number | "off";
	maxPerplexityLoss: number | "off";
	maxMemory?: string;
	text?: string;
	windows: number;
	minutes: number;
	repeats: number;
	fresh?: boolean;
	keepVariants?: boolean;
	out?: string;
	json?: boolean;
	progress?: "line" | "json";
}

export function registerOptimizeCommand(program: Command): void {
	const command = program
		.command("optimize")
		.description(commandSummaries.optimize)
		.argument("<model>", "a model on this machine")
		.option(
			"--reference <model>",
			"the same model in a higher precision: variants are made from it and compared with it",
		)
		.option(
			"--precisions <list>",
			"precisions to try, such as Q8_0,Q4_K_M (default: the usual ones below the reference's)",
			parsePrecisions,
		)
		.option(
			"--concurrency <counts>",
			"requests in flight while measuring",
			parseConcurrencies,
			[1, 8],
		)
		.option(
			"--input-tokens <count>",
			"a prompt's own tokens",
			numberFlag("input-tokens", { least: 1, whole: true }),
			128,
		)
		.option(
			"--output-tokens <count>",
			"tokens of an answer",
			numberFlag("output-tokens", { least: 2, whole: true }),
			128,
		)
		.option(
			"--prefix-tokens <count>",
			"tokens that all prompts begin with in common",
			numberFlag("prefix-tokens", { least: 0, whole: true }),
			0,
		)
		.option(
			"--target-ttft-ms <milliseconds>",
			"95 % of first tokens must come within this time",
			numberFlag("target-ttft-ms", { least: 1 }),
		)
		.option(
			"--max-kl <nats>",
			"mean KL divergence from the reference at most; off is no limit",
			limitFlag("max-kl"),
			0.05,
		)
		.option(
			"--max-perplexity-loss <share>",
			"perplexity above the reference's at most, 0.03 is 3 %; off is no limit",
			limitFlag("max-perplexity-loss"),
			0.03,
		)
		.option(
			"--max-memory <bytes>",
			"of the engine process at its peak, such as 2GiB",
		)
		.option("--text <path>", "measure accuracy on this text file")
		.option(
			"--windows <count>",
			"windows of 512 tokens of it at most",
			numberFlag("windows", { least: 1, whole: true }),
			4,
		)
		.option(
			"--minutes <count>",
			"stop after so long; the same command goes on where it stopped",
			numberFlag("minutes", { least: 0.1 }),
			15,
		)
		.option(
			"--repeats <count>",
			"measure what might win so many times",
			numberFlag("repeats", { least: 1, whole: true }),
			3,
		)
		.option("--fresh", "forget what was measured before")
		.option("--keep-variants", "keep the files of precisions that did not win")
		.option("--out <directory>", "where the report goes")
		.option("--json", "print the report as JSON")
		.addOption(
			new Option("--progress <form>", "a line, or JSON for programs")
				.choices(["line", "json"])
				.hideHelp(),
		);
	addServiceFlags(command, "bench").action(
		async (model: string, flags: OptimizeFlags & Record<string, unknown>) => {
			process.exitCode = await optimize(model, flags);
		},
	);
}

async function optimize(
	text: string,
	flags: OptimizeFlags & Record<string, unknown>,
): Promise<number> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const { optimizeModel } = await import("../optimize/optimize-model.ts");
	const status = createStatusLine(process.stderr);
	const lines =
		flags.progress === "json"
			? createProgressLines<OptimizeProgress>(process.stderr)
			: null;
	const progress = lines?.update ?? progressShower(status);
	const controller = new AbortController();
	// A second Ctrl-C ends the process as usual.
	process.once("SIGINT", () => controller.abort(new Interrupted()));
	const warn = (message: string) => {
		status.clear();
		process.stderr.write(`galley: ${message}\n`);
	};
	try {
		const options = await toOptions(text, flags, config);
		const { report, winner, profilesPath } = await optimizeModel({
			...options,
			onProgress: progress,
			onWarning: warn,
			signal: controller.signal,
		});
		status.clear();
		const [{ writeReport }, { printReport }] = await Promise.all([
			import("../optimize/write-report.ts"),
			import("./optimize-output.ts"),
		]);
		const directory =
			flags.out ??
			join(
				dataDirectory(process.env),
				"optimized",
				"reports",
				`${options.name}-${report.measuredAt.slice(0, 19).replaceAll(":", "")}`,
			);
		const written = await writeReport(directory, report);
		printReport(report, written, profilesPath, flags.json === true);
		return winner === null ? exitCodes.failure : exitCodes.ok;
	} catch (error) {
		if (!controller.signal.aborted) throw error;
		status.clear();
		process.stderr.write(
			"Stopped. What was measured is kept: the same command goes on from there.\n",
		);
		return exitCodes.interrupted;
	} finally {
		status.clear();
	}
}

async function toOptions(
	text: string,
	flags: OptimizeFlags,
	config: ServiceConfig,
): Promise<Omit<OptimizeOptions, "onProgress" | "onWarning" | "signal">> {
	const search = { packagesFolder: enginesDirectory(process.env) };
	const [{ createLlamaModule }, { expectedRelease }, { readEvaluationText }] =
		await Promise.all([
			import("../engine/llama/llama.ts"),
			import("../engine/llama/library.ts"),
			import("../optimize/evaluation-text.ts"),
		]);
	const model = await locate(text, config);
	const reference =
		flags.reference === undefined
			? null
			: await locate(flags.reference, config);
	return {
		name: model.name,
		modelPath: model.path,
		referencePath: reference?.path ?? null,
		setting: {
			hardware: readHardware(),
			accelerator: await findAccelerator(),
			asked: config,
			search,
			memoryMap: config.mmap,
			memoryLock: config.mlock,
		},
		pinned: pinnedFields(config),
		precisions: flags.precisions ?? null,
		constraints: {
			targetItlMs: config.targetItlMs,
			targetTtftMs: flags.targetTtftMs ?? null,
			maxKl: toLimit(flags.maxKl),
			maxPerplexityLoss: toLimit(flags.maxPerplexityLoss),
			maxMemoryBytes: memoryLimit(flags.maxMemory),
		},
		load: {
			concurrencies: flags.concurrency,
			inputTokens: flags.inputTokens,
			outputTokens: flags.outputTokens,
			prefixTokens: flags.prefixTokens,
		},
		text: await readEvaluationText(flags.text ?? null),
		windows: flags.windows,
		minutes: flags.minutes,
		repeats: flags.repeats,
		isFresh: flags.fresh ?? false,
		keepsVariants: flags.keepVariants ?? false,
		dataDirectory: dataDirectory(process.env),
		release: expectedRelease,
		openVocabulary: (path) => createLlamaModule(search).loadVocabulary(path),
	};
}

/** A flag, a variable or a file that sets one of these has decided it. */
function pinnedFields({ origins }: ServiceConfig): Set<CandidateField> {
	const fields = {
		threads: "threads",
		threadsBatch: "threadsBatch",
		flashAttention: "flashAttention",
		kvCacheTypeK: "kvType",
		kvCacheTypeV: "kvType",
		kvLayout: "kvLayout",
		speculation: "speculation",
	} as const;
	const names = Object.keys(fields) as (keyof typeof fields)[];
	return new Set(
		names
			.filter((name) => origins[name].kind !== "default")
			.map((name) => fields[name]),
	);
}

async function locate(
	text: string,
	config: ServiceConfig,
): Promise<{ name: string; path: string }> {
	const location = await locateModel(text, config);
	switch (location.kind) {
		case "here":
			return { name: location.reference.name, path: location.path };
		case "fake":
			throw new GalleyError(
				"invalid_request",
				"The fake engine has no weights to optimize; name a model.",
			);
		case "encoder":
			throw new GalleyError(
				"model_unusable",
				`"${text}" is an embedding or reranking model; its profiles need no measuring: see galley profiles ${text}.`,
			);
		case "unconverted":
			throw new GalleyError(
				"model_not_found",
				`"${location.directory}" holds safetensors; convert them first with galley convert.`,
			);
		case "away":
			throw new GalleyError(
				"model_not_found",
				`"${text}" is not on this machine. Fetch it with galley pull ${text}.`,
			);
	}
}

function memoryLimit(written: string | undefined): number | null {
	if (written === undefined) return null;
	const parsed = byteCount({ min: 1, max: 2 ** 50 })(written);
	if ("value" in parsed) return parsed.value;
	throw new GalleyError("invalid_request", `--max-memory ${parsed.problem}.`, {
		param: "max-memory",
	});
}

/** `[precision] measuring speed of Q4_K_M, threads 2, 1 min 20 s left` */
function progressShower(
	status: StatusLine,
): (progress: OptimizeProgress) => void {
	return ({ activity, stage, candidate, share, secondsLeft }) => {
		const what =
			candidate === null
				? ""
				: ` of ${candidate.variant}, ${candidate.threads} threads`;
		const done = share === null ? "" : ` ${Math.floor(100 * share)} %`;
		const left =
			secondsLeft === null ? "" : `, ${formatDuration(secondsLeft)} left`;
		status.show(`[${stage}] ${activity}${what}${done}${left}`);
	};
}

class Interrupted extends Error {
	override readonly name = "Interrupted";
}
