import { type Command, Option } from "commander";
import { enginesDirectory } from "../config/data-directory.ts";
import { GalleyError } from "../core/errors.ts";
import {
	type Accelerator,
	accelerators,
	type InstalledEnginePackage,
	listEnginePackages,
} from "../engine/llama/packages.ts";
import { formatBytes } from "../models/byte-format.ts";
import { commandSummaries } from "./command-table.ts";
import { installedPackages, listOwnDevices } from "./engine-devices.ts";
import { alignColumns } from "./terminal.ts";

interface EngineRow {
	name: string;
	accelerator: Accelerator;
	version: string | null;
	folder: string | null;
	/** The one that runs models unless somebody chooses another. */
	isPreferred: boolean;
}

export function registerEnginesCommand(program: Command): void {
	const engines = program
		.command("engines")
		.description(commandSummaries.engines);
	engines
		.command("list", { isDefault: true })
		.description(
			"the engine packages that exist for this machine, and which are installed",
		)
		.option("--json", "for machines")
		.action(({ json }: { json?: boolean }) => {
			const rows = listRows();
			process.stdout.write(
				json === true ? `${JSON.stringify(rows)}\n` : describeRows(rows),
			);
		});
	engines
		.command("install")
		.description("fetch an engine package with npm")
		.argument("<accelerator>", acceleratorList())
		.action(async (name: string) => {
			const { installEnginePackage } = await import(
				"../engine/llama/package-installation.ts"
			);
			const accelerator = toAccelerator(name);
			const entry = await installEnginePackage({
				packagesFolder: enginesDirectory(process.env),
				accelerator,
			});
			process.stdout.write(`${entry.name} is installed.\n`);
		});
	engines
		.command("remove")
		.description("remove an engine package that was installed")
		.argument("<accelerator>", acceleratorList())
		.action(async (name: string) => {
			const { removeEnginePackage } = await import(
				"../engine/llama/package-installation.ts"
			);
			const accelerator = toAccelerator(name);
			const packagesFolder = enginesDirectory(process.env);
			const installed = installedPackages().find(
				(entry) => entry.accelerator === accelerator,
			);
			if (installed === undefined)
				throw new GalleyError(
					"invalid_request",
					`No ${accelerator} engine is installed.`,
				);
			if (!installed.folder.startsWith(packagesFolder)) {
				throw new GalleyError(
					"invalid_request",
					`${installed.name} comes with Galley and can't be removed alone.`,
				);
			}
			await removeEnginePackage({ packagesFolder, accelerator });
			process.stdout.write(`${installed.name} is removed.\n`);
		});
	engines
		.command("devices")
		.description("what an installed engine computes on")
		.argument("[package]", "name as in the list (default: the preferred one)")
		.addOption(new Option("--json", "for machines"))
		.action(async (name: string | undefined, { json }: { json?: boolean }) => {
			const probe = await listOwnDevices(findPackage(name));
			const text =
				json === true
					? JSON.stringify(probe)
					: alignColumns(
							probe.devices.map(
								({ name: device, type, description, memoryTotalBytes }) => [
									device,
									type,
									formatBytes(memoryTotalBytes),
									description,
								],
							),
						);
			process.stdout.write(`${text}\n`);
		});
}

function findPackage(name: string | undefined): InstalledEnginePackage {
	const installed = installedPackages();
	const found =
		name === undefined
			? installed[0]
			: installed.find((entry) => entry.name === name);
	if (found !== undefined) return found;
	throw new GalleyError(
		"engine_unavailable",
		name === undefined
			? "No engine is installed; run galley engines install."
			: `The engine package "${name}" is not installed.`,
	);
}

function listRows(): EngineRow[] {
	const installed = installedPackages();
	return listEnginePackages().map(({ name, accelerator }) => {
		const found = installed.find((entry) => entry.name === name);
		const isPreferred = installed[0]?.name === name;
		return {
			name,
			accelerator,
			version: found?.version ?? null,
			folder: found?.folder ?? null,
			isPreferred,
		};
	});
}

function describeRows(rows: readonly EngineRow[]): string {
	if (rows.length === 0)
		return `No engine package exists for ${process.platform} ${process.arch}.\n`;
	const lines = rows.map(({ name, accelerator, version, isPreferred }) => [
		name,
		accelerator,
		version === null ? "-" : version,
		version === null
			? `galley engines install ${accelerator}`
			: isPreferred
				? "installed, used first"
				: "installed",
	]);
	return `${alignColumns([["PACKAGE", "ACCELERATOR", "VERSION", "STATE"], ...lines])}\n`;
}

function toAccelerator(name: string): Accelerator {
	const known = listEnginePackages();
	const accelerator = accelerators.find((candidate) => candidate === name);
	if (
		accelerator !== undefined &&
		known.some((entry) => entry.accelerator === accelerator)
	)
		return accelerator;
	throw new GalleyError(
		"invalid_request",
		`"${name}" is no engine for ${process.platform} ${process.arch}; there are: ${acceleratorList()}.`,
	);
}

function acceleratorList(): string {
	return listEnginePackages()
		.map((entry) => entry.accelerator)
		.join(", ");
}
