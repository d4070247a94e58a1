import { GalleyError } from "../../core/errors.ts";
import type { ModelEntry } from "../../core/language-service.ts";
import { nearestName } from "../../core/nearest-name.ts";
import type { ServedModel } from "../api-context.ts";

/** An error lists so many names at most: there may be thousands of adapters. */
const shownNames = 20;

/** The model asked for; the base model when none is named, as in vLLM. */
export function resolveModel(
	service: Pick<ServedModel, "model" | "models">,
	name: string | null | undefined,
): ModelEntry {
	if (name === undefined || name === null) return service.model;
	const entries = service.models?.() ?? [service.model];
	const found = entries.find((entry) => entry.id === name);
	if (found !== undefined) return found;
	throw unknownModel(name, entries, "model");
}

export function unknownModel(
	name: string,
	entries: readonly ModelEntry[],
	param: string,
): GalleyError {
	const names = entries.map(({ id }) => id);
	const nearest = nearestName(name, names);
	const meant = nearest === null ? "" : ` Did you mean '${nearest}'?`;
	const shown = names.slice(0, shownNames).map((id) => `'${id}'`);
	const rest = names.length - shown.length;
	const more = rest > 0 ? ` and ${rest} more` : "";
	const list = shown.length === 0 ? "none" : shown.join(", ") + more;
	const message = `The model '${name.slice(0, 200)}' does not exist here.${meant} Available: ${list}.`;
	return new GalleyError("model_not_found", message, { param });
}
