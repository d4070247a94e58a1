import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { GalleyError } from "../core/errors.ts";
import {
	type ChatMessage,
	type EvaluationProgress,
	type EvaluationReport,
	evaluate,
	type ModelAnswer,
} from "../evaluation/evaluate.ts";
import { parseQuestions } from "../evaluation/questions.ts";
import { commandSummaries } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import { createProgressLines } from "./progress-lines.ts";
import { parseServiceAddress } from "./service-address.ts";
import { ServiceClient } from "./service-client.ts";
import { createStatusLine } from "./status-line.ts";

interface EvaluateFlags {
	url: string;
	model?: string;
	apiKey?: string;
	concurrency: number;
	maxTokens: number;
	temperature: number;
	system?: string;
	inputPrice?: number;
	cachedPrice?: number;
	outputPrice?: number;
	json?: boolean;
	progress?: "line" | "json";
	details?: boolean;
}

export function registerEvaluateCommand(program: Command): void {
	program
		.command("evaluate")
		.summary(commandSummaries.evaluate)
		.description(
			'Asks a model your own questions and scores the answers: exact match and F1 as SQuAD counts them, or the share of right choices; latency, tokens and cost beside them. The file has a line of JSON a question: {"question", "answer" or "answers", "context"?, "choices"?}.',
		)
		.argument("<file>", "the questions, as JSON lines")
		.option("--url <url>", "the service or gateway", "http://127.0.0.1:8000")
		.option("--model <name>", "the model (default: the server's first)")
		.option("--api-key <key>", "bearer key (default: GALLEY_API_KEY)")
		.option("--concurrency <count>", "questions at a time", number, 4)
		.option("--max-tokens <count>", "of an answer", number, 64)
		.option("--temperature <value>", "0 is greedy", number, 0)
		.option("--system <text>", "instead of asking for a short answer")
		.option("--input-price <dollars>", "for a million prompt tokens", number)
		.option("--cached-price <dollars>", "for a million cached ones", number)
		.option("--output-price <dollars>", "for a million answered ones", number)
		.option("--details", "list each question with its answer")
		.option("--json", "print the report as JSON")
		.addOption(
			new Option("--progress <form>", "a line, or JSON for programs")
				.choices(["line", "json"])
				.hideHelp(),
		)
		.action(async (file: string, flags: EvaluateFlags) => {
			process.exitCode = await evaluateFile(file, flags);
		});
}

async function evaluateFile(
	file: string,
	flags: EvaluateFlags,
): Promise<number> {
	const questions = parseQuestions(await readQuestionFile(file));
	const controller = new AbortController();
	// The first Ctrl-C ends the run and reports what was measured until then; a second one kills as usual.
	process.once("SIGINT", () => controller.abort());
	await using client = new ServiceClient(
		parseServiceAddress(flags.url),
		flags.apiKey ?? process.env.GALLEY_API_KEY?.split(",")[0] ?? null,
	);
	const model = flags.model ?? (await client.modelName(controller.signal));
	const progress = progressOutput(flags.progress ?? "line");
	const report = await evaluate({
		questions,
		concurrency: flags.concurrency,
		systemPrompt: flags.system,
		price: priceOf(flags),
		signal: controller.signal,
		onProgress: progress.update,
		ask: (messages, signal) => ask(client, model, messages, flags, signal),
	}).finally(progress.clear);
	process.stdout.write(
		flags.json === true
			? `${JSON.stringify({ model, ...report })}\n`
			: formatEvaluation(model, report, flags.details === true),
	);
	if (report.isPartial) return exitCodes.interrupted;
	return report.failed === report.questions ? exitCodes.failure : exitCodes.ok;
}

