import { nearestName } from "../../core/nearest-name.ts";
import { type CatalogEntry, catalogTasks } from "./catalog-entry.ts";
import { type CatalogFit, fitTeller } from "./catalog-fit.ts";
import {
	type CatalogQuery,
	type CatalogSort,
	type FacetName,
	facetNames,
	facetValues,
	sizeNames,
} from "./catalog-query.ts";
import type { CatalogProblem } from "./parse-entries.ts";
import { type WeighedText, WordIndex } from "./word-index.ts";

/** An entry, and where it was read. */
export interface CatalogItem extends CatalogEntry {
	/** `galley` for those that come with it, else the folder or the address. */
	origin: string;
}

/** An entry as it is answered: with what this machine makes of it. */
export interface CatalogMatch extends CatalogItem {
	fit: CatalogFit;
}

export interface FacetCount {
	value: string;
	/** Entries that would be found with this value and all that is asked of the other facets. */
	count: number;
}

export interface CatalogSearchResult {
	entries: CatalogMatch[];
	/** Of all that were found, not only of those on this page. */
	total: number;
	facets: Readonly<Record<FacetName, FacetCount[]>>;
	/** How many of those found would fit here, whether that was asked or not. */
	fitting: number;
	/** No entry has all the words that were asked; these have most of them. */
	isLoose: boolean;
}

interface Indexed {
	item: CatalogItem;
	values: Readonly<Record<FacetName, readonly string[]>>;
	fitIn(availableBytes: number): CatalogFit;
	/** Sorted by; in small letters. */
	name: string;
	publisher: string;
}

interface Candidate {
	indexed: Indexed;
	item: CatalogItem;
	fit: CatalogFit;
	score: number;
}

export interface CatalogMachine {
	/** What a model could take of the memory now. */
	availableBytes(): number;
}

/** Models to choose from: searched by words and facets, pure but for the memory it is told of. */
export class Catalog {
	/** What could not be read; the entries are those that could. */
	readonly problems: readonly CatalogProblem[];
	readonly #entries: readonly Indexed[];
	readonly #byId: ReadonlyMap<string, Indexed>;
	readonly #index: WordIndex;
	readonly #machine: CatalogMachine;

