import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { OwnRoute } from "./own-route.ts";

/** Models to choose from, and how they would run on this machine. */
export interface CatalogSource {
	/** Throws GalleyError `invalid_request` for a parameter that it doesn't know. */
	search(parameters: URLSearchParams): Promise<unknown>;
	/** Null where there is no such entry. */
	get(id: string): Promise<unknown>;
	/** An id that was probably meant. */
	nearest(id: string): Promise<string | null>;
	/** The ways to run a model here, as `galley profiles MODEL --json` prints them. */
	profiles(reference: string): Promise<unknown>;
}

export interface CatalogRouteParts {
	catalog: CatalogSource;
	/** What a service of the fleet runs; null for a name that is none. */
	modelOf(service: string): string | null;
}

const words = z.string().optional();
/** For the description: the catalog itself reads them. */
const catalogQuery = z.object({
	query: words.describe("Words to look for."),
	task: words.describe("This and what follows: some, with commas between."),
	domain: words,
	useCase: words,
	industry: words,
	publisher: words,
	licence: words,
	commercialUse: words,
	size: words,
	engine: words,
	fits: z
		.enum(["true", "false"])
		.optional()
		.describe("Only what is estimated to fit in this machine's memory."),
	sort: words.describe("relevance, name, size, released, publisher or memory."),
	offset: z.int().min(0).optional(),
	limit: z.int().min(0).max(1000).optional(),
});

/** The catalog, and profiles of what stands in it and of what runs. */
export function catalogRoutes({
	catalog,
	modelOf,
}: CatalogRouteParts): OwnRoute[] {
	const entryOf = async (id: string) => {
		const entry = await catalog.get(id);
		if (entry !== null) return entry;
		const meant = await catalog.nearest(id);
		throw new GalleyError(
			"not_found",
			`The catalog has no model '${id}'.${meant === null ? "" : ` Did you mean '${meant}'?`}`,
			{ param: "id" },
		);
	};
	return [
		{
			method: "GET",
			path: "/v1/catalog",
			scope: "read",
			summary: "Models to choose from, searched and filtered",
			details: {
				query: catalogQuery,
				returns: "Entries of the catalog, and how many there are of each kind.",
			},
			answer: async ({ url }) => ({
				body: await catalog.search(url.searchParams),
			}),
		},
		{
			method: "GET",
			path: "/v1/catalog/:id",
			scope: "read",
			summary: "One entry of the catalog, with its model card",
			answer: async ({ parameters }) => ({
				body: await entryOf(parameters.id ?? ""),
			}),
		},
		{
			method: "GET",
			path: "/v1/catalog/:id/profiles",
			scope: "read",
			summary: "How a model of the catalog would run on this machine",
			details: { returns: "As `galley profiles MODEL --json` prints them." },
			async answer({ parameters: { id = "" } }) {
				await entryOf(id);
				return { body: await catalog.profiles(id) };
			},
		},
		{
			method: "GET",
			path: "/v1/fleet/services/:name/profiles",
			scope: "read",
			summary: "The ways in which a service's model can run on this machine",
			details: { returns: "As `galley profiles MODEL --json` prints them." },
			async answer({ parameters: { name = "" } }) {
				const model = modelOf(name);
				if (model === null)
					throw new GalleyError(
						"not_found",
						`There is no service '${name}' in this fleet.`,
						{ param: "name" },
					);
				return { body: await catalog.profiles(model) };
			},
		},
	];
}
