import type { ServiceConfig } from "../config/service-config.ts";
import { GalleyError } from "../core/errors.ts";
import type { CachedModel, ModelCache } from "../models/cache/model-cache.ts";
import {
	formatModelReference,
	type ModelReference,
} from "../models/model-reference.ts";
import { parseConfiguredReference } from "./model-sources.ts";

/** The models of the cache that a MODEL argument names: one, or all of a repository when it names no file of it. */
export async function findCached(
	text: string,
	cache: ModelCache,
	config: Pick<ServiceConfig, "aliases" | "allowHttp" | "catalog">,
): Promise<readonly CachedModel[]> {
	const reference = parseConfiguredReference(text, config);
	if (reference.kind !== "hub" && reference.kind !== "url") {
		throw new GalleyError(
			"invalid_request",
			`"${text}" does not lie in the cache: it is ${whatItIs(reference)}.`,
		);
	}
	if (reference.kind === "hub" && reference.selector === null) {
		const { repository, revision } = reference;
		const found = (await cache.list()).filter(
			(model) =>
				model.repository?.toLowerCase() === repository.toLowerCase() &&
				(revision === null || model.revision.startsWith(revision)),
		);
		if (found.length > 0) return found;
	}
	const found = await cache.find(reference);
	if (found !== null) return [found];
	throw new GalleyError(
		"model_not_found",
		`"${formatModelReference(reference)}" is not in the cache. galley list shows what is.`,
	);
}

/** As `findCached`, for what is done to one model alone. */
export async function findOneCached(
	text: string,
	cache: ModelCache,
	config: Pick<ServiceConfig, "aliases" | "allowHttp" | "catalog">,
): Promise<CachedModel> {
	const found = await findCached(text, cache, config);
	const [only] = found;
	if (only !== undefined && found.length === 1) return only;
	throw new GalleyError(
		"invalid_request",
		`"${text}" is in the cache ${found.length} times; name one: ${found.map(({ reference }) => reference).join(", ")}.`,
	);
}

function whatItIs({ kind }: ModelReference): string {
	switch (kind) {
		case "starter":
			return "a part of Galley";
		case "fake":
			return "an engine without weights";
		default:
			return "a file of your own";
	}
}
