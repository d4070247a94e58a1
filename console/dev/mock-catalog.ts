import type { CatalogEntry, FacetName } from "../src/api/catalog-types.ts";
import { facetNames } from "../src/api/catalog-types.ts";
import { Chance } from "./chance.ts";

const families = [
	["Harbour", "North Quay Labs", "chat", "language"],
	["Lantern", "Lighthouse AI", "chat", "language"],
	["Sextant", "Meridian Research", "code", "code"],
	["Keel", "Shipwright Collective", "embedding", "retrieval"],
	["Spyglass", "Crow's Nest", "vision-language", "multimodal"],
	["Buoy", "Shipwright Collective", "reranking", "retrieval"],
	["Foghorn", "Lighthouse AI", "speech-recognition", "speech"],
	["Shanty", "Tidewater Audio", "speech-synthesis", "speech"],
	["Chart", "Meridian Research", "image-classification", "vision"],
] as const;

const millions = [
	22, 135, 360, 600, 1500, 3000, 4000, 7600, 8000, 14000, 32000, 70000,
];
const useCases = [
	"customer-support",
	"summarisation",
	"search",
	"agents",
	"extraction",
	"translation",
	"coding-assistant",
	"document-understanding",
];
const industries = [
	"finance",
	"healthcare",
	"retail",
	"education",
	"public-sector",
	"manufacturing",
	"telecommunications",
];
const licences = [
	["Apache-2.0", "Apache License 2.0", "allowed"],
	["MIT", "MIT License", "allowed"],
	["cc-by-nc-4.0", "Creative Commons BY-NC 4.0", "forbidden"],
	["harbour-community", "Harbour Community Licence", "conditional"],
] as const;

const gib = 1024 ** 3;
const availableBytes = 11.2 * gib;

export function mockCatalog(count: number): CatalogEntry[] {
	const chance = new Chance(7);
	const entries = [
		starter("starter-chat", "chat", 40e6),
		starter("starter-embed", "embedding", 23e6),
	];
	for (let number = 0; entries.length < count; number++)
		entries.push(made(number, chance));
	return entries;
}

