import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { dataDirectory } from "../config/data-directory.ts";
import { resolveServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type {
	ArchivedFile,
	ArchiveManifest,
} from "../models/archive/archive-manifest.ts";
import {
	type ArchiveReceiver,
	readModelArchive,
} from "../models/archive/model-archive.ts";
import { formatBytes } from "../models/byte-format.ts";
import type { ModelCache } from "../models/cache/model-cache.ts";
import { parseModelReference } from "../models/model-reference.ts";
import { commandSummaries } from "./command-table.ts";
import { watchEndSignals } from "./end-signals.ts";
import { reportEnd } from "./export.ts";
import { openModelSources } from "./model-sources.ts";
import { toMachineModel } from "./pull.ts";
import { addServiceFlags } from "./service-flags.ts";
import {
	ByteMeter,
	createProgressOutput,
	type ProgressOutput,
} from "./transfer-progress.ts";

interface ImportFlags extends Record<string, unknown> {
	adaptersTo?: string;
	json?: boolean;
}

export function registerImportCommand(program: Command): void {
	const command = program
		.command("import")
		.description(commandSummaries.import)
		.argument("<file>", "an archive of galley export; - reads standard input")
		.option(
			"--adapters-to <folder>",
			"where the archive's adapters go (default: the folder adapters in Galley's data directory)",
		)
		.option("--json", "for machines");
	addServiceFlags(command, "cache").action(importModel);
}

async function importModel(file: string, flags: ImportFlags): Promise<void> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const { cache } = await openModelSources(config);
	const adapterFolder =
		flags.adaptersTo ?? join(dataDirectory(process.env), "adapters");
	const isPiped = file === "-";
	const totalBytes = isPiped ? null : await sizeOf(file);
	const isJson = flags.json === true;
	using ends = watchEndSignals();
	using output = createProgressOutput(file, isJson);
	await using receiver = new CacheReceiver(cache);
	try {
		const meter = new ByteMeter(totalBytes);
		const manifest = await readModelArchive(
			isPiped ? process.stdin : createReadStream(file),
			receiver.stoppedBy(ends.signal),
			onBytes(meter, output),
		);
		const adapters = await receiver.placeAdapters(manifest, adapterFolder);
		const model = await receiver.record(manifest);
		output[Symbol.dispose]();
		process.stdout.write(
			isJson
				? `${JSON.stringify({ event: "done", ...toMachineModel(model), adapters })}\n`
				: `${model.reference}: ${formatBytes(model.sizeBytes)}, sha256 checked. Serve it: galley run ${model.reference} --offline\n${adapters.map((path) => `Adapter: ${path}\n`).join("")}`,
		);
	} catch (error) {
		reportEnd(error, ends);
	}
}

function onBytes(meter: ByteMeter, output: ProgressOutput) {
	return (bytes: number) => {
		meter.add(bytes);
		output.show(meter.progress("importing"));
	};
}

async function sizeOf(file: string): Promise<number> {
	const status = await stat(file).catch(() => null);
	if (status?.isFile()) return status.size;
	throw new GalleyError("model_not_found", `There is no file "${file}".`);
}

/** Where the model was what `main` stands for, it is that here too: the same short reference finds it. */
function branchOf({ repository, reference }: ArchiveManifest): string | null {
	if (repository === null) return null;
	const parsed = parseModelReference(reference);
	return parsed.kind === "hub" && parsed.revision === null ? "main" : null;
}

/** Takes an archive's contents into the cache; nothing of the model is visible there before all of it is. */
class CacheReceiver implements AsyncDisposable {
	readonly #cache: ModelCache;
	/** By digest: where the contents lie until they are recorded. */
	readonly #received = new Map<string, string>();

	constructor(cache: ModelCache) {
		this.#cache = cache;
	}

	stoppedBy(signal: AbortSignal): ArchiveReceiver {
		return {
			begin: () => Promise.resolve(),
			receive: async (file, content) => {
				const path = await this.#cache.temporaryPath();
				this.#received.set(file.sha256, path);
				await mkdir(dirname(path), { recursive: true });
				await pipeline(content, createWriteStream(path, { flush: true }), {
					signal,
				});
			},
		};
	}

	/** Copies them: what an adapter and the model share (a licence, say) is needed in both places. */
	async placeAdapters(
		{ adapters }: ArchiveManifest,
		folder: string,
	): Promise<string[]> {
		const placed: string[] = [];
		for (const { name, files } of adapters) {
			const [only] = files;
			const isFile = files.length === 1 && only?.name === name;
			const target = join(folder, name);
			await mkdir(isFile ? folder : target, { recursive: true });
			for (const file of files) {
				const path = isFile ? target : join(target, file.name);
				await mkdir(dirname(path), { recursive: true });
				await copyFile(this.#pathOf(file), `${path}.partial`);
				await rename(`${path}.partial`, path);
			}
			placed.push(target);
		}
		return placed;
	}

	async record(manifest: ArchiveManifest) {
		const { repository, revision, label, format, mainFile, files } = manifest;
		const digests = new Set(files.map(({ sha256 }) => sha256));
		for (const sha256 of digests) {
			const path = this.#received.get(sha256);
			if (path !== undefined) await this.#cache.addFile(path, sha256);
		}
		return this.#cache.record({
			repository,
			url: repository === null ? manifest.reference : null,
			revision,
			branch: branchOf(manifest),
			label,
			format,
			mainFile,
			files,
			sourceUrl: null,
			// Offline, a reference to the repository alone should find what was brought.
			isDefaultChoice: true,
		});
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const path of this.#received.values()) await rm(path, { force: true });
	}

	#pathOf({ sha256, name }: ArchivedFile): string {
		const path = this.#received.get(sha256);
		if (path === undefined) throw new Error(`"${name}" was not received.`);
		return path;
	}
}
