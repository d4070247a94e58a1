/**
 * `npm run bench -- embeddings [--model FOLDER]... [--rounds N] [--texts N] [--concurrency N] [--profile NAME] [--patience N]
 *     [--galley FILE] [--out DIRECTORY]`
 * The embedding service over HTTP, against ONNX Runtime alone fed perfect batches, and against llama.cpp's server with the
 * same model as GGUF: tokens a second with many clients, and milliseconds with one. FOLDER holds ONNX files and a GGUF.
 */
import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../../src/benchmark/statistics.ts";
import { planEncoder } from "../../src/cli/encoder-plan.ts";
import { locateModel } from "../../src/cli/locate-model.ts";
import { resolveServiceConfig } from "../../src/config/service-config.ts";
import { EncoderText } from "../../src/modalities/encoder-text.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { ServerFleet, type ServerProcess } from "../harness/server-process.ts";
import { undisturbed } from "../harness/undisturbed.ts";
import {
	type Contender,
	galleyCommand,
	llamaCommands,
	rawContender,
	type Settings,
	served,
} from "./contenders.ts";
import { RawOnnx } from "./raw-onnx.ts";
import {
	type Figures,
	type ModelReport,
	promisesOf,
	tableOf,
} from "./report.ts";
import { makeTexts } from "./texts.ts";

/** Raw ONNX Runtime gets the batch size that serves it best. */
const rawBatchTokens = [512, 2048] as const;

async function measureModel(
	folder: string,
	settings: Settings,
): Promise<ModelReport> {
	const config = resolveServiceConfig({
		flags: { model: folder, profile: settings.profile },
		environment: {},
	});
	const location = await locateModel(folder, config);
	if (location.kind !== "encoder") throw new Error(`${folder} is no encoder.`);
	const plan = await planEncoder(location, config);
	const text = new EncoderText(await plan.openTokenizer(), plan.maxInputTokens);
	const texts = makeTexts((some) => text.tokenize(some).length, {
		texts: settings.texts,
		shortest: 8,
		longest: Math.min(256, plan.maxInputTokens),
		seed: 1,
	});
	const sequences = texts.map((some) => text.tokenize(some));
	const tokens = sequences.reduce((sum, one) => sum + one.length, 0);
	const gguf = readdirSync(folder).find((name) => name.endsWith(".gguf"));
	await using fleet = new ServerFleet();
	const raw = await RawOnnx.open(plan.profile.variant.path, settings.threads);
	const commands = [
		galleyCommand(folder, settings),
		...(gguf === undefined ? [] : llamaCommands(join(folder, gguf), settings)),
	];
	const servers: ServerProcess[] = [];
	const contenders = rawBatchTokens.map((size) =>
		rawContender(raw, sequences, size),
	);
	for (const command of commands) {
		const server = await fleet.start(command);
		servers.push(server);
		const contender = await served(server, texts, tokens, settings);
		contender.rest();
		contenders.push(contender);
	}
	const figures = contenders.map(
		({ name }): Figures => ({
			name,
			tokensPerSecond: [],
			singleMs: [],
			foreignShares: [],
		}),
	);
	console.log(`${folder}: ${texts.length} texts, ${tokens} tokens`);
	// Servers have been warmed up by the check of their tokens.
	for (const contender of contenders.slice(0, rawBatchTokens.length))
		await contender.all();
	for (let round = 0; round < settings.rounds; round++)
		for (let turn = 0; turn < contenders.length; turn++) {
			const place = (turn + round) % contenders.length;
			await measure(
				contenders[place] as Contender,
				figures[place] as Figures,
				tokens,
				settings,
			);
		}
	for (const contender of contenders) await contender.close();
	await raw[Symbol.asyncDispose]();
	return {
		model: basename(folder),
		conditions: [
			`${basename(folder)}: ${plan.profile.name}${gguf === undefined ? "" : ` against ${gguf}`}; ${texts.length} texts of 8 to 256 tokens, ${tokens} in all`,
			...servers.map(({ commandLine }) => `\`${commandLine}\``),
		],
		tokens,
		figures,
	};
}

