import type { Command } from "commander";
import { commandSummaries } from "./command-table.ts";
import { packageVersion } from "./package-version.ts";

export function registerVersionCommand(program: Command): void {
	program
		.command("version")
		.description(commandSummaries.version)
		.option("--json", "for machines")
		.action(({ json }: { json?: boolean }) => {
			const versions = {
				galley: packageVersion(),
				node: process.versions.node,
				platform: `${process.platform}-${process.arch}`,
			};
			const text = json
				? JSON.stringify(versions)
				: `galley ${versions.galley} (Node ${versions.node}, ${versions.platform})`;
			process.stdout.write(`${text}\n`);
		});
}
