/**
 * `npm run bench -- memory [--quick] [--threads N] [--out DIRECTORY]`
 * The memory that profiles foretell against what libllama allocates and what the engine process really takes after full
 * batches. Each case has a process of its own.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeModel } from "../../src/models/model-description.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { ensureRandomModel } from "../random-model/random-model.ts";
import {
	foretell,
	largeCases,
	logitRowsOf,
	type MemoryCase,
	smallCases,
	toEngineOptions,
} from "./cases.ts";
import type { Measurement } from "./measure.ts";

/** What each token of the vocabulary takes in the engine process; in `memory-need.ts` with the HTTP process's share. */
const engineVocabularyTokenBytes = 230;
/** Threads, graphs and JavaScript's own of a loaded engine; part of `memory-need.ts`' bare processes. */
const loadedEngineBytes = 5 * 2 ** 20;

interface CaseResult {
	memory: MemoryCase;
	/** Bytes: the estimate beside what was measured. */
	kv: readonly [number, number];
	weights: readonly [number, number];
	compute: readonly [number, number];
	/** All that the process took for the model, beyond what it takes with the library alone. */
	total: readonly [number, number];
}

function measure(
	memory: MemoryCase,
	path: string,
	threads: number,
): Promise<Measurement> {
	const child = fork(
		fileURLToPath(new URL("./measure-process.ts", import.meta.url)),
		[],
		{
			execArgv: ["--import", "tsx"],
			env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
			serialization: "advanced",
		},
	);
	return new Promise((resolve, reject) => {
		let measured: Measurement | null = null;
		child.on("message", (message) => {
			measured = message as Measurement;
			child.kill();
		});
		child.on("exit", (code) =>
			measured === null
				? reject(new Error(`A measuring process ended with ${code}.`))
				: resolve(measured),
		);
		child.send({
			options: toEngineOptions(path, memory, threads),
			logitRows: logitRowsOf(memory),
		});
	});
}

async function runCase(
	memory: MemoryCase,
	threads: number,
): Promise<CaseResult> {
	const path = ensureRandomModel(memory.shape, memory.precision);
	const options = toEngineOptions(path, memory, threads);
	const model = await describeModel(path);
	const foretold = foretell(model, options);
	const { buffers, memory: taken } = await measure(memory, path, threads);
	const rows = logitRowsOf(memory);
	const estimate =
		foretold.weightBytes +
		foretold.kvBytes +
		foretold.computeBytes(rows) +
		foretold.logitBytes +
		foretold.workBytes +
		loadedEngineBytes +
		engineVocabularyTokenBytes * model.vocabularySize;
	// Others may map the same file, so it is counted from its size; anonymous memory is this process's own.
	const anonymous =
		(taken.full?.anonymousBytes ?? 0) - (taken.opened?.anonymousBytes ?? 0);
	const mapped =
		options.memoryMap === true
			? buffers.weightBytes - buffers.repackedBytes
			: 0;
	return {
		memory,
		weights: [foretold.weightBytes, buffers.weightBytes],
		kv: [foretold.kvBytes, buffers.kvBytes],
		compute: [
			foretold.computeBytes(options.microBatchTokens),
			buffers.computeBytes,
		],
		total: [estimate, anonymous + mapped],
	};
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
const error = ([estimate, actual]: readonly [number, number]) =>
	`${((estimate / actual - 1) * 100).toFixed(1)} %`;

function toRow({ memory, weights, kv, compute, total }: CaseResult): string[] {
	const { shape, precision, contextLength, maxSequences } = memory;
	const way = [
		memory.kvLayout,
		memory.kvType,
		...(memory.flashAttention === "off" ? ["no FA"] : []),
		...(memory.memoryMap === false ? ["no mmap"] : []),
	];
	return [
		`${shape} ${precision}, ${contextLength} x ${maxSequences}, ${way.join(", ")}`,
		...[weights, kv, compute].flatMap((pair) => [
			mebibytes(pair[1]),
			error(pair),
		]),
		mebibytes(total[0]),
		mebibytes(total[1]),
		error(total),
	];
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			quick: { type: "boolean", default: false },
			threads: { type: "string", default: "2" },
			out: {
				type: "string",
				default: fileURLToPath(new URL("../results/", import.meta.url)),
			},
		},
	});
	const environment = describeEnvironment();
	const results: CaseResult[] = [];
	const cases = values.quick ? smallCases : [...smallCases, ...largeCases];
	for (const memory of cases) {
		const result = await runCase(memory, Number(values.threads));
		results.push(result);
		console.log(toRow(result).join(" | "));
	}
	const large = results.filter(({ total }) => total[1] > 64 * 2 ** 20);
	const worst = (pairs: readonly (readonly [number, number])[]) =>
		pairs.length === 0
			? "-"
			: `${(100 * Math.max(...pairs.map(([estimate, actual]) => Math.abs(estimate / actual - 1)))).toFixed(1)} %`;
	const written = writeResult(
		values.out,
		{
			suite: "memory",
			title: "The memory that profiles foretell against what is taken",
			environment,
		},
		{
			conditions: [
				"random weights; micro-batches of 512; MiB; behind each measured figure how far the estimate is off it",
				"weights, KV and compute: libllama's own buffer sizes; process: its anonymous memory and the mapped weights after full batches (4 of 512 tokens), beyond what it takes with the library alone",
			],
			tables: [
				{
					title: "Estimate and measurement",
					head: [
						"case",
						"weights",
						"off",
						"KV",
						"off",
						"compute reserved",
						"off",
						"process, estimate",
						"process, measured",
						"off",
					],
					rows: results.map(toRow),
				},
			],
			notes: [
				`Furthest off: libllama's buffers ${worst(results.flatMap(({ weights, kv, compute }) => [weights, kv, compute]))}; processes of more than 64 MiB ${worst(large.map(({ total }) => total))}.`,
			],
			data: results,
		},
	);
	console.log(written);
}

await main();
