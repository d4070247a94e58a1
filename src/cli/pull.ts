import type { Command } from "commander";
import { resolveServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import { formatBytes } from "../models/byte-format.ts";
import type { CachedModel } from "../models/cache/model-cache.ts";
import { obtainModel } from "../models/download/obtain-model.ts";
import { stageWords } from "../observability/preparation.ts";
import { commandSummaries } from "./command-table.ts";
import { watchEndSignals } from "./end-signals.ts";
import { exitCodes } from "./exit-codes.ts";
import { openModelSources, parseConfiguredReference } from "./model-sources.ts";
import { chooseRemote } from "./remote-choice.ts";
import { addServiceFlags } from "./service-flags.ts";
import { createProgressOutput } from "./transfer-progress.ts";

export function registerPullCommand(program: Command): void {
	const command = program
		.command("pull")
		.description(commandSummaries.pull)
		.argument(
			"<model>",
			"hf://org/repo[:quant][@revision], or the https address of a file",
		)
		.option("--json", "a line of JSON a second, and one at the end");
	addServiceFlags(command, "models").action(
		async (model: string, flags: Record<string, unknown>) => {
			await pullModel(model, flags);
		},
	);
}

/** Null when it was interrupted. */
export async function pullModel(
	text: string,
	flags: Record<string, unknown>,
): Promise<CachedModel | null> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const reference = parseConfiguredReference(text, config);
	if (reference.kind !== "hub" && reference.kind !== "url") {
		throw new GalleyError(
			"invalid_request",
			`"${text}" is on this machine already; there is nothing to download.`,
		);
	}
	const sources = await openModelSources(config);
	using ends = watchEndSignals();
	const isJson = flags.json === true;
	const name = reference.name;
	using output = createProgressOutput(name, isJson);
	try {
		const model = await obtainModel(reference, {
			...sources,
			isRefresh: !sources.isOffline,
			signal: ends.signal,
			onProgress: ({ stage, ...progress }) =>
				output.show({ ...progress, stage: stageWords[stage] }),
			...(reference.kind === "hub"
				? {
						chooseFile: async () =>
							(await chooseRemote(reference, sources, config, ends.signal))
								.variant.mainFile,
					}
				: {}),
		});
		output[Symbol.dispose]();
		process.stdout.write(
			isJson
				? `${JSON.stringify({ event: "done", ...toMachineModel(model) })}\n`
				: describePulled(model),
		);
		return model;
	} catch (error) {
		if (!ends.signal.aborted) throw error;
		output[Symbol.dispose]();
		process.stderr.write(
			`${ends.reason}. What was downloaded is kept; galley pull ${text} goes on from there.\n`,
		);
		process.exitCode = exitCodes.interrupted;
		return null;
	}
}

function describePulled({
	reference,
	files,
	sizeBytes,
	revision,
	mainPath,
}: CachedModel): string {
	const count = files.length === 1 ? "1 file" : `${files.length} files`;
	const pinned = revision === "" ? "" : `, revision ${revision.slice(0, 12)}`;
	return `${reference}: ${formatBytes(sizeBytes)} in ${count}${pinned}, sha256 checked.\n${mainPath}\n`;
}

/** A cached model as `--json` tells it. */
export function toMachineModel(model: CachedModel) {
	return {
		reference: model.reference,
		repository: model.repository,
		revision: model.revision === "" ? null : model.revision,
		format: model.format,
		label: model.label,
		sizeBytes: model.sizeBytes,
		path: model.mainPath,
		sourceUrl: model.sourceUrl,
		obtainedAt: model.obtainedAt,
		lastUsedAt: model.lastUsedAt,
		isReadOnly: model.isReadOnly,
		files: model.files.map(({ name, sizeBytes, sha256 }) => ({
			name,
			sizeBytes,
			sha256,
		})),
	};
}
