import { type Command, Option } from "commander";
import { type OptionCommand, toKebabCase } from "../config/option.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import {
	type ServiceOptionName,
	serviceOption,
	serviceOptionGroups,
} from "../config/service-options.ts";

/** Gives a command those flags of the option table that belong to it. Values stay text: the configuration parses them. */
export function addServiceFlags(
	command: Command,
	owner: OptionCommand,
): Command {
	for (const { title, names } of serviceOptionGroups) {
		for (const name of names) {
			if (name === "model" || !serviceOption(name).commands.includes(owner))
				continue;
			for (const flag of toFlags(name))
				command.addOption(flag.helpGroup(title));
		}
	}
	return command.addOption(
		new Option(
			"--config <path>",
			"YAML file with the same options (environment: GALLEY_CONFIG)",
		).helpGroup("Model:"),
	);
}

function toFlags(name: ServiceOptionName): Option[] {
	const { description, offDescription, fallback, placeholder, isRepeatable } =
		serviceOption(name);
	const flag = `--${toKebabCase(name)}`;
	if (placeholder === undefined) {
		// Only the form that changes something is worth a line of help.
		const on = new Option(flag, description).hideHelp(fallback === true);
		const off = new Option(
			`--no-${toKebabCase(name)}`,
			offDescription ?? `not: ${description}`,
		).hideHelp(fallback !== true);
		return [on, off];
	}
	const option = new Option(
		`${flag} <${placeholder}>`,
		`${description}${defaultText(fallback)}`,
	);
	if (isRepeatable === true) {
		option.argParser(
			(value: string, previous: readonly string[] | undefined) => [
				...(previous ?? []),
				value,
			],
		);
	}
	return [option];
}

function defaultText(fallback: unknown): string {
	if (fallback === null || (Array.isArray(fallback) && fallback.length === 0))
		return "";
	return ` (default: ${Array.isArray(fallback) ? fallback.join(",") : String(fallback)})`;
}

/** The flags with which a child command of `owner`'s options comes to the same configuration. */
export function toServiceArguments(
	config: ServiceConfig,
	owner: OptionCommand,
): string[] {
	const values: Readonly<Record<string, unknown>> = { ...config };
	const flags: string[] = [];
	for (const { names } of serviceOptionGroups) {
		for (const name of names) {
			const { commands, isSecret } = serviceOption(name);
			const value = values[name];
			if (name === "model" || isSecret === true || !commands.includes(owner))
				continue;
			if (
				config.origins[name].kind === "default" ||
				value === null ||
				value === undefined
			)
				continue;
			if (typeof value === "boolean")
				flags.push(`--${value ? "" : "no-"}${toKebabCase(name)}`);
			// With "=", since a value may begin with a dash: --gpu-layers=-1.
			else
				flags.push(
					`--${toKebabCase(name)}=${Array.isArray(value) ? value.join(",") : String(value)}`,
				);
		}
	}
	return flags;
}
