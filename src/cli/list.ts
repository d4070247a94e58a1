import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { formatBytes } from "../models/byte-format.ts";
import type { CachedModel } from "../models/cache/model-cache.ts";
import { labelOf } from "../models/hub/model-variants.ts";
import { diskFiles, starterModels } from "../models/model-reference.ts";
import { commandSummaries } from "./command-table.ts";
import { openModelSources } from "./model-sources.ts";
import { toMachineModel } from "./pull.ts";
import { addServiceFlags } from "./service-flags.ts";
import { alignColumns } from "./terminal.ts";

export function registerListCommand(program: Command): void {
	const command = program
		.command("list")
		.alias("ls")
		.description(commandSummaries.list)
		.option("--json", "for machines");
	addServiceFlags(command, "cache").action(list);
}

async function list(flags: Record<string, unknown>): Promise<void> {
	const config = resolveServiceConfig({ flags, environment: process.env });
	const { cache } = await openModelSources(config);
	const cached = await cache.list();
	const starters = listStarters();
	if (flags.json === true) {
		const models = [
			...cached.map((model) => ({ where: "cache", ...toMachineModel(model) })),
			...starters.map(({ name, path, format, label, sizeBytes }) => ({
				where: "package",
				reference: name,
				format,
				label,
				sizeBytes,
				path,
			})),
		];
		process.stdout.write(`${JSON.stringify({ models })}\n`);
		return;
	}
	const now = Date.now();
	const rows = [
		...cached.map((model) => toRow(model, config, now)),
		...starters.map(({ name, format, label, sizeBytes }) => [
			name,
			`${format} ${label}`.trim(),
			formatBytes(sizeBytes),
			"-",
			"comes with Galley",
		]),
	];
	process.stdout.write(
		`${alignColumns([["MODEL", "FORMAT", "SIZE", "REVISION", "LAST USED"], ...rows])}\n`,
	);
}

function toRow(
	model: CachedModel,
	{ aliases }: ServiceConfig,
	now: number,
): string[] {
	const own = aliases.find((pair) => pair.endsWith(`=${model.reference}`));
	const name = own === undefined ? "" : ` (${own.split("=", 1)[0]})`;
	const format =
		model.label === model.format
			? model.format
			: `${model.format} ${model.label}`;
	return [
		`${model.reference}${name}`,
		format,
		formatBytes(model.sizeBytes),
		model.revision === "" ? "-" : model.revision.slice(0, 12),
		(model.lastUsedAt === null
			? "never"
			: describeAge(now - Date.parse(model.lastUsedAt))) +
			(model.isReadOnly ? ", in the hub's own cache" : ""),
	];
}

const units = [
	["day", 86_400_000],
	["hour", 3_600_000],
	["minute", 60_000],
] as const;

/** `3 days ago`, `1 hour ago`, `just now`. */
export function describeAge(milliseconds: number): string {
	for (const [unit, length] of units) {
		const count = Math.floor(milliseconds / length);
		if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
	}
	return "just now";
}

interface ListedStarter {
	name: string;
	path: string;
	format: "gguf" | "onnx";
	/** The precision of a single file. */
	label: string;
	sizeBytes: number;
}

function listStarters(): ListedStarter[] {
	return [...starterModels.keys()].flatMap((name) => {
		const path = pathOfStarter(name);
		if (path === null) return [];
		const isFolder = statSync(path).isDirectory();
		const format = isFolder ? "onnx" : "gguf";
		return [
			{
				name,
				path,
				format,
				label: isFolder ? "" : labelOf(path),
				sizeBytes: isFolder ? sizeOfFolder(path) : statSync(path).size,
			},
		];
	});
}

/** Null where this installation lacks it. */
function pathOfStarter(name: string): string | null {
	const file = starterModels.get(name);
	const path =
		file === undefined ? null : join(diskFiles.packageDirectory, file);
	return path !== null && existsSync(path) ? path : null;
}

function sizeOfFolder(path: string): number {
	return readdirSync(path, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.reduce(
			(sum, { parentPath, name }) =>
				sum + statSync(join(parentPath, name)).size,
			0,
		);
}
