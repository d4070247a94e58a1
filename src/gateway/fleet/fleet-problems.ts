import { nearestName } from "../../core/nearest-name.ts";
import { knownApplications } from "../applications/known-applications.ts";
import type { Fleet, FleetAlias } from "./fleet-file.ts";
import { engineKeys } from "./service-recipe.ts";

export interface FleetProblem {
	/** From 1; null where the file has no place for it. */
	line: number | null;
	/** `services.1.name` */
	path: string;
	message: string;
}

export interface Found {
	path: readonly PropertyKey[];
	message: string;
}

/** What a fleet's form can't say: names that are taken or unknown, and aliases that lead round in a circle. */
export function fleetProblems(fleet: Fleet): Found[] {
	return [
		...takenNames(fleet),
		...unknownTargets(fleet),
		...circles(fleet),
		...applicationProblems(fleet),
		...scalingProblems(fleet),
		...priceProblems(fleet),
		...fleet.services.flatMap(engineProblems),
	];
}

function engineProblems(
	service: Fleet["services"][number],
	index: number,
): Found[] {
	const at = (key: string) => ["services", index, key];
	const { engine, command, url, options } = service;
	const own = Object.keys(engineKeys) as (keyof typeof engineKeys)[];
	const given = own.filter((key) => service[key] !== undefined);
	if (engine === undefined)
		return given.map((key) => ({
			path: at(key),
			message: `"${key}" is for somebody else's engine: say "engine: openai" beside it.`,
		}));
	const problems = given.flatMap((key): Found[] => {
		const twice = Object.keys(options).find(
			(name) => plain(name) === plain(engineKeys[key]),
		);
		return twice === undefined
			? []
			: [
					{
						path: [...at("options"), twice],
						message: `"${twice}" says the same as "${key}" of the service: leave one out.`,
					},
				];
	});
	if (problems.length > 0) return problems;
	if (command === undefined && url === undefined)
		return [
			{
				path: at("engine"),
				message:
					'"engine: openai" needs "command", which starts the engine, or "url", where it is.',
			},
		];
	if (command !== undefined && url !== undefined)
		return [
			{ path: at("url"), message: 'There is either a "command" or a "url".' },
		];
	return [];
}

/** `engine-command` and `engineCommand` are the same option. */
const plain = (name: string) => name.replaceAll(/[-_]/g, "").toLowerCase();

/** Adapters may come later, so that a price may be for a name that nobody has yet. */
function priceProblems({ prices, aliases }: Fleet): Found[] {
	return Object.keys(prices)
		.filter((name) => Object.hasOwn(aliases, name))
		.map((name) => ({
			path: ["prices", name],
			message: `"${name}" is an alias: a request costs what the model costs that answers it. Give a price to ${targetsOf(aliases[name] as FleetAlias).join(", ")}.`,
		}));
}

function scalingProblems({ services }: Fleet): Found[] {
	return services.flatMap(({ minReplicas, maxReplicas }, index) =>
		minReplicas !== undefined &&
		maxReplicas !== undefined &&
		minReplicas > maxReplicas
			? [
					{
						path: ["services", index, "minReplicas"],
						message: `minReplicas is ${minReplicas}, more than maxReplicas, ${maxReplicas}.`,
					},
				]
			: [],
	);
}

function applicationProblems({ applications, gateway }: Fleet): Found[] {
	const problems: Found[] = [];
	const seen = new Set<string>();
	const ports = new Map<number, string>([[gateway.port, "the gateway"]]);
	for (const [index, { name, port }] of applications.entries()) {
		const known = knownApplications.get(name);
		const path = ["applications", index];
		if (known === undefined) {
			const meant = nearestName(name, knownApplications.keys());
			const advice =
				meant === null
					? `There are: ${[...knownApplications.keys()].join(", ")}.`
					: `Did you mean "${meant}"?`;
			problems.push({
				path,
				message: `"${name}" is no application. ${advice}`,
			});
			continue;
		}
		if (seen.has(name))
			problems.push({ path, message: `"${name}" is there twice.` });
		seen.add(name);
		const taken = port ?? known.port;
		const owner = ports.get(taken);
		if (owner !== undefined)
			problems.push({
				path: [...path, "port"],
				message: `Port ${taken} is ${owner}'s: give one of them another.`,
			});
		ports.set(taken, name);
	}
	return problems;
}

function takenNames({ services, upstreams, aliases }: Fleet): Found[] {
	const owners = new Map<string, string>();
	const problems: Found[] = [];
	const claim = (name: string, owner: string, path: readonly PropertyKey[]) => {
		const before = owners.get(name);
		if (before === undefined) owners.set(name, owner);
		else
			problems.push({
				path,
				message: `"${name}" is taken: it is the name of ${before}.`,
			});
	};
	for (const [index, { name }] of services.entries())
		claim(name, `service ${index + 1}`, ["services", index, "name"]);
	for (const [index, { name, models }] of upstreams.entries())
		for (const [place, model] of models.entries())
			claim(model, `a model of upstream "${name}"`, [
				"upstreams",
				index,
				"models",
				place,
			]);
	for (const name of Object.keys(aliases))
		claim(name, "an alias", ["aliases", name]);
	const seen = new Set<string>();
	for (const [index, { name }] of upstreams.entries()) {
		if (seen.has(name))
			problems.push({
				path: ["upstreams", index, "name"],
				message: `There are two upstreams with the name "${name}".`,
			});
		seen.add(name);
	}
	return problems;
}

/** Adapters are models too, and known only when their service runs: a target may be `SERVICE/ADAPTER`-like or any name of one. */
function unknownTargets(fleet: Fleet): Found[] {
	const known = knownModels(fleet);
	const adapters = new Set(fleet.services.flatMap(adapterNames));
	return Object.entries(fleet.aliases).flatMap(([alias, target]) =>
		targetsOf(target)
			.filter((name) => !known.has(name) && !adapters.has(name))
			.map((name) => {
				const meant = nearestName(name, known);
				return {
					path: ["aliases", alias],
					message: `"${name}" is no service, model of an upstream, or alias.${meant === null ? "" : ` Did you mean "${meant}"?`}`,
				};
			}),
	);
}

function knownModels({ services, upstreams, aliases }: Fleet): Set<string> {
	return new Set([
		...services.map(({ name }) => name),
		...upstreams.flatMap(({ models }) => models),
		...Object.keys(aliases),
	]);
}

/** Names of the adapters that a service is started with: `lora: [name=path, ...]`. */
export function adapterNames({ options }: Fleet["services"][number]): string[] {
	const list = Array.isArray(options.lora) ? options.lora : [options.lora];
	return list.flatMap((entry) =>
		typeof entry === "string" && entry.includes("=")
			? [entry.slice(0, entry.indexOf("="))]
			: [],
	);
}

export function targetsOf(alias: FleetAlias): readonly string[] {
	if (typeof alias === "string") return [alias];
	return "split" in alias ? Object.keys(alias.split) : alias.fallback;
}

function circles({ aliases }: Fleet): Found[] {
	const problems: Found[] = [];
	for (const start of Object.keys(aliases)) {
		const seen = new Set<string>();
		const visit = (name: string): boolean => {
			if (name === start && seen.size > 0) return true;
			if (seen.has(name)) return false;
			seen.add(name);
			const alias = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
			return alias !== undefined && targetsOf(alias).some(visit);
		};
		if (visit(start))
			problems.push({
				path: ["aliases", start],
				message: `The alias "${start}" leads back to itself.`,
			});
	}
	return problems;
}
