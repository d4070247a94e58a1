import { access, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { enginesDirectory } from "../config/data-directory.ts";
import { GalleyError } from "../core/errors.ts";
import { formatBytes, formatParameters } from "../models/byte-format.ts";
import {
	type ConversionPrecision,
	conversionPrecisions,
	convertModel,
} from "../models/conversion/convert-model.ts";
import { readHardware, usableThreads } from "../models/hardware.ts";
import { commandSummaries } from "./command-table.ts";
import { type EndSignal, watchEndSignals } from "./end-signals.ts";
import { exitCodes } from "./exit-codes.ts";
import { withoutControls } from "./terminal.ts";
import {
	ByteMeter,
	createProgressOutput,
	type ProgressOutput,
} from "./transfer-progress.ts";

interface ConvertFlags {
	out?: string;
	precision?: string;
	lora?: boolean;
	base?: string;
	json?: boolean;
}

/** What is printed at the end: words for people, the same for machines. */
interface Outcome {
	text: string;
	warnings: readonly string[];
	machine: Record<string, unknown>;
}

export function registerConvertCommand(program: Command): void {
	program
		.command("convert")
		.description(
			`${commandSummaries.convert}: a model of transformers, or a LoRA adapter of PEFT`,
		)
		.argument(
			"<directory>",
			"what save_pretrained wrote: config.json or adapter_config.json, and safetensors",
		)
		.option(
			"--out <file>",
			"the GGUF file to write (default: beside the directory, named like it)",
		)
		.option(
			"--precision <name>",
			`${conversionPrecisions.join(", ")}, or one that the quantiser makes: q4_k_m, q6_k ... (default: f16)`,
		)
		.option(
			"--lora",
			"the directory is a LoRA adapter (default: where it has adapter_config.json and no config.json)",
		)
		.option(
			"--base <file>",
			"for an adapter: the GGUF file of the model that it belongs to",
		)
		.option("--json", "a line of JSON a second, and one at the end")
		.action(convert);
}

async function convert(directory: string, flags: ConvertFlags): Promise<void> {
	const isJson = flags.json === true;
	const ends = watchEndSignals();
	using progress = createProgressOutput(basename(resolve(directory)), isJson);
	try {
		const outcome = (await isAdapter(directory, flags))
			? await convertAdapter(directory, flags, ends)
			: await convertWeights(directory, flags, ends, progress);
		progress[Symbol.dispose]();
		report(outcome, isJson);
	} catch (error) {
		if (!ends.signal.aborted) throw error;
		progress[Symbol.dispose]();
		process.stderr.write(`${ends.reason}. Nothing was written.\n`);
		process.exitCode = exitCodes.interrupted;
	}
}

async function isAdapter(
	directory: string,
	flags: ConvertFlags,
): Promise<boolean> {
	if (flags.lora !== undefined) return flags.lora;
	if (flags.base !== undefined) return true;
	const has = (name: string) =>
		access(join(directory, name)).then(
			() => true,
			() => false,
		);
	return (await has("adapter_config.json")) && !(await has("config.json"));
}

async function convertAdapter(
	directory: string,
	flags: ConvertFlags,
	ends: EndSignal,
): Promise<Outcome> {
	if (flags.base === undefined) {
		throw new GalleyError(
			"invalid_request",
			`"${directory}" is a LoRA adapter; name the GGUF file of its base model with --base, which its names and shapes are checked against.`,
		);
	}
	if (flags.precision !== undefined && flags.precision !== "f32") {
		throw new GalleyError(
			"invalid_request",
			"An adapter is written as f32: it is small, and nothing is lost. Leave --precision out.",
		);
	}
	const output = flags.out ?? defaultOutput(directory, "lora");
	const { convertPeftAdapter } = await import(
		"../adapters/peft/convert-adapter.ts"
	);
	const facts = await convertPeftAdapter({
		directory,
		baseModel: flags.base,
		output,
		signal: ends.signal,
	});
	return {
		text:
			`${output}: a LoRA adapter for ${facts.architecture}, rank ${facts.rank}, alpha ${Number(facts.alpha.toPrecision(6))}, ` +
			`${facts.tensors / 2} modules (${facts.targetModules.join(", ")}), ${formatBytes(facts.sizeBytes)}.`,
		warnings: [],
		machine: { kind: "adapter", path: resolve(output), ...facts },
	};
}

async function convertWeights(
	directory: string,
	flags: ConvertFlags,
	ends: EndSignal,
	progress: ProgressOutput,
): Promise<Outcome> {
	const wanted = (flags.precision ?? "f16").toLowerCase();
	const direct = conversionPrecisions.find((name) => name === wanted);
	const output = flags.out ?? defaultOutput(directory, wanted);
	// Known before gigabytes are written.
	const quantize =
		direct === undefined ? await openQuantizer(wanted) : undefined;
	const unquantized = direct === undefined ? `${output}.f16` : output;
	const facts = await convertPlain(
		directory,
		unquantized,
		direct ?? "f16",
		ends,
		progress,
	);
	const warnings = [...facts.warnings];
	let sizeBytes = facts.sizeBytes;
	if (quantize !== undefined) {
		try {
			const result = await quantize(unquantized, output, ends, progress);
			warnings.push(...result.warnings);
			sizeBytes = result.resultBytes;
		} finally {
			await rm(unquantized, { force: true });
		}
	}
	return {
		text: `${output}: ${facts.architecture}, ${formatParameters(facts.parameters)} parameters, ${wanted}, ${formatBytes(sizeBytes)}.`,
		warnings,
		machine: {
			kind: "model",
			path: resolve(output),
			architecture: facts.architecture,
			parameters: facts.parameters,
			precision: wanted,
			sizeBytes,
			warnings,
		},
	};
}

function convertPlain(
	directory: string,
	output: string,
	precision: ConversionPrecision,
	ends: EndSignal,
	progress: ProgressOutput,
) {
	let meter: ByteMeter | null = null;
	return convertModel({
		directory,
		output,
		precision,
		signal: ends.signal,
		onProgress: (writtenBytes, totalBytes) => {
			meter ??= new ByteMeter(totalBytes);
			meter.add(writtenBytes - meter.bytes);
			progress.show(meter.progress("converting"));
		},
	});
}

/** Throws GalleyError when the quantiser doesn't know the precision. */
async function openQuantizer(precision: string) {
	const { precisionNames, toPrecisionName } = await import(
		"../engine/llama/precisions.ts"
	);
	const known = toPrecisionName(precision);
	if (known === null) {
		throw new GalleyError(
			"invalid_request",
			`"${precision}" is no precision. There are ${[...new Set([...conversionPrecisions, ...precisionNames.map((name) => name.toLowerCase())])].join(", ")}.`,
		);
	}
	const { quantizeModel } = await import("../engine/llama/quantizer.ts");
	return (
		input: string,
		output: string,
		ends: EndSignal,
		progress: ProgressOutput,
	) =>
		quantizeModel({
			input,
			output,
			precision: known,
			threads: usableThreads(readHardware()),
			signal: ends.signal,
			search: { packagesFolder: enginesDirectory(process.env) },
			onProgress: ({ tensorsDone, tensors }) =>
				progress.show({
					stage: "quantizing",
					receivedBytes: null,
					totalBytes: null,
					bytesPerSecond: null,
					etaSeconds: null,
					progress: tensors === 0 ? null : tensorsDone / tensors,
				}),
		});
}

function defaultOutput(directory: string, suffix: string): string {
	const path = resolve(directory);
	return `${path}-${suffix}.gguf`;
}

/** Names come from the files of strangers. */
function report({ text, warnings, machine }: Outcome, isJson: boolean): void {
	if (isJson) {
		process.stdout.write(`${JSON.stringify({ event: "done", ...machine })}\n`);
		return;
	}
	process.stdout.write(`${withoutControls(text)}\n`);
	for (const warning of warnings)
		process.stderr.write(`Note: ${withoutControls(warning)}\n`);
}