async function measure(
	contender: Contender,
	figures: Figures,
	tokens: number,
	{ patience }: Settings,
): Promise<void> {
	const { value, foreignShare } = await undisturbed(
		async () => {
			await contender.wake();
			const start = performance.now();
			await contender.all();
			const seconds = (performance.now() - start) / 1000;
			const ms = await contender.single();
			contender.rest();
			return { seconds, ms };
		},
		{ patience, serverPid: contender.serverPid, log: console.log },
	);
	const speed = tokens / value.seconds;
	figures.tokensPerSecond.push(speed);
	figures.singleMs.push(median(value.ms));
	figures.foreignShares.push(foreignShare ?? 0);
	console.log(
		`  ${contender.name.padEnd(28)} ${speed.toFixed(0)} tokens/s, one alone ${median(value.ms).toFixed(2)} ms`,
	);
}

async function main(): Promise<void> {
	const program = (name: string) =>
		fileURLToPath(new URL(name, import.meta.url));
	const { values } = parseArgs({
		options: {
			model: { type: "string", multiple: true },
			profile: { type: "string", default: "onnx-int8-cpu" },
			rounds: { type: "string", default: "3" },
			texts: { type: "string", default: "512" },
			concurrency: { type: "string", default: "32" },
			threads: { type: "string", default: "2" },
			patience: { type: "string", default: "1" },
			galley: { type: "string", default: program("../../dist/cli/main.js") },
			out: { type: "string", default: program("../results") },
		},
	});
	if (!existsSync(values.galley))
		throw new Error(`There is no ${values.galley}: run npm run build.`);
	const environment = describeEnvironment();
	const random = program("../cache/random-minilm");
	const folders = values.model ?? [
		program("../../models/starter-embed"),
		...(existsSync(random) ? [random] : []),
	];
	const settings: Settings = {
		galleyMain: values.galley,
		profile: values.profile,
		rounds: Number(values.rounds),
		texts: Number(values.texts),
		concurrency: Number(values.concurrency),
		patience: Number(values.patience),
		threads: Number(values.threads),
	};
	const data = mkdtempSync(join(tmpdir(), "galley-bench-"));
	process.env.GALLEY_DATA_DIR = data;
	try {
		const reports: ModelReport[] = [];
		for (const folder of folders)
			reports.push(await measureModel(folder, settings));
		const path = writeResult(
			values.out,
			{
				suite: "embeddings",
				title: "Embeddings: against ONNX Runtime alone, and llama-server",
				environment,
			},
			{
				conditions: [
					`${settings.concurrency} connections, one text a request, the next one when the answer is there; base64, as OpenAI's clients ask; the client runs beside the server on the same cores`,
					`every contender with ${settings.threads} threads; in turn, another one first in each round; medians of ${settings.rounds} rounds`,
					"ONNX Runtime: onnxruntime-node in the benchmark's process with default options, ready tokens, batches sorted by length; its vectors of tokens are dropped, neither pooled nor written",
					"one alone: one connection, one request after the other",
					...reports.flatMap(({ conditions }) => conditions),
				],
				tables: [
					{
						title: "Promises",
						head: ["", "measured", "wanted", ""],
						rows: reports.flatMap(promisesOf),
					},
					...reports.map(tableOf),
				],
				notes: [
					"Ratios and differences are to the best row of the other kind in the same round; medians of the rounds.",
					"random-minilm: MiniLM's shape (6 layers of 384) with random weights, by bench/embeddings/random_encoder.py.",
				],
				data: reports,
			},
		);
		console.log(`\n${readFileSync(path, "utf8")}\n${path}`);
	} finally {
		rmSync(data, { recursive: true, force: true });
	}
}

try {
	await main();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
