import { toKebabCase } from "../config/option.ts";
import { describeOrigin } from "../config/origin.ts";
import { resolveServiceConfig } from "../config/service-config.ts";
import { serviceOptionNames } from "../config/service-options.ts";
import { exitCodes } from "./exit-codes.ts";
import { type ModelPlan, planModel } from "./model-plan.ts";

/** `galley run --dry-run`: every setting with where it came from, and the profile's reasons. */
export async function showPlan(
	flags: Record<string, unknown>,
): Promise<number> {
	const asked = resolveServiceConfig({ flags, environment: process.env });
	process.stdout.write(dryRunText(await planModel(asked)));
	return exitCodes.ok;
}

function dryRunText({ config, explanation }: ModelPlan): string {
	const values: Readonly<Record<string, unknown>> = { ...config };
	const rows = serviceOptionNames
		.filter((name) => name in values)
		.map((name) => [
			toKebabCase(name),
			shown(values[name]),
			describeOrigin(config.origins[name]),
		]);
	const width = (column: number) =>
		Math.max(...rows.map((row) => (row[column] ?? "").length));
	const [first, second] = [width(0), width(1)];
	const lines = rows.map(
		([name = "", value = "", origin = ""]) =>
			`${name.padEnd(first)}  ${value.padEnd(second)}  ${origin}`,
	);
	return `${lines.join("\n")}\n\n${explanation}\n`;
}

function shown(value: unknown): string {
	if (value === null) return "-";
	return Array.isArray(value) ? value.join(",") || "-" : String(value);
}
