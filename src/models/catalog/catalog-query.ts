import { GalleyError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest-name.ts";
import type { CatalogEntry } from "./catalog-entry.ts";

/** What a catalog can be narrowed down by. The same words are query parameters of the API and flags of the command. */
export const facetNames = [
	"task",
	"domain",
	"useCase",
	"industry",
	"publisher",
	"licence",
	"commercialUse",
	"size",
	"engine",
] as const;

export type FacetName = (typeof facetNames)[number];

export const catalogSorts = [
	"relevance",
	"name",
	"size",
	"released",
	"publisher",
	"memory",
] as const;

export type CatalogSort = (typeof catalogSorts)[number];

/** Values of one facet widen the answer (chat or code), facets narrow it (chat, and Apache-2.0). */
export interface CatalogQuery
	extends Partial<Record<FacetName, readonly string[]>> {
	words?: string;
	/** Only what is estimated to fit in this machine's memory and is served. */
	fits?: boolean;
	sort?: CatalogSort;
	offset?: number;
	limit?: number;
}

/** Classes of parameters: upper bounds, the last one open. */
const sizes: readonly (readonly [string, number])[] = [
	["under-100m", 100e6],
	["100m-1b", 1e9],
	["1b-4b", 4e9],
	["4b-15b", 15e9],
	["over-15b", Number.POSITIVE_INFINITY],
];

/** In their order; `unknown` comes last. */
export const sizeNames = [...sizes.map(([name]) => name), "unknown"];

function sizeOf({ parameters }: CatalogEntry): string {
	if (parameters === "unknown") return "unknown";
	return sizes.find(([, below]) => parameters < below)?.[0] ?? "over-15b";
}

/** What an entry answers to under each facet. */
export function facetValues(
	entry: CatalogEntry,
): Readonly<Record<FacetName, readonly string[]>> {
	return {
		task: entry.tasks,
		domain: [entry.domain],
		useCase: entry.useCases,
		industry: entry.industries,
		publisher: [entry.publisher],
		licence: [entry.licence.id],
		commercialUse: [entry.licence.commercialUse],
		size: [sizeOf(entry)],
		engine: [entry.served.engine],
	};
}

const mostListed = 1000;

/**
 * Reads `?query=small+chat&task=chat&task=code&fits=true&sort=size&offset=0&limit=50`; values may also be separated by
 * commas, except publishers, whose names may hold one. Throws GalleyError `invalid_request` naming the parameter.
 */
export function parseCatalogQuery(parameters: URLSearchParams): CatalogQuery {
	const query: CatalogQuery = {};
	for (const name of new Set(parameters.keys())) {
		const values = parameters
			.getAll(name)
			.map((value) => value.trim())
			.filter((value) => value !== "");
		const [first] = values;
		if (first === undefined) continue;
		const facet = facetNames.find((known) => known === name);
		if (facet !== undefined)
			query[facet] =
				facet === "publisher"
					? values
					: values.flatMap((value) =>
							value
								.split(",")
								.map((part) => part.trim())
								.filter((part) => part !== ""),
						);
		else if (name === "query" || name === "q") query.words = values.join(" ");
		else if (name === "fits") query.fits = toFlag(first);
		else if (name === "sort") query.sort = toSort(first);
		else if (name === "offset")
			query.offset = toCount(name, first, Number.MAX_SAFE_INTEGER);
		else if (name === "limit") query.limit = toCount(name, first, mostListed);
		else throw unknownParameter(name);
	}
	return query;
}

function toFlag(text: string): boolean {
	if (/^(true|1|yes)$/i.test(text)) return true;
	if (/^(false|0|no)$/i.test(text)) return false;
	throw wrong("fits", `must be true or false, not "${text.slice(0, 40)}"`);
}

function toSort(text: string): CatalogSort {
	const sort = catalogSorts.find((known) => known === text);
	if (sort !== undefined) return sort;
	throw wrong(
		"sort",
		`must be one of ${catalogSorts.join(", ")}, not "${text.slice(0, 40)}"`,
	);
}

function toCount(name: string, text: string, most: number): number {
	const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
	if (count <= most) return count;
	throw wrong(
		name,
		`must be a whole number from 0 to ${most}, not "${text.slice(0, 40)}"`,
	);
}

function unknownParameter(name: string): GalleyError {
	const known = ["query", "fits", "sort", "offset", "limit", ...facetNames];
	const meant = nearestName(name, known);
	return wrong(
		name.slice(0, 60),
		meant === null
			? `is no parameter of the catalog; there are ${known.join(", ")}`
			: `is no parameter of the catalog; did you mean "${meant}"?`,
	);
}

function wrong(name: string, message: string): GalleyError {
	return new GalleyError(
		"invalid_request",
		`"${name}" ${message}${message.endsWith("?") ? "" : "."}`,
		{ param: name },
	);
}
