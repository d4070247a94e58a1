import { type ChildProcess, fork } from "node:child_process";
import { mkdir, open, rename, rm, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import { assertIsGguf } from "./load-failure.ts";
import { type PackageSearch, selectEnginePackage } from "./packages.ts";
import {
	type Precision,
	precisionNames,
	precisions,
	toPrecisionName,
} from "./precisions.ts";
import type {
	FallbackTensor,
	QuantizePlan,
	QuantizerHostMessage,
	QuantizerMessage,
} from "./quantizer-protocol.ts";

export interface QuantizeProgress {
	tensorsDone: number;
	tensors: number;
}

export interface QuantizeOptions {
	/** A GGUF file; of a split model its first part. */
	input: string;
	/** Appears whole or not at all; a file of that name is replaced. */
	output: string;
	precision: Precision | (string & {});
	threads: number;
	/** Convert weights that are quantised already; the result says that it was done. Without, such a model is refused. */
	allowRequantize?: boolean;
	onProgress?: (progress: QuantizeProgress) => void;
	signal?: AbortSignal | undefined;
	search?: PackageSearch;
	/** Bytes that are free in a folder. */
	freeBytesOf?: (folder: string) => Promise<number>;
}

export interface QuantizeResult {
	precision: Precision;
	/** Of all weights. */
	sourceBytes: number;
	resultBytes: number;
	/** Tensors whose rows don't suit the precision's blocks, and what they got instead. */
	fallbacks: readonly FallbackTensor[];
	/** For people: what was lost or done differently. */
	warnings: readonly string[];
}

/** The file's metadata come on top of its weights: a vocabulary of 250,000 words takes about 15 MB. */
const metadataBytes = 32 * 1024 ** 2;

/**
 * Writes a model in a lower precision with libllama's own quantizer, in a child process. Throws GalleyError
 * `invalid_request` for what makes no sense, `insufficient_memory` when the disk is too full, `engine_error` when the
 * library fails.
 */
export async function quantizeModel(
	options: QuantizeOptions,
): Promise<QuantizeResult> {
	const precision = knownPrecision(options.precision);
	const { input, output, threads, signal } = options;
	assertIsGguf(input);
	if (resolve(input) === resolve(output))
		throw refusal("The result would replace the model that it is made from.");
	const partial = `${output}.${process.pid}.partial`;
	await mkdir(dirname(output), { recursive: true });
	signal?.throwIfAborted();
	const worker = new QuantizerProcess(signal);
	try {
		const plan = await worker.plan({
			folder: selectEnginePackage(options.search).folder,
			input,
			partial,
			fileType: precisions[precision].fileType,
			threads,
			allowRequantize: options.allowRequantize ?? false,
		});
		assertSensible(plan, precision, options);
		await assertRoom(dirname(output), plan, options.freeBytesOf ?? freeBytesOf);
		await worker.quantize(options.onProgress);
		await flush(partial);
		await rename(partial, output);
		return {
			precision,
			sourceBytes: plan.sourceBytes,
			resultBytes: plan.resultBytes,
			fallbacks: plan.fallbacks,
			warnings: warningsOf(plan, precision),
		};
	} finally {
		worker[Symbol.dispose]();
		await rm(partial, { force: true });
	}
}

class QuantizerProcess implements Disposable {
	readonly #child: ChildProcess;
	readonly #signal: AbortSignal | undefined;
	readonly #abort = () => void this.#child.kill("SIGKILL");
	#settle: {
		resolve(message: QuantizerMessage): void;
		reject(error: Error): void;
	} | null = null;
	#onProgress: ((progress: QuantizeProgress) => void) | undefined;

	constructor(signal: AbortSignal | undefined) {
		this.#signal = signal;
		const isSource = import.meta.url.endsWith(".ts");
		const entry = new URL(
			isSource ? "./quantizer-process.ts" : "./quantizer-process.js",
			import.meta.url,
		);
		this.#child = fork(entry, [], {
			execArgv: isSource ? ["--import", "tsx"] : [],
		});
		this.#child.on("message", (message: QuantizerMessage) => {
			if (message.type === "progress") this.#onProgress?.(message);
			else this.#settle?.resolve(message);
		});
		this.#child.on("error", (error) => this.#settle?.reject(error));
		this.#child.on("exit", (code, killed) =>
			this.#settle?.reject(
				signal?.aborted === true
					? new GalleyError("client_closed", "Quantizing was cancelled.")
					: new GalleyError(
							"engine_error",
							`The quantizer's process ended (${killed ?? `exit code ${code}`}). Look for a damaged file, or a lack of memory.`,
						),
			),
		);
		signal?.addEventListener("abort", this.#abort, { once: true });
	}

	async plan(
		order: Extract<QuantizerHostMessage, { type: "order" }>["order"],
	): Promise<QuantizePlan> {
		const message = await this.#ask({ type: "order", order });
		if (message.type === "plan") return message.plan;
		throw new Error(`the quantizer answered "${message.type}" to an order`);
	}

	async quantize(
		onProgress: ((progress: QuantizeProgress) => void) | undefined,
	): Promise<void> {
		this.#onProgress = onProgress;
		await this.#ask({ type: "go" });
	}

	[Symbol.dispose](): void {
		this.#settle = null;
		this.#signal?.removeEventListener("abort", this.#abort);
		this.#child.kill("SIGKILL");
	}

	async #ask(message: QuantizerHostMessage): Promise<QuantizerMessage> {
		const answer = await new Promise<QuantizerMessage>((resolve, reject) => {
			this.#settle = { resolve, reject };
			this.#child.send(message, (error) => error && reject(error));
		});
		if (answer.type !== "failed") return answer;
		throw new GalleyError(
			"engine_error",
			`Quantizing failed: ${answer.message}.`,
		);
	}
}

