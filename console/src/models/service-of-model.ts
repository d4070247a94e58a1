import type { CatalogEntry } from "../api/catalog-types.ts";
import type { Fleet, Service } from "../api/fleet-types.ts";

/** The services of this fleet that run a model of the catalog. */
export function servicesOf(
	{ id, variants }: CatalogEntry,
	fleet: Fleet | undefined,
): readonly Service[] {
	const references = new Set([
		id,
		...variants.map(({ reference }) => reference),
	]);
	return (fleet?.services ?? []).filter(
		({ name, model }) => references.has(model) || name === id,
	);
}
