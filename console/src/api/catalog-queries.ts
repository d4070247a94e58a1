import {
	keepPreviousData,
	useInfiniteQuery,
	useQueries,
	useQuery,
} from "@tanstack/react-query";
import {
	type CatalogEntry,
	type CatalogFilter,
	type CatalogPage,
	facetNames,
	type ProfilesReport,
} from "./catalog-types.ts";
import { api } from "./http.ts";

const pageSize = 60;

/** What a filter finds, page by page; the facets are those of the whole answer. */
export function useCatalog(filter: CatalogFilter) {
	return useInfiniteQuery({
		queryKey: ["catalog", filter],
		queryFn: ({ signal, pageParam }) =>
			api.get<CatalogPage>(
				`/v1/catalog?${catalogParameters(filter, pageParam, pageSize)}`,
				{ signal },
			),
		initialPageParam: 0,
		getNextPageParam: (last, pages) => {
			const seen = pages.reduce((sum, page) => sum + page.entries.length, 0);
			const total = last.total ?? seen;
			return last.entries.length > 0 && seen < total ? seen : undefined;
		},
		placeholderData: keepPreviousData,
		staleTime: 60_000,
	});
}

export function catalogParameters(
	filter: CatalogFilter,
	offset: number,
	limit: number,
): string {
	const parameters = new URLSearchParams();
	if (filter.query) parameters.set("query", filter.query);
	for (const name of facetNames)
		for (const value of filter[name] ?? []) parameters.append(name, value);
	if (filter.fits === true) parameters.set("fits", "true");
	if (filter.sort !== undefined) parameters.set("sort", filter.sort);
	parameters.set("offset", String(offset));
	parameters.set("limit", String(limit));
	return parameters.toString();
}

function entryQuery(id: string) {
	return {
		queryKey: ["catalog-entry", id],
		queryFn: ({ signal }: { signal: AbortSignal }) =>
			api.get<CatalogEntry>(`/v1/catalog/${encodeURIComponent(id)}`, {
				signal,
			}),
		staleTime: 60_000,
	};
}

export function useCatalogEntry(id: string) {
	return useQuery(entryQuery(id));
}

export function useCatalogEntries(ids: readonly string[]) {
	return useQueries({ queries: ids.map(entryQuery) });
}

/** How a model would run on the gateway's machine; of a remote model the hub is asked, which can take seconds. */
export function useProfiles(id: string, enabled: boolean) {
	return useQuery({
		queryKey: ["profiles", id],
		queryFn: ({ signal }) =>
			api.get<ProfilesReport>(
				`/v1/catalog/${encodeURIComponent(id)}/profiles`,
				{ signal },
			),
		enabled,
		staleTime: 60_000,
		retry: false,
	});
}
