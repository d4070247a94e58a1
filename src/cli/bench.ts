import { type Command, InvalidArgumentError, Option } from "commander";
import { formatReport } from "../benchmark/format-report.ts";
import { parseGoodput } from "../benchmark/goodput.ts";
import type { BenchmarkOptions } from "../benchmark/options.ts";
import type { BenchmarkProgress } from "../benchmark/progress.ts";
import { createProgressLine } from "../benchmark/progress-line.ts";
import { runBenchmark } from "../benchmark/run-benchmark.ts";
import { resolveServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import { commandSummaries } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import {
	modelArgument,
	parseConfiguredReference,
	secretsOf,
} from "./model-sources.ts";
import { formatStart, startPrivateService } from "./private-service.ts";
import { createProgressLines } from "./progress-lines.ts";
import { isServiceUrl, parseServiceAddress } from "./service-address.ts";
import { addServiceFlags, toServiceArguments } from "./service-flags.ts";
import { createStatusLine } from "./status-line.ts";

type BenchFlags = Omit<
	BenchmarkOptions,
	"goodput" | "headers" | "signal" | "extraBody" | "temperature"
> & {
	temperature?: number | "default";
	goodput?: readonly string[];
	header?: readonly string[];
	extraBody?: Record<string, unknown>;
	json?: boolean;
	progress?: "line" | "json";
};

/** The flags are `BenchmarkOptions` word for word; what they mean and their defaults stand there. */
export function registerBenchCommand(program: Command): void {
	const command = program
		.command("bench")
		.description(commandSummaries.bench)
		.argument(
			"[model]",
			"a starter model, file or hf://org/repo to serve and measure, or a service's URL",
		)
		.option("--url <url>", "measure this server instead of one started here")
		.option(
			"--model <name>",
			"model name in the requests (default: the server's first)",
		)
		.addOption(
			new Option("--endpoint <name>", "API to call")
				.choices(["chat", "completions"])
				.default("chat"),
		)
		.option(
			"--api-key <key>",
			"bearer key (of a --url also from the environment: GALLEY_API_KEY)",
		)
		.option(
			"--header <name:value>",
			"header of each request (repeatable)",
			append,
		)
		.option(
			"--concurrency <counts>",
			"requests kept in flight, a list makes stages: 1,4,8 (default: 1)",
			numbers,
		)
		.option(
			"--request-rate <rates>",
			"requests a second instead, a list makes stages",
			numbers,
		)
		.option(
			"--burstiness <factor>",
			"1 is a Poisson process, less comes in bursts (default: 1)",
			number,
		)
		.option("--requests <count>", "requests in a stage", number)
		.option(
			"--duration-seconds <seconds>",
			"stop sending after so long",
			number,
		)
		.option(
			"--warmup-requests <count>",
			"sent first and not counted (default: 2)",
			number,
		)
		.option(
			"--timeout-seconds <seconds>",
			"a request that takes longer has failed (default: 600)",
			number,
		)
		.option(
			"--input-tokens <count>",
			"a prompt's own tokens (default: 128)",
			number,
		)
		.option(
			"--prefix-tokens <count>",
			"tokens before them that prompts share (default: 0)",
			number,
		)
		.option(
			"--prefixes <count>",
			"different shared prefixes (default: 1)",
			number,
		)
		.option(
			"--length-spread <share>",
			"draw lengths from 1 - share to 1 + share (default: 0)",
			number,
		)
		.option(
			"--prompts-file <path>",
			"prompts from a file: JSON lines, or one prompt a line",
		)
		.option("--output-tokens <count>", "max_tokens (default: 128)", number)
		.option(
			"--ignore-eos",
			"go on past the end of an answer (default for random prompts)",
		)
		.option("--no-ignore-eos", "end where the model ends")
		.option(
			"--temperature <value>",
			"0 is greedy; default leaves it to the server (default: 0)",
			temperature,
		)
		.option("--extra-body <json>", "more fields for each request", jsonObject)
		.option(
			"--goodput <limits...>",
			"count requests within limits: ttft:500 tpot:50 e2el:2000 (milliseconds)",
		)
		.option("--seed <number>", "of prompts, lengths and arrivals", number)
		.option("--json-file <path>", "write the report as JSON")
		.option(
			"--request-log-file <path>",
			"write a line of JSON for each request",
		)
		.option("--json", "print the report as JSON instead of tables")
		.addOption(
			new Option("--progress <form>", "a line, or JSON for programs")
				.choices(["line", "json"])
				.hideHelp(),
		);
	addServiceFlags(command, "bench").action(bench);
}

async function bench(
	model: string | undefined,
	flags: BenchFlags & Record<string, unknown>,
): Promise<void> {
	const options = toBenchmarkOptions(flags);
	const url =
		flags.url ??
		(model !== undefined && isServiceUrl(model) ? model : undefined);
	if (url === undefined && model === undefined) {
		throw new GalleyError(
			"invalid_request",
			"Say what to measure: galley bench --url http://127.0.0.1:8000, or galley bench MODEL.",
		);
	}
	const controller = new AbortController();
	// The first Ctrl-C ends the run and reports what was measured until then; a second one kills as usual.
	process.once("SIGINT", () => controller.abort());
	if (url !== undefined) {
		const { baseUrl, socketPath } = parseServiceAddress(url);
		if (socketPath !== null)
			throw new GalleyError(
				"invalid_request",
				"The benchmark needs an http address, not a socket.",
			);
		const key = options.apiKey ?? process.env.GALLEY_API_KEY?.split(",")[0];
		await measure({
			...options,
			...(key === undefined ? {} : { apiKey: key }),
			url: /\/v1\/*$/.test(url) ? `${baseUrl}/v1` : baseUrl,
		});
		return;
	}

	const config = resolveServiceConfig({
		flags: withoutBenchmarkFlags(flags),
		environment: process.env,
	});
	const reference = parseConfiguredReference(model ?? "", config);
	const status = createStatusLine(process.stderr);
	try {
		await using service = await startPrivateService({
			model: modelArgument(reference),
			environment: secretsOf(config),
			serviceArguments: [
				`--served-model-name=${reference.name}`,
				"--disable-log-requests",
				...toServiceArguments(config, "bench"),
			],
			listenOn: "port",
			onProgress: (progress) =>
				status.show(formatStart(reference.name, progress)),
			signal: controller.signal,
		});
		status.clear();
		await measure({ ...options, url: service.address.baseUrl });
	} catch (error) {
		status.clear();
		if (!controller.signal.aborted) throw error;
		process.exitCode = exitCodes.interrupted;
	}

	async function measure(asked: BenchmarkOptions): Promise<void> {
		const line =
			flags.progress === "json"
				? createProgressLines<BenchmarkProgress>(process.stderr)
				: createProgressLine(process.stderr);
		const report = await runBenchmark(
			{ ...asked, signal: controller.signal },
			line.update,
		).finally(line.clear);
		process.stdout.write(
			flags.json === true
				? `${JSON.stringify(report)}\n`
				: formatReport(report),
		);
		if (report.isPartial) process.exitCode = exitCodes.interrupted;
		else if (report.stages.some((stage) => stage.completed === 0))
			process.exitCode = exitCodes.failure;
	}
}

/** Everything but `url`, whose place depends on what is measured. */
export function toBenchmarkOptions(flags: BenchFlags): BenchmarkOptions {
	const {
		goodput,
		header,
		temperature,
		json: _json,
		progress: _progress,
		...rest
	} = flags;
	return {
		...pickBenchmarkOptions(rest),
		...(temperature === undefined
			? {}
			: { temperature: temperature === "default" ? null : temperature }),
		url: flags.url ?? "",
		goodput: goodput === undefined ? undefined : parseGoodput(goodput),
		headers:
			header === undefined
				? undefined
				: Object.fromEntries(header.map(toHeader)),
	};
}

const benchmarkOptionNames = [
	"model",
	"endpoint",
	"apiKey",
	"concurrency",
	"requestRate",
	"burstiness",
	"requests",
	"durationSeconds",
	"warmupRequests",
	"timeoutSeconds",
	"inputTokens",
	"prefixTokens",
	"prefixes",
	"lengthSpread",
	"promptsFile",
	"outputTokens",
	"ignoreEos",
	"temperature",
	"extraBody",
	"seed",
	"jsonFile",
	"requestLogFile",
] as const satisfies readonly (keyof BenchmarkOptions)[];

/** The flags of the service to start lie in the same object. */
function pickBenchmarkOptions(
	flags: Partial<BenchmarkOptions>,
): Partial<BenchmarkOptions> {
	const entries = benchmarkOptionNames.map(
		(name) => [name, flags[name]] as const,
	);
	return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** `--model` and `--api-key` mean something else here than in a service's options. */
function withoutBenchmarkFlags(
	flags: Record<string, unknown>,
): Record<string, unknown> {
	const names = new Set<string>([...benchmarkOptionNames, "progress"]);
	return Object.fromEntries(
		Object.entries(flags).filter(([name]) => !names.has(name)),
	);
}

function toHeader(text: string): [string, string] {
	const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/.exec(text) ?? [];
	if (name === undefined || value === undefined) {
		throw new GalleyError(
			"invalid_request",
			`"${text}" is no header; write --header "name: value".`,
		);
	}
	return [name.toLowerCase(), value];
}

function append(
	value: string,
	previous: readonly string[] | undefined,
): readonly string[] {
	return [...(previous ?? []), value];
}

function number(text: string): number {
	const value = text.trim() === "" ? Number.NaN : Number(text);
	if (!Number.isFinite(value))
		throw new InvalidArgumentError(`"${text}" is no number.`);
	return value;
}

function numbers(text: string): readonly number[] {
	return text.split(",").map(number);
}

function temperature(text: string): number | "default" {
	return text === "default" ? text : number(text);
}

function jsonObject(text: string): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === "object" && value !== null && !Array.isArray(value))
			return value as Record<string, unknown>;
	} catch (cause) {
		throw new InvalidArgumentError(
			`"${text}" is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
		);
	}
	throw new InvalidArgumentError(`"${text}" is no JSON object.`);
}
