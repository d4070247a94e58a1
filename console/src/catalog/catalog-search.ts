import {
	type CatalogFilter,
	type CatalogSort,
	catalogSorts,
	type FacetName,
	facetNames,
} from "../api/catalog-types.ts";

/** What the catalog's address says: several values of a facet are joined by `~`, which no name holds. */
export type CatalogSearch = Partial<Record<FacetName, string>> & {
	query?: string;
	fits?: boolean;
	sort?: CatalogSort;
};

export function catalogSearch(search: Record<string, unknown>): CatalogSearch {
	const known: CatalogSearch = {};
	for (const name of facetNames) {
		const value = search[name];
		if (typeof value === "string" && value !== "") known[name] = value;
	}
	if (search.query !== undefined && search.query !== "")
		known.query = String(search.query);
	if (search.fits === true) known.fits = true;
	const sort = catalogSorts.find((one) => one === search.sort);
	if (sort !== undefined && sort !== "relevance") known.sort = sort;
	return known;
}

export function toFilter({
	query,
	fits,
	sort,
	...facets
}: CatalogSearch): CatalogFilter {
	const filter: CatalogFilter = {};
	if (query !== undefined) filter.query = query;
	if (fits !== undefined) filter.fits = fits;
	if (sort !== undefined) filter.sort = sort;
	for (const name of facetNames) {
		const value = facets[name];
		if (value !== undefined) filter[name] = value.split("~");
	}
	return filter;
}

/** The search with one value of a facet taken in or out. */
export function toggleFacet(
	search: CatalogSearch,
	name: FacetName,
	value: string,
): CatalogSearch {
	const values = search[name]?.split("~") ?? [];
	const changed = values.includes(value)
		? values.filter((one) => one !== value)
		: [...values, value];
	const { [name]: _, ...rest } = search;
	return changed.length === 0 ? rest : { ...rest, [name]: changed.join("~") };
}

export function countFilters(search: CatalogSearch): number {
	const chosen = facetNames.reduce(
		(sum, name) => sum + (search[name]?.split("~").length ?? 0),
		0,
	);
	return chosen + (search.fits === true ? 1 : 0);
}