function made(number: number, chance: Chance): CatalogEntry {
	const [family, publisher, task, domain] =
		families[number % families.length] ?? families[0];
	const size = chance.of(millions);
	const version = 1 + (Math.floor(number / families.length) % 9);
	const label = size >= 1000 ? `${size / 1000}B` : `${size}M`;
	const id = `${family}-${version}-${label}-${number}`.toLowerCase();
	const [licenceId, licenceName, commercialUse] = chance.of(licences);
	const isLanguage =
		domain === "language" || domain === "code" || domain === "multimodal";
	const engine =
		domain === "vision" || domain === "speech"
			? "none"
			: isLanguage
				? "llama"
				: "onnx";
	const quantisations = isLanguage
		? ["Q4_K_M", "Q8_0", "F16"]
		: ["INT8", "F32"];
	const bits: Record<string, number> = {
		Q4_K_M: 4.9,
		Q8_0: 8.5,
		F16: 16,
		INT8: 8,
		F32: 32,
	};
	const variants = quantisations.map((quantisation) => ({
		name: quantisation.toLowerCase(),
		quantisation,
		format: isLanguage ? "gguf" : "onnx",
		reference: `hf://${publisher.toLowerCase().replaceAll(/[^a-z]+/g, "-")}/${id}:${quantisation}`,
		sizeBytes: Math.round((size * 1e6 * (bits[quantisation] ?? 16)) / 8),
	}));
	const needs = variants.map(({ name, sizeBytes }) => ({
		name,
		needBytes: Math.round(sizeBytes * 1.1 + 0.4 * gib),
	}));
	const fitting = needs.find(({ needBytes }) => needBytes <= availableBytes);
	return {
		id,
		name: `${family} ${version} ${label}`,
		publisher,
		tasks: task === "code" ? ["code", "chat"] : [task],
		domain,
		useCases: chance.some(useCases, 3),
		industries: chance.some(industries, 2),
		parameters: size * 1e6,
		variants,
		licence: {
			id: licenceId,
			name: licenceName,
			url: "https://example.org/licence",
			commercialUse,
		},
		contextLength: isLanguage ? chance.of([4096, 8192, 32_768, 131_072]) : null,
		languages: isLanguage
			? chance.some(
					["en", "de", "fr", "es", "zh", "ja", "pt", "it", "hi", "ar"],
					8,
				)
			: [],
		memory: "unknown",
		settings: isLanguage ? { temperature: 0.7, topP: 0.9 } : "unknown",
		capabilities: {
			tools: isLanguage && size >= 1000,
			json: isLanguage,
			vision: domain === "multimodal",
			reasoning: isLanguage && chance.next() > 0.7,
		},
		released: `2025-${String(chance.whole(1, 12)).padStart(2, "0")}`,
		served: {
			engine,
			note:
				engine === "none" ? "No engine of Galley runs such a model yet." : null,
		},
		runBy: null,
		sources: [`https://example.org/models/${id}`],
		card: {
			background: `${family} is a family of open models by ${publisher}. This one has ${label} parameters.`,
			intendedUse: purposeOf(task),
			limits:
				"It can be wrong with confidence. It knows nothing of what happened after its training, and smaller sizes follow long instructions less well.",
			inputs: isLanguage
				? "Text, in the family's chat format."
				: "Text or sound, as the task has it.",
			outputs: isLanguage ? "Text." : "Numbers.",
			trainingData: "unknown",
			benchmarks: isLanguage
				? [
						{
							name: "MMLU",
							value: Math.round(350 + Math.log10(size) * 100) / 10,
							metric: "5-shot accuracy",
							source: "https://example.org/card",
						},
						{
							name: "GSM8K",
							value: Math.round(180 + Math.log10(size) * 140) / 10,
							metric: "8-shot accuracy",
							source: "https://example.org/card",
						},
						{
							name: "HumanEval",
							value: Math.round(150 + Math.log10(size) * 120) / 10,
							metric: "pass@1",
							source: "https://example.org/card",
						},
					]
				: [],
			safety:
				"Filter what it writes before you act on it. No evaluation of bias is published.",
		},
		origin: "galley",
		fit: {
			verdict:
				engine === "none"
					? "not-served"
					: fitting === undefined
						? "too-big"
						: "fits",
			variant: (fitting ?? needs[0])?.name ?? null,
			needBytes: (fitting ?? needs[0])?.needBytes ?? null,
			availableBytes,
			variants: needs,
		},
	};
}

function purposeOf(task: string): string {
	const uses: Record<string, string> = {
		chat: "General assistance: answering questions, summarising, rewriting, structured extraction, and calling tools in agents.",
		code: "Writing and completing code in some thirty languages, explaining it, and filling in the middle of a file.",
		embedding:
			"Vectors for search and retrieval over passages of up to five hundred words, and for clustering.",
		reranking:
			"Ordering passages by how well they answer a question, as the second stage of retrieval.",
		"vision-language":
			"Questions about pictures, documents and charts; reading text from scans.",
		"speech-recognition":
			"Writing down speech in several languages, with times of words.",
		"speech-synthesis": "Reading text aloud in several voices.",
		"image-classification":
			"Naming what a picture shows, from a thousand classes.",
	};
	return uses[task] ?? "General use.";
}

function starter(id: string, task: string, parameters: number): CatalogEntry {
	const made1 = made(task === "chat" ? 0 : 3, new Chance(1));
	const variants = [
		{
			name: "q8_0",
			quantisation: "Q8_0",
			format: "gguf",
			reference: id,
			sizeBytes: Math.round(parameters * 1.06),
		},
	];
	const needBytes = 420 * 1024 ** 2;
	return {
		...made1,
		id,
		name: id === "starter-chat" ? "Starter Chat" : "Starter Embed",
		publisher: "Galley",
		tasks: [task],
		parameters,
		variants,
		runBy: "galley",
		licence: {
			id: "Apache-2.0",
			name: "Apache License 2.0",
			url: "https://www.apache.org/licenses/LICENSE-2.0",
			commercialUse: "allowed",
		},
		fit: {
			verdict: "fits",
			variant: "q8_0",
			needBytes,
			availableBytes,
			variants: [{ name: "q8_0", needBytes }],
		},
	};
}

