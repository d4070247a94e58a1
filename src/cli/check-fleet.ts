import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { stringify } from "yaml";
import { toKebabCase } from "../config/option.ts";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { serviceOptionNames } from "../config/service-options.ts";
import { nearestName } from "../core/nearest-name.ts";
import type {
	Fleet,
	FleetCheck,
	FleetService,
} from "../gateway/fleet/fleet-file.ts";
import { withoutOwnVariables } from "../gateway/fleet/service-recipe.ts";
import { applicationProgram } from "./application-program.ts";
import { parseConfiguredReference } from "./model-sources.ts";

type Found = ReturnType<FleetCheck>[number];

/** How this check names the settings of a service to the reader of config files; cut from what it says. */
const settingsName = "options";

/** What is wrong with a fleet on this machine: models that nobody knows, options that `galley run` hasn't or can't use, missing files. */
export function checkFleet(
	{ services, applications }: Fleet,
	environment: Readonly<Record<string, string | undefined>>,
): Found[] {
	return [
		...services.flatMap((service, index) =>
			serviceProblems(service, ["services", index], environment),
		),
		...applications.flatMap(({ name }, index) =>
			applicationProgram(name) === null
				? [
						{
							path: ["applications", index],
							message: `"${name}" is not part of this installation: it comes with Galley's repository.`,
						},
					]
				: [],
		),
	];
}

function serviceProblems(
	service: FleetService,
	path: readonly PropertyKey[],
	environment: Readonly<Record<string, string | undefined>>,
): Found[] {
	const unknown = unknownOptions(service, path);
	const { config, problems } = settingsOf(service, path, environment);
	const model = config === null ? [] : modelProblems(service, config, path);
	const files = config === null ? [] : missingAdapters(service, config, path);
	return [...unknown, ...problems, ...model, ...files];
}

function unknownOptions(
	{ options }: FleetService,
	path: readonly PropertyKey[],
): Found[] {
	return Object.keys(options)
		.filter((key) => optionOf(key) === null)
		.map((key) => {
			const meant = nearestName(key, serviceOptionNames);
			const advice =
				meant === null
					? "galley run --help lists them."
					: `Did you mean "${meant}"?`;
			return {
				path: [...path, "options", key],
				message: `"${key}" is no option of galley run. ${advice}`,
			};
		});
}

/** `max-num-seqs` and `maxNumSeqs` are the same option. */
function optionOf(key: string): string | null {
	const kebab = toKebabCase(key);
	return serviceOptionNames.find((name) => toKebabCase(name) === kebab) ?? null;
}

/** The options as the service will read them. */
function settingsOf(
	{ options }: FleetService,
	path: readonly PropertyKey[],
	environment: Readonly<Record<string, string | undefined>>,
): { config: ServiceConfig | null; problems: Found[] } {
	const known = Object.entries(options).filter(([key]) => optionOf(key));
	const settings = Object.fromEntries(
		known.map(([key, value]) => [toKebabCase(key), value]),
	);
	try {
		const config = resolveServiceConfig({
			flags: {},
			environment: withoutOwnVariables(environment),
			configFile: settingsName,
			readTextFile: () => stringify(settings),
		});
		return { config, problems: [] };
	} catch (error) {
		const text = error instanceof Error ? error.message : String(error);
		const lines = text.split("\n").map((line) => line.trim());
		const problems = lines.length > 1 ? lines.slice(1) : lines;
		return {
			config: null,
			problems: problems.map((problem) => {
				const message = problem.replace(/^options:\d+: /, "");
				const key = known.find(([name]) =>
					message.startsWith(`${toKebabCase(name)} `),
				)?.[0];
				return {
					path: [...path, "options", ...(key === undefined ? [] : [key])],
					message,
				};
			}),
		};
	}
}

function modelProblems(
	{ name, model }: FleetService,
	config: ServiceConfig,
	path: readonly PropertyKey[],
): Found[] {
	try {
		parseConfiguredReference(model ?? name, config);
		return [];
	} catch (error) {
		return [
			{
				path: [...path, model === undefined ? "name" : "model"],
				message: error instanceof Error ? error.message : String(error),
			},
		];
	}
}

function missingAdapters(
	{ options }: FleetService,
	{ lora, loraDir }: ServiceConfig,
	path: readonly PropertyKey[],
): Found[] {
	const given = (name: string) =>
		Object.keys(options).find((key) => optionOf(key) === name) ?? name;
	const missing = (key: string, file: string): Found[] =>
		existsSync(resolve(file))
			? []
			: [
					{
						path: [...path, "options", given(key)],
						message: `There is no ${resolve(file)}.`,
					},
				];
	return [
		...lora.flatMap((pair) =>
			missing("lora", pair.slice(pair.indexOf("=") + 1)),
		),
		...(loraDir === null ? [] : missing("loraDir", loraDir)),
	];
}
