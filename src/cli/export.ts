import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type { ArchivedAdapter } from "../models/archive/archive-manifest.ts";
import {
	type LocatedFile,
	writeModelArchive,
} from "../models/archive/model-archive.ts";
import { formatBytes } from "../models/byte-format.ts";
import { findOneCached } from "./cached-models.ts";
import { commandSummaries } from "./command-table.ts";
import { type EndSignal, watchEndSignals } from "./end-signals.ts";
import { exitCodes } from "./exit-codes.ts";
import { openModelSources } from "./model-sources.ts";
import { addServiceFlags } from "./service-flags.ts";
import { ByteMeter, createProgressOutput } from "./transfer-progress.ts";

interface ExportFlags extends Record<string, unknown> {
	adapter?: readonly string[];
	json?: boolean;
}

export function registerExportCommand(program: Command): void {
	const command = program
		.command("export")
		.description(commandSummaries.export)
		.argument("<model>", "as galley list shows it")
		.argument("<file>", "the archive to write; - writes to standard output")
		.option(
			"--adapter <path>",
			"an adapter to put in: a GGUF file or a PEFT folder (repeatable)",
			(value: string, previous: readonly string[] | undefined) => [
				...(previous ?? []),
				value,
			],
		)
		.option("--json", "for machines");
	addServiceFlags(command, "cache").action(exportModel);
}

async function exportModel(
	text: string,
	file: string,
	flags: ExportFlags,
): Promise<void> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const isPiped = file === "-";
	if (isPiped && process.stdout.isTTY) {
		throw new GalleyError(
			"invalid_request",
			"An archive is nothing for a terminal; give a file's name, or pipe it.",
		);
	}
	using ends = watchEndSignals();
	const partial = `${resolve(file)}.partial`;
	try {
		const { bytes, reference, sizeBytes } = await readArchive(
			text,
			config,
			flags,
			isPiped,
		);
		if (isPiped) {
			await pipeline(bytes, process.stdout, {
				end: false,
				signal: ends.signal,
			});
			return;
		}
		await mkdir(dirname(partial), { recursive: true });
		await pipeline(bytes, createWriteStream(partial, { flush: true }), {
			signal: ends.signal,
		});
		await rename(partial, resolve(file));
		process.stdout.write(
			flags.json === true
				? `${JSON.stringify({ event: "done", reference, file: resolve(file), sizeBytes: (await stat(file)).size })}\n`
				: `${reference}: ${formatBytes(sizeBytes)} written to ${file}. On the other machine: galley import ${basename(file)}\n`,
		);
	} catch (error) {
		if (!isPiped) await rm(partial, { force: true });
		reportEnd(error, ends);
	}
}

/** An interrupted archive is no archive: it is removed, and that is all there is to say. */
export function reportEnd(error: unknown, ends: EndSignal): void {
	if (!ends.signal.aborted) throw error;
	process.stderr.write(`${ends.reason}; nothing was kept.\n`);
	process.exitCode = exitCodes.interrupted;
}

async function readArchive(
	text: string,
	config: ServiceConfig,
	flags: ExportFlags,
	isPiped: boolean,
): Promise<{
	bytes: AsyncIterable<Uint8Array>;
	reference: string;
	sizeBytes: number;
}> {
	const { cache } = await openModelSources(config);
	const model = await findOneCached(text, cache, config);
	const located: LocatedFile[] = [...model.files];
	const adapters: ArchivedAdapter[] = [];
	for (const path of flags.adapter ?? []) {
		const files = await readAdapter(resolve(path));
		located.push(...files);
		adapters.push({
			name: basename(path),
			files: files.map(withoutPath),
		});
	}
	const sizeBytes = located.reduce((sum, file) => sum + file.sizeBytes, 0);
	const meter = new ByteMeter(sizeBytes);
	const output = createProgressOutput(
		model.reference,
		flags.json === true && !isPiped,
	);
	const archive = writeModelArchive(
		{
			reference: model.reference,
			repository: model.repository,
			revision: model.revision,
			label: model.label,
			mainFile: mainFileOf(model),
			format: model.format,
			files: model.files.map(withoutPath),
			adapters,
		},
		located,
		(bytes) => {
			meter.add(bytes);
			output.show(meter.progress("exporting"));
		},
	);
	return {
		bytes: disposing(archive, output),
		reference: model.reference,
		sizeBytes,
	};
}

async function* disposing(
	bytes: AsyncIterable<Uint8Array>,
	output: Disposable,
): AsyncGenerator<Uint8Array> {
	try {
		yield* bytes;
	} finally {
		output[Symbol.dispose]();
	}
}

function mainFileOf({
	files,
	mainPath,
}: {
	files: readonly LocatedFile[];
	mainPath: string;
}): string {
	// The safetensors' main path is their folder.
	return files.find(({ path }) => path === mainPath)?.name ?? "config.json";
}

function withoutPath({ name, sizeBytes, sha256 }: LocatedFile) {
	return { name, sizeBytes, sha256 };
}

/** A PEFT folder's files, or the one file of a GGUF adapter. */
async function readAdapter(path: string): Promise<LocatedFile[]> {
	const status = await stat(path).catch(() => null);
	if (status === null) {
		throw new GalleyError(
			"model_not_found",
			`There is no adapter at "${path}".`,
		);
	}
	if (!status.isDirectory()) return [await locate(path)];
	const entries = await readdir(path, { withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile());
	if (!files.some(({ name }) => name === "adapter_config.json")) {
		throw new GalleyError(
			"model_unusable",
			`"${path}" is no PEFT adapter: it has no adapter_config.json.`,
		);
	}
	return Promise.all(files.map(({ name }) => locate(join(path, name))));
}

async function locate(path: string): Promise<LocatedFile> {
	const hash = createHash("sha256");
	let sizeBytes = 0;
	for await (const bytes of createReadStream(path)) {
		hash.update(bytes);
		sizeBytes += bytes.length;
	}
	return { name: basename(path), path, sizeBytes, sha256: hash.digest("hex") };
}
