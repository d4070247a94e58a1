import { expect, test } from "vitest";
import { catalogParameters } from "../api/catalog-queries.ts";
import {
	catalogSearch,
	countFilters,
	toFilter,
	toggleFacet,
} from "./catalog-search.ts";

test("an address keeps what is known and drops the rest", () => {
	expect(
		catalogSearch({
			task: "chat~code",
			fits: true,
			sort: "size",
			query: "small",
			colour: "red",
			domain: 3,
		}),
	).toEqual({
		task: "chat~code",
		fits: true,
		sort: "size",
		query: "small",
	});
	expect(catalogSearch({ sort: "relevance", fits: "yes" })).toEqual({});
});

test("a value taken in and out again leaves no trace", () => {
	const one = toggleFacet({}, "publisher", "Ships, Ltd");
	const two = toggleFacet(one, "publisher", "Quay");
	expect(countFilters(two)).toBe(2);
	expect(toFilter(two).publisher).toEqual(["Ships, Ltd", "Quay"]);
	expect(
		toggleFacet(
			toggleFacet(two, "publisher", "Quay"),
			"publisher",
			"Ships, Ltd",
		),
	).toEqual({});
});

test("the gateway is asked with a parameter a value", () => {
	expect(
		catalogParameters(
			{ task: ["chat", "code"], fits: true, query: "a b" },
			60,
			60,
		),
	).toBe("query=a+b&task=chat&task=code&fits=true&offset=60&limit=60");
});
