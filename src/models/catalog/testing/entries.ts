import type { CatalogItem } from "../catalog.ts";
import type { CatalogEntry } from "../catalog-entry.ts";

/** An entry that is right; tests change what they are about. */
export function entryOf(changes: Partial<CatalogEntry> = {}): CatalogEntry {
	return {
		id: "tiny-chat",
		name: "Tiny Chat",
		publisher: "Acme",
		tasks: ["chat"],
		domain: "language",
		useCases: ["assistant"],
		industries: ["general"],
		parameters: 1_000_000_000,
		variants: [
			{
				name: "q4_k_m",
				quantisation: "Q4_K_M",
				format: "gguf",
				reference: "hf://acme/tiny-chat-GGUF:Q4_K_M",
				sizeBytes: null,
			},
		],
		licence: {
			id: "Apache-2.0",
			name: "Apache License 2.0",
			url: "https://www.apache.org/licenses/LICENSE-2.0",
			commercialUse: "allowed",
		},
		contextLength: 4096,
		languages: ["en"],
		memory: "unknown",
		settings: "unknown",
		capabilities: { tools: false, json: true, vision: false, reasoning: false },
		released: "unknown",
		served: { engine: "llama", note: null },
		runBy: null,
		sources: ["https://example.org/tiny-chat"],
		checked: null,
		card: {
			background: "unknown",
			intendedUse: "unknown",
			limits: "unknown",
			inputs: "Text.",
			outputs: "Text.",
			trainingData: "unknown",
			benchmarks: [],
			safety: "unknown",
		},
		...changes,
	};
}

export function itemOf(changes: Partial<CatalogItem> = {}): CatalogItem {
	return { ...entryOf(), origin: "galley", ...changes };
}

/** The same as a file of a catalog has it: JSON is YAML. */
export function yamlOf(changes: Partial<CatalogEntry> = {}): string {
	return `${Object.entries(entryOf(changes))
		.map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
		.join("\n")}\n`;
}
