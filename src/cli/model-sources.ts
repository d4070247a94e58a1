import {
	catalogCopiesDirectory,
	modelsDirectory,
} from "../config/data-directory.ts";
import { toEnvironmentName } from "../config/option.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import type { ModelCache } from "../models/cache/model-cache.ts";
import { catalogNames } from "../models/catalog/catalog-names.ts";
import {
	type CatalogSource,
	catalogSources,
} from "../models/catalog/catalog-sources.ts";
import type { HubSettings } from "../models/hub/hub-settings.ts";
import {
	diskFiles,
	formatModelReference,
	type ModelReference,
	parseModelReference,
} from "../models/model-reference.ts";

/** Where models are looked for: the cache of this machine, and the hub unless the network is off. */
export interface ModelSources {
	cache: ModelCache;
	hub: HubSettings;
	isOffline: boolean;
}

type SourceConfig = Pick<
	ServiceConfig,
	| "cacheDir"
	| "offline"
	| "hfEndpoint"
	| "hfMirrors"
	| "hfToken"
	| "aliases"
	| "allowHttp"
>;

/** Loaded when needed: a model that is given as a file needs neither a cache nor a hub. */
export async function openModelSources(
	config: SourceConfig,
): Promise<ModelSources> {
	const [{ ModelCache }, { hubCacheDirectory, readHubSettings }] =
		await Promise.all([
			import("../models/cache/model-cache.ts"),
			import("../models/hub/hub-settings.ts"),
		]);
	return {
		cache: new ModelCache(cacheDirectory(config), {
			hubCaches: [hubCacheDirectory(process.env)],
		}),
		hub: readHubSettings(process.env, {
			endpoint: config.hfEndpoint,
			mirrors: config.hfMirrors,
			token: config.hfToken,
		}),
		isOffline: config.offline,
	};
}

export function cacheDirectory({
	cacheDir,
}: Pick<ServiceConfig, "cacheDir">): string {
	return cacheDir ?? modelsDirectory(process.env);
}

/** Where the catalog's entries are read: a team's own sources before those that come with Galley. */
export function configuredCatalog({
	catalog,
}: Pick<ServiceConfig, "catalog">): CatalogSource[] {
	return catalogSources(catalog, catalogCopiesDirectory(process.env));
}

/** A MODEL argument, with the configuration's own names for models. */
export function parseConfiguredReference(
	text: string,
	config: Pick<ServiceConfig, "aliases" | "allowHttp" | "catalog">,
): ModelReference {
	const { aliases, allowHttp } = config;
	return parseModelReference(text, diskFiles, {
		aliases: new Map(
			aliases.map((pair) => {
				const at = pair.indexOf("=");
				return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
			}),
		),
		isHttpAllowed: allowHttp,
		catalog: catalogNames(configuredCatalog(config)),
	});
}

/** The MODEL argument that means the same to another command, whatever its configuration calls the model. */
export function modelArgument(reference: ModelReference): string {
	return "path" in reference ? reference.path : formatModelReference(reference);
}

/** Variables for a command of ours that is to come to the same models: what must not stand in flags. */
export function secretsOf({
	hfToken,
}: Pick<ServiceConfig, "hfToken">): Record<string, string> {
	return hfToken === null ? {} : { [toEnvironmentName("hfToken")]: hfToken };
}
