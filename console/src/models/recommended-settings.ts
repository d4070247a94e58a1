import type { CatalogEntry } from "../api/catalog-types.ts";

/** The catalog's names of sampling settings, and the API's. */
const names: Readonly<Record<string, string>> = {
	temperature: "temperature",
	topP: "top_p",
	topK: "top_k",
	minP: "min_p",
	repetitionPenalty: "repetition_penalty",
	presencePenalty: "presence_penalty",
	frequencyPenalty: "frequency_penalty",
};

/** What the publisher recommends to sample with, as requests say it. */
export function recommendedSettings({
	settings,
}: Pick<CatalogEntry, "settings">): Record<string, number> {
	if (settings === "unknown") return {};
	return Object.fromEntries(
		Object.entries(settings).flatMap(([name, value]) => {
			const asked = names[name];
			return asked === undefined || typeof value !== "number"
				? []
				: [[asked, value]];
		}),
	);
}
