import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { stringify } from "yaml";
import { toKebabCase } from "../config/option.ts";
import {
	resolveServiceConfig,
	type ServiceConfig,
} from "../config/service-config.ts";
import { serviceOptionNames } from "../config/service-options.ts";
import { nearestName } from "../core/nearest-name.ts";
import { commandWords } from "../external/engine-command.ts";
import type {
	Fleet,
	FleetCheck,
	FleetService,
} from "../gateway/fleet/fleet-file.ts";
import {
	engineKeys,
	engineOptions,
	withoutOwnVariables,
} from "../gateway/fleet/service-recipe.ts";
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
	const engine =
		config === null ? [] : engineProblems(service, config, path, environment);
	return [...unknown, ...problems, ...model, ...files, ...engine];
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

/** Of an engine that is somebody else's: whether it can be started, or asked, from here. */
function engineProblems(
	service: FleetService,
	{ engine, engineCommand, upstreamKeyEnv }: ServiceConfig,
	path: readonly PropertyKey[],
	environment: Readonly<Record<string, string | undefined>>,
): Found[] {
	if (engine !== "openai") return [];
	const command = [...path, ...placeOf(service, "engineCommand")];
	const key = [...path, ...placeOf(service, "upstreamKeyEnv")];
	const problems: Found[] = [];
	if (upstreamKeyEnv !== null && !environment[upstreamKeyEnv])
		problems.push({
			path: key,
			message: `The environment variable ${upstreamKeyEnv} is not set: the engine's key is read from it.`,
		});
	if (engineCommand === null) return problems;
	try {
		const values = { model: "m", name: "n", host: "h", port: "1" };
		const [program = ""] = commandWords(engineCommand, values);
		if (!isProgram(program, environment))
			problems.push({
				path: command,
				message: `There is no program "${program}" here: install it, or write its whole path.`,
			});
	} catch (error) {
		const said = error instanceof Error ? error.message : String(error);
		problems.push({
			path: command,
			message: said.replace("--engine-command", "The engine's command"),
		});
	}
	return problems;
}

function isProgram(
	word: string,
	{ PATH = "" }: Readonly<Record<string, string | undefined>>,
): boolean {
	if (word.includes("/")) return existsSync(word);
	return PATH.split(delimiter).some((folder) => existsSync(join(folder, word)));
}

/** Where the fleet file says what an option of `galley run` says. */
function placeOf(service: FleetService, option: string): PropertyKey[] {
	const own = Object.entries(engineKeys).find(
		([key, name]) =>
			name === option && service[key as keyof FleetService] !== undefined,
	);
	if (own !== undefined) return [own[0]];
	const given = Object.keys(service.options).find(
		(key) => optionOf(key) === option,
	);
	return given === undefined ? ["options"] : ["options", given];
}

/** The options as the service will read them. */
function settingsOf(
	service: FleetService,
	path: readonly PropertyKey[],
	environment: Readonly<Record<string, string | undefined>>,
): { config: ServiceConfig | null; problems: Found[] } {
	const { name, model = name, options } = service;
	const given = { ...options, ...engineOptions(service) };
	const known = Object.entries(given).filter(([key]) => optionOf(key));
	const settings = Object.fromEntries(
		known.map(([key, value]) => [toKebabCase(key), value]),
	);
	try {
		const config = resolveServiceConfig({
			flags: { model },
			environment: withoutOwnVariables(environment),
			configFile: settingsName,
			readTextFile: () => stringify(settings),
		});
		return { config, problems: [] };
	} catch (error) {
		const text = error instanceof Error ? error.message : String(error);
		const lines = text.split("\n").map((line) => line.trim());
		const told = lines.length > 1 ? lines.slice(1) : lines;
		// In the words of flags what the form of the service's own keys has said.
		const isSaid = Object.keys(engineKeys).some(
			(key) => service[key as keyof FleetService] !== undefined,
		);
		const problems = told.filter(
			(problem) => !(isSaid && problem.includes("--engine openai")),
		);
		return {
			config: null,
			problems: problems.map((problem) => {
				const message = problem.replace(/^options:\d+: /, "");
				const key = known.find(([name]) =>
					message.startsWith(`${toKebabCase(name)} `),
				)?.[0];
				const place = key === undefined ? null : optionOf(key);
				return {
					path: [
						...path,
						...(place === null ? ["options"] : placeOf(service, place)),
					],
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
	// A name that the engine knows, or will.
	if (config.engine === "openai") return [];
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
