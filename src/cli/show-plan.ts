import { toKebabCase } from "../config/option.ts";
import { describeOrigin } from "../config/origin.ts";
import { resolveServiceConfig } from "../config/service-config.ts";
import {
	type ServiceOptionName,
	serviceOption,
	serviceOptionNames,
} from "../config/service-options.ts";
import { exitCodes } from "./exit-codes.ts";
import type { PlanPreview } from "./model-plan.ts";
import { previewModel } from "./model-preview.ts";

/** `galley run --dry-run`: every setting with where it came from, and the profile's reasons. */
export async function showPlan(
	flags: Record<string, unknown>,
): Promise<number> {
	const asked = resolveServiceConfig({ flags, environment: process.env });
	const preview =
		asked.engine === "openai"
			? (await import("./external-preview.ts")).previewExternal(
					asked,
					process.env,
				)
			: await previewModel(asked);
	process.stdout.write(
		flags.json === true ? `${dryRunJson(preview)}\n` : dryRunText(preview),
	);
	return exitCodes.ok;
}

/** Values as they are, but for secrets. */
function dryRunJson({ config, source, explanation }: PlanPreview): string {
	const values: Readonly<Record<string, unknown>> = { ...config };
	const settings = serviceOptionNames
		.filter((name) => name in values)
		.map((name) => ({
			name: toKebabCase(name),
			value:
				serviceOption(name).isSecret === true && values[name] !== null
					? "(secret)"
					: values[name],
			origin: config.origins[name],
		}));
	return JSON.stringify({ source, settings, explanation }, null, 2);
}

function dryRunText({ config, source, explanation }: PlanPreview): string {
	const values: Readonly<Record<string, unknown>> = { ...config };
	const settings = serviceOptionNames
		.filter((name) => name in values)
		.map((name) => [
			toKebabCase(name),
			shown(name, values[name]),
			describeOrigin(config.origins[name]),
		]);
	const rows = [
		...source.map(({ name, value, origin }) => [name, value, origin]),
		...settings,
	];
	const width = (column: number) =>
		Math.max(...rows.map((row) => (row[column] ?? "").length));
	const [first, second] = [width(0), width(1)];
	const lines = rows.map(
		([name = "", value = "", origin = ""]) =>
			`${name.padEnd(first)}  ${value.padEnd(second)}  ${origin}`,
	);
	return `${lines.join("\n")}\n\n${explanation}\n`;
}

function shown(name: ServiceOptionName, value: unknown): string {
	if (value === null) return "-";
	if (serviceOption(name).isSecret === true) return "(secret)";
	return Array.isArray(value) ? value.join(",") || "-" : String(value);
}