function knownPrecision(written: string): Precision {
	const precision = toPrecisionName(written);
	if (precision !== null) return precision;
	throw refusal(
		`"${written}" is no precision that can be made here. There are: ${precisionNames.join(", ")}.`,
	);
}

function assertSensible(
	plan: QuantizePlan,
	precision: Precision,
	{ input, allowRequantize = false }: QuantizeOptions,
): void {
	if (plan.tensors === 0)
		throw refusal(`${input} holds no weights to quantize.`);
	if (plan.convertedTensors === 0)
		throw refusal(
			`${input} is ${precision} already: there is nothing to convert.`,
		);
	if (plan.requantizedTensors === 0) return;
	if (plan.resultBytes >= plan.sourceBytes)
		throw refusal(
			`${input} is quantised already, and ${precision} would make it larger without making it better. Take a lower precision, or the original.`,
		);
	if (!allowRequantize)
		throw refusal(
			`${input} is quantised already: ${precision} made from it would be worse than made from the original. Take the F16 file, or allow requantizing.`,
		);
}

async function freeBytesOf(folder: string): Promise<number> {
	const { bavail, bsize } = await statfs(folder);
	return bavail * bsize;
}

async function assertRoom(
	folder: string,
	plan: QuantizePlan,
	readFreeBytes: (folder: string) => Promise<number>,
): Promise<void> {
	const freeBytes = await readFreeBytes(folder);
	const needBytes = plan.resultBytes + metadataBytes;
	if (freeBytes >= needBytes) return;
	const mebibytes = (bytes: number) => Math.ceil(bytes / 1024 ** 2);
	throw new GalleyError(
		"insufficient_memory",
		`The result takes ${mebibytes(needBytes)} MiB on disk; ${mebibytes(freeBytes)} MiB are free in ${folder}. Free some, or choose another folder.`,
	);
}

function warningsOf(plan: QuantizePlan, precision: Precision): string[] {
	const warnings: string[] = [];
	if (plan.requantizedTensors > 0)
		warnings.push(
			"The source is quantised already: what is made from it is worse than what is made from the original.",
		);
	const { fallbacks, tensors } = plan;
	const [first] = fallbacks;
	if (first !== undefined)
		warnings.push(
			`${fallbacks.length} of ${tensors} tensors have rows that are no multiple of the block of ${precision}, ` +
				`so they got another type (${first.name}: ${first.got} instead of ${first.wanted}).`,
		);
	return warnings;
}

/** On disk before it gets its name: a crash must not leave a whole name on half a file. */
async function flush(path: string): Promise<void> {
	const file = await open(path, "r+");
	try {
		await file.sync();
	} finally {
		await file.close();
	}
}

function refusal(message: string): GalleyError {
	return new GalleyError("invalid_request", message);
}
