import type { Command } from "commander";
import { resolveServiceConfig } from "../config/service-config.ts";
import { formatBytes } from "../models/byte-format.ts";
import type { VerifyResult } from "../models/cache/model-cache.ts";
import { findCached } from "./cached-models.ts";
import { commandSummaries } from "./command-table.ts";
import { watchEndSignals } from "./end-signals.ts";
import { exitCodes } from "./exit-codes.ts";
import { openModelSources } from "./model-sources.ts";
import { addServiceFlags } from "./service-flags.ts";
import { ByteMeter, createProgressOutput } from "./transfer-progress.ts";

export function registerVerifyCommand(program: Command): void {
	const command = program
		.command("verify")
		.description(`${commandSummaries.verify}; exit code 3 when one is damaged`)
		.argument("[model]", "as galley list shows it (default: all)")
		.option("--json", "for machines");
	addServiceFlags(command, "cache").action(verify);
}

async function verify(
	text: string | undefined,
	flags: Record<string, unknown>,
): Promise<void> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const { cache } = await openModelSources(config);
	const models =
		text === undefined
			? await cache.list()
			: await findCached(text, cache, config);
	const isJson = flags.json === true;
	using ends = watchEndSignals();
	if (models.length === 0 && !isJson)
		process.stdout.write("The cache is empty.\n");
	for (const model of models) {
		using output = createProgressOutput(model.reference, isJson);
		const meter = new ByteMeter(model.sizeBytes);
		let result: VerifyResult;
		try {
			result = await cache.verify(
				model,
				({ file, checkedBytes }) => {
					meter.add(checkedBytes - meter.bytes);
					output.show(meter.progress("verifying", file));
				},
				ends.signal,
			);
		} catch (error) {
			if (!ends.signal.aborted) throw error;
			process.exitCode = exitCodes.interrupted;
			return;
		}
		output[Symbol.dispose]();
		if (!result.isIntact) process.exitCode = exitCodes.model;
		process.stdout.write(
			isJson
				? `${JSON.stringify({ event: "done", reference: model.reference, isIntact: result.isIntact, checkedBytes: result.checkedBytes, problems: result.problems })}\n`
				: describeResult(model.reference, result),
		);
	}
}

function describeResult(reference: string, result: VerifyResult): string {
	const { isIntact, problems, checkedBytes, checkedFiles } = result;
	if (isIntact) {
		const files = checkedFiles === 1 ? "1 file" : `${checkedFiles} files`;
		return `${reference}: intact (${files}, ${formatBytes(checkedBytes)})\n`;
	}
	const lines = problems.map(
		({ name, problem, found }) =>
			`  ${name}: ${problem.replace("-", " ")}, ${found}`,
	);
	return `${reference}: damaged; galley pull ${reference} fetches what is wrong again\n${lines.join("\n")}\n`;
}
