import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Catalog, type CatalogItem } from "./catalog.ts";
import { catalogTaskNames } from "./catalog-entry.ts";
import {
	type CatalogQuery,
	catalogSorts,
	facetNames,
} from "./catalog-query.ts";
import { itemOf } from "./testing/entries.ts";

const machine = { availableBytes: () => 8 * 1024 ** 3 };

const itemArbitrary: fc.Arbitrary<CatalogItem> = fc
	.record({
		id: fc.stringMatching(/^[a-z]{1,4}[0-9]{0,2}$/),
		publisher: fc.constantFrom("Acme", "Bolt", "Cogs, Inc."),
		tasks: fc.uniqueArray(fc.constantFrom(...catalogTaskNames), {
			minLength: 1,
			maxLength: 3,
		}),
		domain: fc.constantFrom(
			"language" as const,
			"code" as const,
			"speech" as const,
		),
		useCases: fc.uniqueArray(fc.constantFrom("assistant", "coding", "search"), {
			maxLength: 2,
		}),
		parameters: fc.oneof(
			fc.constant("unknown" as const),
			fc.integer({ min: 1e6, max: 1e11 }),
		),
		released: fc.constantFrom("unknown", "2024-01", "2025-04-29"),
		engine: fc.constantFrom("llama" as const, "none" as const),
	})
	.map(({ engine, ...rest }) =>
		itemOf({ ...rest, name: rest.id, served: { engine, note: null } }),
	);

const itemsArbitrary = fc.uniqueArray(itemArbitrary, {
	selector: ({ id }) => id,
	maxLength: 24,
});

const queryArbitrary: fc.Arbitrary<CatalogQuery> = fc.record(
	{
		words: fc.constantFrom("", "a", "assistant", "acme code", "zzz"),
		task: fc.subarray([...catalogTaskNames]),
		publisher: fc.subarray(["Acme", "Bolt", "Cogs, Inc."]),
		domain: fc.subarray(["language", "code", "speech"]),
		size: fc.subarray(["under-100m", "1b-4b", "unknown"]),
		fits: fc.boolean(),
		sort: fc.constantFrom(...catalogSorts),
	},
	{ requiredKeys: [] },
);

describe("a search of the catalog", () => {
	it("gives only what was asked for, each entry once", () => {
		fc.assert(
			fc.property(itemsArbitrary, queryArbitrary, (items, query) => {
				const { entries, total } = new Catalog(items, machine).search(query);
				expect(entries).toHaveLength(total);
				expect(new Set(entries.map(({ id }) => id)).size).toBe(total);
				for (const entry of entries) {
					if (query.fits === true) expect(entry.fit.verdict).toBe("fits");
					if (query.publisher?.length)
						expect(query.publisher).toContain(entry.publisher);
					if (query.domain?.length)
						expect(query.domain).toContain(entry.domain);
					if (query.task?.length)
						expect(entry.tasks.some((task) => query.task?.includes(task))).toBe(
							true,
						);
				}
			}),
		);
	});

	it("counts for each facet's value what would be found with it", () => {
		fc.assert(
			fc.property(itemsArbitrary, queryArbitrary, (items, query) => {
				const catalog = new Catalog(items, machine);
				const { facets } = catalog.search(query);
				for (const name of facetNames)
					for (const { value, count } of facets[name])
						expect(catalog.search({ ...query, [name]: [value] }).total).toBe(
							count,
						);
			}),
			{ numRuns: 30 },
		);
	});

	it("gives pages that are the whole, cut", () => {
		fc.assert(
			fc.property(
				itemsArbitrary,
				queryArbitrary,
				fc.integer({ min: 1, max: 7 }),
				(items, query, limit) => {
					const catalog = new Catalog(items, machine);
					const whole = catalog.search(query).entries.map(({ id }) => id);
					const paged: string[] = [];
					for (let offset = 0; offset < whole.length; offset += limit)
						paged.push(
							...catalog
								.search({ ...query, offset, limit })
								.entries.map(({ id }) => id),
						);
					expect(paged).toEqual(whole);
				},
			),
		);
	});

	it("doesn't depend on the order of the entries", () => {
		fc.assert(
			fc.property(itemsArbitrary, queryArbitrary, (items, query) => {
				const ids = (list: CatalogItem[]) =>
					new Catalog(list, machine).search(query).entries.map(({ id }) => id);
				expect(ids([...items].reverse())).toEqual(ids(items));
			}),
		);
	});

	it("sorts what is unknown to the end", () => {
		const catalog = new Catalog(
			[
				itemOf({ id: "a", parameters: "unknown", released: "unknown" }),
				itemOf({ id: "b", parameters: 9e9, released: "2024-01" }),
				itemOf({ id: "c", parameters: 1e9, released: "2025-04-29" }),
			],
			machine,
		);
		const ids = (sort: CatalogQuery["sort"]) =>
			catalog
				.search(sort === undefined ? {} : { sort })
				.entries.map(({ id }) => id);
		expect(ids("size")).toEqual(["c", "b", "a"]);
		expect(ids("released")).toEqual(["c", "b", "a"]);
		expect(ids("memory")).toEqual(["c", "b", "a"]);
	});

	it("knows an entry by its id, with what this machine makes of it", () => {
		const catalog = new Catalog([itemOf()], machine);
		expect(catalog.get("tiny-chat")).toMatchObject({
			id: "tiny-chat",
			fit: { verdict: "fits", availableBytes: 8 * 1024 ** 3 },
		});
		expect(catalog.get("toString")).toBeNull();
		expect(catalog.nearest("tiny-chta")).toBe("tiny-chat");
	});
});