function valuesOf(entry: CatalogEntry): Record<FacetName, readonly string[]> {
	const { parameters } = entry;
	const size =
		parameters === "unknown"
			? "unknown"
			: parameters < 100e6
				? "under-100m"
				: parameters < 1e9
					? "100m-1b"
					: parameters < 4e9
						? "1b-4b"
						: parameters < 15e9
							? "4b-15b"
							: "over-15b";
	return {
		task: entry.tasks,
		domain: [entry.domain],
		useCase: entry.useCases,
		industry: entry.industries,
		publisher: [entry.publisher],
		licence: [entry.licence.id],
		commercialUse: [entry.licence.commercialUse],
		size: [size],
		engine: [entry.served.engine],
	};
}

export function searchMock(
	entries: readonly CatalogEntry[],
	query: URLSearchParams,
) {
	const words = (query.get("query") ?? "")
		.toLowerCase()
		.split(/\s+/)
		.filter(Boolean);
	const wanted = facetNames.map((name) => [name, query.getAll(name)] as const);
	const isFound = (entry: CatalogEntry, except: FacetName | null) => {
		const values = valuesOf(entry);
		const text =
			`${entry.name} ${entry.publisher} ${entry.tasks.join(" ")}`.toLowerCase();
		return (
			words.every((word) => text.includes(word)) &&
			(query.get("fits") !== "true" || entry.fit.verdict === "fits") &&
			wanted.every(
				([name, chosen]) =>
					name === except ||
					chosen.length === 0 ||
					values[name].some((value) => chosen.includes(value)),
			)
		);
	};
	const found = entries.filter((entry) => isFound(entry, null));
	const facets = Object.fromEntries(
		facetNames.map((name) => {
			const counts = new Map<string, number>();
			for (const entry of entries)
				if (isFound(entry, name))
					for (const value of valuesOf(entry)[name])
						counts.set(value, (counts.get(value) ?? 0) + 1);
			return [
				name,
				[...counts]
					.map(([value, count]) => ({ value, count }))
					.sort((left, right) => right.count - left.count),
			];
		}),
	);
	const sorts: Record<
		string,
		(left: CatalogEntry, right: CatalogEntry) => number
	> = {
		name: (left, right) => left.name.localeCompare(right.name),
		size: (left, right) => Number(left.parameters) - Number(right.parameters),
		released: (left, right) => right.released.localeCompare(left.released),
		publisher: (left, right) => left.publisher.localeCompare(right.publisher),
		memory: (left, right) =>
			(left.fit.needBytes ?? 0) - (right.fit.needBytes ?? 0),
	};
	const sort = sorts[query.get("sort") ?? ""];
	if (sort !== undefined) found.sort(sort);
	const offset = Number(query.get("offset") ?? 0);
	const limit = Number(query.get("limit") ?? found.length);
	return {
		entries: found.slice(offset, offset + limit),
		total: found.length,
		facets,
		fitting: found.filter(({ fit }) => fit.verdict === "fits").length,
		isLoose: false,
	};
}

export function mockProfiles(entry: CatalogEntry) {
	const profiles = entry.variants.map(({ quantisation, reference }, place) => {
		const need = entry.fit.variants[place]?.needBytes ?? 0;
		const fit =
			need <= availableBytes
				? "compatible"
				: need < availableBytes * 1.5
					? "low-memory"
					: "incompatible";
		return {
			fit,
			id: `${place}`.repeat(64),
			name: `${entry.served.engine}-${quantisation.toLowerCase()}-cpu`,
			source: reference,
			device: "cpu",
			reason:
				fit === "compatible"
					? null
					: fit === "low-memory"
						? "It fits with --max-model-len 2048."
						: "Its weights alone are more than this machine's memory.",
			advice: null,
			profile:
				fit === "incompatible"
					? null
					: {
							settings: { contextLength: 8192, maxSequences: 16 },
							memory: { totalBytes: need, availableBytes },
							explanation: "It fits.",
						},
		};
	});
	return {
		reference: entry.id,
		isRemote: true,
		hardware: {
			cpu: { model: "AMD EPYC 9354P", physicalCores: 8 },
			memory: { totalBytes: 16 * gib, availableBytes },
			gpus: [],
		},
		profiles,
		chosen: profiles.find(({ fit }) => fit === "compatible") ?? null,
		failure: null,
		warnings: [],
	};
}
