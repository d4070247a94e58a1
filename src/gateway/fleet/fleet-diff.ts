import { isDeepStrictEqual } from "node:util";
import type { Fleet } from "./fleet-file.ts";

type FleetService = Fleet["services"][number];
type FleetApplication = Fleet["applications"][number];

/** What has to be done that one fleet becomes another. */
export interface FleetDiff {
	services: NamedDiff<FleetService>;
	applications: NamedDiff<FleetApplication>;
	/** Names of upstreams and aliases that are not the same; they take effect at once. */
	upstreams: readonly string[];
	aliases: readonly string[];
	/** Keys of `gateway` that are not the same. */
	gateway: readonly string[];
}

export interface NamedDiff<Item> {
	added: readonly Item[];
	removed: readonly string[];
	changed: readonly Item[];
}

/** Pure. The order of services, upstreams and aliases is no difference; that of fallbacks is. */
export function diffFleets(before: Fleet, after: Fleet): FleetDiff {
	return {
		services: diffNamed(before.services, after.services),
		applications: diffNamed(before.applications, after.applications),
		upstreams: changedNames(byName(before.upstreams), byName(after.upstreams)),
		aliases: changedNames(
			new Map(Object.entries(before.aliases)),
			new Map(Object.entries(after.aliases)),
		),
		gateway: changedNames(
			new Map(Object.entries(before.gateway)),
			new Map(Object.entries(after.gateway)),
		),
	};
}

/** One line for each thing that is not the same. */
export function describeDiff({
	services,
	applications,
	upstreams,
	aliases,
	gateway,
}: FleetDiff): string[] {
	return [
		...describeNamed("service", services),
		...describeNamed("application", applications),
		...upstreams.map((name) => `upstream ${name} changed`),
		...aliases.map((name) => `alias ${name} changed`),
		...gateway.map((key) =>
			bound.has(key)
				? `gateway.${key} changed: takes effect when the gateway is started again`
				: `gateway.${key} changed`,
		),
	];
}

/** The door is where it is until the gateway is started again; hooks are loaded, and files and collectors opened, at its start. */
const bound = new Set(["host", "port", "hooks", "capture", "tracing"]);

function describeNamed(
	what: string,
	{ added, removed, changed }: NamedDiff<{ name: string }>,
): string[] {
	return [
		...added.map(({ name }) => `${what} ${name} added`),
		...removed.map((name) => `${what} ${name} removed`),
		...changed.map(({ name }) => `${what} ${name} changed`),
	];
}

function diffNamed<Item extends { name: string }>(
	before: readonly Item[],
	after: readonly Item[],
): NamedDiff<Item> {
	const old = byName(before);
	const wanted = new Set(after.map(({ name }) => name));
	return {
		added: after.filter(({ name }) => !old.has(name)),
		removed: before.map(({ name }) => name).filter((name) => !wanted.has(name)),
		changed: after.filter(
			(item) =>
				old.has(item.name) && !isDeepStrictEqual(old.get(item.name), item),
		),
	};
}

function byName<Item extends { name: string }>(
	items: readonly Item[],
): Map<string, Item> {
	return new Map(items.map((item) => [item.name, item]));
}

function changedNames(
	before: ReadonlyMap<string, unknown>,
	after: ReadonlyMap<string, unknown>,
): string[] {
	return [...new Set([...before.keys(), ...after.keys()])].filter(
		(name) => !isDeepStrictEqual(before.get(name), after.get(name)),
	);
}
