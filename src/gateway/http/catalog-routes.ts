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
			answer: async ({ url }) => ({
				body: await catalog.search(url.searchParams),
			}),
		},
		{
			method: "GET",
			path: "/v1/catalog/:id",
			scope: "read",
			answer: async ({ parameters }) => ({
				body: await entryOf(parameters.id ?? ""),
			}),
		},
		{
			method: "GET",
			path: "/v1/catalog/:id/profiles",
			scope: "read",
			async answer({ parameters: { id = "" } }) {
				await entryOf(id);
				return { body: await catalog.profiles(id) };
			},
		},
		{
			method: "GET",
			path: "/v1/fleet/services/:name/profiles",
			scope: "read",
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
