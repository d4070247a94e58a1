import { constants } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { resolveServiceConfig } from "../config/service-config.ts";
import type { CachedModel } from "../models/cache/model-cache.ts";
import { findOneCached } from "./cached-models.ts";
import { requireModel } from "./model-plan.ts";
import { openModelSources } from "./model-sources.ts";
import { pullModel } from "./pull.ts";
import { addServiceFlags } from "./service-flags.ts";

/**
 * The verbs of NIM's containers, for manifests and scripts that call them. They take the model from `NIM_MODEL_NAME`, as
 * those do, or as an argument.
 *
 *     list-model-profiles                              galley profiles MODEL
 *     download-to-cache [--profile ID]                 galley pull MODEL [--profile ID]
 *     create-model-store --model-store FOLDER          galley pull MODEL, and its files in FOLDER under their own names
 */
export type NimVerb =
	| "list-model-profiles"
	| "download-to-cache"
	| "create-model-store";

export async function registerNimVerb(
	program: Command,
	verb: NimVerb,
): Promise<void> {
	const command = program
		.command(verb, { hidden: true })
		.argument("[model]", "default: the one of NIM_MODEL_NAME");
	switch (verb) {
		case "list-model-profiles":
			addServiceFlags(command, "doctor").action(listModelProfiles);
			break;
		case "download-to-cache":
			addServiceFlags(command, "models").action(
				async (model: string | undefined, flags: Record<string, unknown>) => {
					await pullModel(modelOf(model, flags), flags);
				},
			);
			break;
		case "create-model-store":
			command.requiredOption(
				"--model-store <folder>",
				"where the model's files go",
			);
			addServiceFlags(command, "models").action(createModelStore);
	}
}

function modelOf(
	model: string | undefined,
	flags: Record<string, unknown>,
): string {
	return requireModel(
		resolveServiceConfig({
			flags: { ...flags, model },
			environment: process.env,
		}),
	);
}

async function listModelProfiles(
	model: string | undefined,
	flags: Record<string, unknown>,
	command: Command,
): Promise<void> {
	const { runProgram } = await import("./program.ts");
	// The flags are the same, so they go on as they were written.
	const words = command.parent?.args.slice(1) ?? [];
	process.exitCode = await runProgram([
		"profiles",
		...(model === undefined ? [modelOf(model, flags)] : []),
		...words,
	]);
}

async function createModelStore(
	model: string | undefined,
	flags: { modelStore: string } & Record<string, unknown>,
): Promise<void> {
	const reference = modelOf(model, flags);
	const config = resolveServiceConfig({ flags, environment: process.env });
	const { cache } = await openModelSources(config);
	const stored = config.offline
		? await findOneCached(reference, cache, config)
		: await pullModel(reference, flags);
	if (stored === null) return;
	await place(stored, resolve(flags.modelStore));
	process.stdout.write(`${resolve(flags.modelStore)}\n`);
}

/** Copies that share their blocks with the cache where the file system can do that; links would let others change the cache. */
async function place({ files }: CachedModel, folder: string): Promise<void> {
	for (const { name, path } of files) {
		const target = join(folder, name);
		await mkdir(dirname(target), { recursive: true });
		await copyFile(path, target, constants.COPYFILE_FICLONE);
	}
}
