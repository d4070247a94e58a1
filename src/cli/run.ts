import type { ChildProcess } from "node:child_process";
import type { Command } from "commander";
import { forkEngineProcess } from "../runtime/engine-child.ts";
import { commandSummaries } from "./command-table.ts";
import { addServiceFlags } from "./service-flags.ts";

export function registerRunCommand(
	program: Command,
	engineProcess: ChildProcess | null,
): void {
	const command = program
		.command("run")
		.argument("[model]", "a GGUF file or a starter model's name")
		.description(commandSummaries.run);
	addServiceFlags(command, "run")
		.option("--dry-run", "show every setting and where it came from, and stop")
		.option("--json", "with --dry-run: for machines")
		.action(
			async (model: string | undefined, flags: Record<string, unknown>) => {
				process.exitCode =
					flags.dryRun === true
						? await dryRun({ ...flags, model })
						: await run({ ...flags, model }, engineProcess);
			},
		);
}

async function dryRun(flags: Record<string, unknown>): Promise<number> {
	const { showPlan } = await import("./show-plan.ts");
	return showPlan(flags);
}

async function run(
	flags: Record<string, unknown>,
	started: ChildProcess | null,
): Promise<number> {
	const engineProcess = started ?? forkEngineProcess();
	const { runService } = await import("./run-service.ts");
	return runService(flags, engineProcess);
}
