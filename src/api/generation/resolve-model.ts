import { GalleyError } from "../../core/errors.ts";
import type {
	LanguageService,
	ModelEntry,
} from "../../core/language-service.ts";

/** The model asked for; the base model when none is named, as in vLLM. */
export function resolveModel(
	service: LanguageService,
	name: string | null | undefined,
): ModelEntry {
	if (name === undefined || name === null) return service.model;
	const entries = service.models();
	const found = entries.find((entry) => entry.id === name);
	if (found !== undefined) return found;
	const available = entries.map((entry) => `'${entry.id}'`).join(", ");
	const message = `The model '${name.slice(0, 200)}' does not exist here. Available: ${available}.`;
	throw new GalleyError("model_not_found", message, { param: "model" });
}
