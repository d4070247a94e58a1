import { rm } from "node:fs/promises";
import type { Command } from "commander";
import { resolveServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import { formatBytes } from "../models/byte-format.ts";
import { findCached, findOneCached } from "./cached-models.ts";
import { commandSummaries } from "./command-table.ts";
import { conversionsOf } from "./converted-models.ts";
import { openModelSources } from "./model-sources.ts";
import { addServiceFlags } from "./service-flags.ts";

export function registerRmCommand(program: Command): void {
	const command = program
		.command("rm")
		.description(commandSummaries.rm)
		.argument("<model>", "as galley list shows it")
		.option("--all", "every variant and revision of the repository")
		.option("--json", "for machines");
	addServiceFlags(command, "cache").action(remove);
}

async function remove(
	text: string,
	flags: { all?: boolean; json?: boolean } & Record<string, unknown>,
): Promise<void> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const { cache } = await openModelSources(config);
	const models =
		flags.all === true
			? await findCached(text, cache, config)
			: [await findOneCached(text, cache, config)];
	for (const model of models) {
		if (model.isReadOnly) {
			throw new GalleyError(
				"invalid_request",
				`"${model.reference}" lies in the cache of the hub's own tools (${model.mainPath}), which Galley only reads.`,
			);
		}
		let { freedBytes, keptBytes } = await cache.remove(model);
		for (const { path, sizeBytes } of await conversionsOf(model, config)) {
			await rm(path);
			freedBytes += sizeBytes;
		}
		const kept =
			keptBytes === 0
				? ""
				: `; ${formatBytes(keptBytes)} are kept, because other models use them`;
		process.stdout.write(
			flags.json === true
				? `${JSON.stringify({ reference: model.reference, freedBytes: freedBytes, keptBytes: keptBytes })}\n`
				: `${model.reference} is removed: ${formatBytes(freedBytes)} freed${kept}.\n`,
		);
	}
}