	constructor(
		items: readonly CatalogItem[],
		machine: CatalogMachine,
		problems: readonly CatalogProblem[] = [],
	) {
		this.problems = problems;
		this.#machine = machine;
		this.#entries = items.map((item) => ({
			item,
			values: facetValues(item),
			fitIn: fitTeller(item),
			name: item.name.toLowerCase(),
			publisher: item.publisher.toLowerCase(),
		}));
		this.#byId = new Map(
			this.#entries.map((indexed) => [indexed.item.id, indexed]),
		);
		this.#index = new WordIndex(items.map(textsOf));
	}

	get size(): number {
		return this.#entries.length;
	}

	get(id: string): CatalogMatch | null {
		const indexed = this.#byId.get(id);
		return indexed === undefined
			? null
			: {
					...indexed.item,
					fit: indexed.fitIn(this.#machine.availableBytes()),
				};
	}

	/** An id that was probably meant. */
	nearest(id: string): string | null {
		return nearestName(id, this.#byId.keys());
	}

	search(query: CatalogQuery = {}): CatalogSearchResult {
		const words = this.#index.find(query.words ?? "");
		const availableBytes = this.#machine.availableBytes();
		const wanted = facetNames.flatMap((name) => {
			const values = wantedValues(query[name]);
			return values === null ? [] : [{ name, values }];
		});
		const counts = facetNames.map((name) => ({
			name,
			ofValue: new Map<string, number>(),
		}));
		const candidates: Candidate[] = [];
		let fitting = 0;
		for (const { position, score } of words?.found ??
			this.#entries.map((_, position) => ({ position, score: 0 }))) {
			const indexed = this.#entries[position];
			if (indexed === undefined) continue;
			const { item, values } = indexed;
			const failed = wanted.filter(
				(facet) =>
					!values[facet.name].some((value) =>
						facet.values.has(value.toLowerCase()),
					),
			);
			// A facet is counted without its own choice, so that a second value can be seen before it is added.
			if (failed.length > 1) continue;
			const fit = indexed.fitIn(availableBytes);
			const isFitting = fit.verdict === "fits";
			if (query.fits === true && !isFitting) continue;
			for (const { name, ofValue } of counts) {
				if (failed.length === 1 && failed[0]?.name !== name) continue;
				for (const value of values[name])
					ofValue.set(value, (ofValue.get(value) ?? 0) + 1);
			}
			if (failed.length > 0) continue;
			if (isFitting) fitting++;
			candidates.push({ indexed, item, fit, score });
		}
		candidates.sort(comparison(query.sort ?? "relevance"));
		const offset = query.offset ?? 0;
		return {
			entries: candidates
				.slice(offset, offset + (query.limit ?? candidates.length))
				.map(({ item, fit }) => ({ ...item, fit })),
			total: candidates.length,
			facets: toFacets(counts),
			fitting,
			isLoose: words?.isLoose ?? false,
		};
	}
}

function wantedValues(
	values: readonly string[] | undefined,
): ReadonlySet<string> | null {
	return values === undefined || values.length === 0
		? null
		: new Set(values.map((value) => value.toLowerCase()));
}

/** What an entry is found by, the most telling first. */
function textsOf(item: CatalogItem): WeighedText[] {
	const { card } = item;
	return [
		{ text: item.id, weight: 12, isName: true },
		{ text: item.name, weight: 12, isName: true },
		{ text: item.publisher, weight: 8 },
		{ text: item.tasks.join(" "), weight: 8, isName: true },
		{
			text: item.tasks.map((task) => catalogTasks[task]).join(" "),
			weight: 6,
			isName: true,
		},
		{ text: item.domain, weight: 5 },
		{ text: sizeWords(item), weight: 8 },
		{ text: item.useCases.join(" "), weight: 6 },
		{ text: item.industries.join(" "), weight: 6 },
		{ text: `${item.licence.id} ${item.licence.name}`, weight: 4 },
		{ text: capabilityWords(item), weight: 5 },
		{ text: languageNames(item), weight: 4 },
		{
			text: item.variants
				.map(({ format, quantisation }) => `${format} ${quantisation}`)
				.join(" "),
			weight: 2,
		},
		{ text: `${card.intendedUse} ${card.background}`, weight: 2 },
		{ text: `${card.inputs} ${card.outputs}`, weight: 1 },
	];
}

/** What people call a size; those that fit on small machines are "small" to most. */
function sizeWords(item: CatalogItem): string {
	const [size = "unknown"] = facetValues(item).size;
	const names: Readonly<Record<string, string>> = {
		"under-100m": "tiny small",
		"100m-1b": "tiny small",
		"1b-4b": "small",
		"4b-15b": "medium",
		"over-15b": "large big",
	};
	return names[size] ?? "";
}

function capabilityWords({ capabilities }: CatalogItem): string {
	return [
		capabilities.tools === true ? "tools tool function calling agent" : "",
		capabilities.reasoning === true ? "reasoning thinking" : "",
		capabilities.vision === true ? "vision image images" : "",
	].join(" ");
}

function languageNames({ languages }: CatalogItem): string {
	if (languages === "unknown") return "";
	const names = new Intl.DisplayNames(["en"], { type: "language" });
	return languages
		.map((language) =>
			language === "mul" ? "multilingual" : (names.of(language) ?? language),
		)
		.concat(languages.length > 3 ? ["multilingual"] : [])
		.join(" ");
}

function toFacets(
	counts: readonly { name: FacetName; ofValue: ReadonlyMap<string, number> }[],
): Record<FacetName, FacetCount[]> {
	const facets = counts.map(({ name, ofValue }) => {
		const found = [...ofValue].map(([value, count]) => ({ value, count }));
		found.sort(
			name === "size"
				? (left, right) =>
						sizeNames.indexOf(left.value) - sizeNames.indexOf(right.value)
				: (left, right) =>
						right.count - left.count || compare(left.value, right.value),
		);
		return [name, found] as const;
	});
	return Object.fromEntries(facets) as Record<FacetName, FacetCount[]>;
}

type Comparison = (left: Candidate, right: Candidate) => number;

/** Every order ends with the id, so that pages don't overlap. What is unknown comes last. */
function comparison(sort: CatalogSort): Comparison {
	const byId: Comparison = (left, right) =>
		compare(left.item.id, right.item.id);
	const orders: Readonly<Record<CatalogSort, Comparison>> = {
		relevance: (left, right) =>
			right.score - left.score ||
			readiness(right) - readiness(left) ||
			compareNames(left, right),
		name: compareNames,
		size: (left, right) =>
			sizeOrLast(left.item.parameters) - sizeOrLast(right.item.parameters),
		released: (left, right) =>
			compare(dateOrFirst(right.item), dateOrFirst(left.item)),
		publisher: (left, right) =>
			compare(left.indexed.publisher, right.indexed.publisher) ||
			compareNames(left, right),
		memory: (left, right) =>
			sizeOrLast(left.fit.needBytes) - sizeOrLast(right.fit.needBytes),
	};
	return (left, right) => orders[sort](left, right) || byId(left, right);
}

/** Of equals, what Galley has run itself, then what would run here, then what it serves at all. */
function readiness({ item, fit }: Candidate): number {
	return (
		(item.runBy === "galley" ? 4 : 0) +
		(fit.verdict === "fits" ? 2 : 0) +
		(item.served.engine === "none" ? 0 : 1)
	);
}

const compareNames: Comparison = (left, right) =>
	compare(left.indexed.name, right.indexed.name);

function sizeOrLast(size: number | "unknown" | null): number {
	return typeof size === "number" ? size : Number.MAX_VALUE;
}

function dateOrFirst({ released }: CatalogItem): string {
	return released === "unknown" ? "" : released;
}

function compare(left: string, right: string): number {
	return left < right ? -1 : left > right ? 1 : 0;
}