async function ask(
	client: ServiceClient,
	model: string,
	messages: readonly ChatMessage[],
	{ maxTokens, temperature }: EvaluateFlags,
	signal: AbortSignal,
): Promise<ModelAnswer> {
	const started = performance.now();
	const answer = {
		text: "",
		promptTokens: 0,
		cachedTokens: 0,
		completionTokens: 0,
		firstTokenMs: null as number | null,
	};
	for await (const part of client.chat({
		model,
		messages,
		parameters: { max_tokens: maxTokens, temperature },
		signal,
	})) {
		if (part.type === "text") {
			answer.firstTokenMs ??= performance.now() - started;
			answer.text += part.text;
		} else if (part.type === "usage") Object.assign(answer, part.usage);
	}
	return { ...answer, ms: performance.now() - started };
}

function progressOutput(form: "line" | "json") {
	if (form === "json")
		return createProgressLines<EvaluationProgress>(process.stderr);
	const line = createStatusLine(process.stderr);
	return {
		update: ({ done, failed, total, secondsLeft }: EvaluationProgress) =>
			line.show(
				`${done}/${total} questions${failed === 0 ? "" : `, ${failed} failed`}${secondsLeft === null ? "" : `, ${Math.ceil(secondsLeft)} s left`}`,
			),
		clear: () => line.clear(),
	};
}

/** A table for people. */
export function formatEvaluation(
	model: string,
	report: EvaluationReport,
	withDetails: boolean,
): string {
	const percent = (value: number) => `${value.toFixed(1)} %`;
	const ms = (value: number) => `${Math.round(value)} ms`;
	const rows: [string, string | null][] = [
		["model", model],
		[
			"questions",
			`${report.questions}${report.failed === 0 ? "" : `, ${report.failed} failed`}${report.isPartial ? ", stopped before the end" : ""}`,
		],
		[
			"exact match",
			report.exactMatch === null ? null : percent(report.exactMatch),
		],
		["F1", report.f1 === null ? null : percent(report.f1)],
		[
			"right choices",
			report.choiceAccuracy === null ? null : percent(report.choiceAccuracy),
		],
		[
			"latency",
			report.latencyMs === null
				? null
				: `p50 ${ms(report.latencyMs.p50)}, p95 ${ms(report.latencyMs.p95)}`,
		],
		[
			"first token",
			report.firstTokenMs === null
				? null
				: `p50 ${ms(report.firstTokenMs.p50)}, p95 ${ms(report.firstTokenMs.p95)}`,
		],
		[
			"tokens",
			`${report.promptTokens} in (${report.cachedTokens} cached), ${report.completionTokens} out`,
		],
		["cost", report.costUsd === null ? null : `$${report.costUsd.toFixed(6)}`],
		["took", `${report.seconds.toFixed(1)} s`],
	];
	const table = rows
		.filter(([, value]) => value !== null)
		.map(([name, value]) => `${name.padEnd(14)} ${value}\n`)
		.join("");
	if (!withDetails) return table;
	const details = report.details.map(
		({ line, question, answers, answer, error, exactMatch, choice }) =>
			`\n${(exactMatch ?? choice) === 1 ? "right" : "wrong"}  line ${line}: ${question}\n  expected: ${answers.join(" | ")}\n  ${error === null ? `answered: ${answer}` : `failed: ${error}`}\n`,
	);
	return table + details.join("");
}

function priceOf({ inputPrice, cachedPrice, outputPrice }: EvaluateFlags) {
	if (inputPrice === undefined && outputPrice === undefined) return null;
	return {
		inputPerMillion: inputPrice ?? 0,
		cachedPerMillion: cachedPrice ?? inputPrice ?? 0,
		outputPerMillion: outputPrice ?? 0,
	};
}

async function readQuestionFile(file: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch (cause) {
		throw new GalleyError(
			"invalid_request",
			`The question file ${file} can't be read.`,
			{ param: "file", cause },
		);
	}
}

function number(text: string): number {
	const value = text.trim() === "" ? Number.NaN : Number(text);
	if (!Number.isFinite(value) || value < 0)
		throw new InvalidArgumentError(`"${text}" is no number of 0 or more.`);
	return value;
}
