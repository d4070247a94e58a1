import type { FacetName } from "../api/catalog-types.ts";
import { formatWord } from "../components/quantities.ts";

export const facetTitles: Readonly<Record<FacetName, string>> = {
	task: "Task",
	domain: "Domain",
	useCase: "Use case",
	industry: "Industry",
	publisher: "Publisher",
	licence: "Licence",
	commercialUse: "Commercial use",
	size: "Size",
	engine: "Engine",
};

const words: Readonly<Record<string, string>> = {
	"under-100m": "Under 100M",
	"100m-1b": "100M to 1B",
	"1b-4b": "1B to 4B",
	"4b-15b": "4B to 15B",
	"over-15b": "Over 15B",
	llama: "llama.cpp",
	onnx: "ONNX Runtime",
	none: "Not served yet",
};

/** A facet's value as people read it; names of publishers and licences stay as they are. */
export function facetLabel(name: FacetName, value: string): string {
	if (name === "publisher" || name === "licence") return value;
	return words[value] ?? formatWord(value);
}
