import type { Fleet } from "../fleet/fleet-file.ts";

/** Where a request may go: a service of this fleet, or an upstream, by the model's name there. */
export interface RouteTarget {
	kind: "service" | "upstream";
	/** The service's or the upstream's name. */
	name: string;
	model: string;
}

/** Names that services list beside their own: adapters. Adapter -> service. */
export type ServedNames = ReadonlyMap<string, string>;

/**
 * A model's name -> targets, in the order in which they are tried; empty for a name that nobody has. `random` (0 to 1) decides
 * where traffic is split; what was not drawn of a split is a fallback of what was. Pure.
 */
export function resolveModel(
	model: string,
	fleet: Fleet,
	served: ServedNames,
	random: number,
): RouteTarget[] {
	const targets: RouteTarget[] = [];
	const visit = (name: string) => {
		const alias = Object.hasOwn(fleet.aliases, name)
			? fleet.aliases[name]
			: undefined;
		if (alias === undefined) {
			const target = directTarget(name, fleet, served);
			if (target !== null) targets.push(target);
		} else if (typeof alias === "string") visit(alias);
		else if ("fallback" in alias) alias.fallback.forEach(visit);
		else {
			const drawn = draw(alias.split, random);
			visit(drawn);
			for (const other of Object.keys(alias.split))
				if (other !== drawn) visit(other);
		}
	};
	visit(model);
	return targets;
}

/** Whether a name is one of the fleet's. Pure. */
export function servesModel(
	{ services, upstreams, aliases }: Fleet,
	served: ServedNames,
	model: string,
): boolean {
	return (
		Object.hasOwn(aliases, model) ||
		served.has(model) ||
		services.some(({ name }) => name === model) ||
		upstreams.some(({ models }) => models.includes(model))
	);
}

function directTarget(
	model: string,
	{ services, upstreams }: Fleet,
	served: ServedNames,
): RouteTarget | null {
	if (services.some(({ name }) => name === model))
		return { kind: "service", name: model, model };
	const upstream = upstreams.find(({ models }) => models.includes(model));
	if (upstream !== undefined)
		return { kind: "upstream", name: upstream.name, model };
	const service = served.get(model);
	return service === undefined
		? null
		: { kind: "service", name: service, model };
}

function draw(split: Readonly<Record<string, number>>, random: number): string {
	const parts = Object.entries(split);
	const whole = parts.reduce((sum, [, part]) => sum + part, 0);
	let left = random * whole;
	for (const [name, part] of parts) {
		left -= part;
		if (left < 0) return name;
	}
	return (parts.at(-1) as [string, number])[0];
}
