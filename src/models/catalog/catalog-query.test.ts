import { describe, expect, it } from "vitest";
import { facetValues, parseCatalogQuery } from "./catalog-query.ts";
import { entryOf } from "./testing/entries.ts";

const parse = (text: string) => parseCatalogQuery(new URLSearchParams(text));

describe("a question to the catalog", () => {
	it("is read from an address's parameters", () => {
		expect(
			parse(
				"query=small+chat&task=chat,code&task=embedding&publisher=Acme,%20Inc.&fits=true&sort=size&offset=20&limit=10",
			),
		).toEqual({
			words: "small chat",
			task: ["chat", "code", "embedding"],
			publisher: ["Acme, Inc."],
			fits: true,
			sort: "size",
			offset: 20,
			limit: 10,
		});
		expect(parse("query=&task=&sort=")).toEqual({});
	});

	it("is told which parameter is wrong", () => {
		for (const [text, message] of [
			["sort=best", '"sort" must be one of relevance, name'],
			["fits=perhaps", '"fits" must be true or false'],
			["limit=1001", '"limit" must be a whole number from 0 to 1000'],
			["offset=-1", '"offset" must be a whole number'],
			[
				"tasks=chat",
				'"tasks" is no parameter of the catalog; did you mean "task"?',
			],
		] as const)
			expect(() => parse(text)).toThrow(message);
		expect(() => parse("__proto__=1")).toThrow("is no parameter");
	});

	it("knows classes of sizes by their parameters", () => {
		const sizeOf = (parameters: number | "unknown") =>
			facetValues(entryOf({ parameters })).size[0];
		expect(
			[99e6, 100e6, 999e6, 1e9, 4e9, 15e9].map((count) => sizeOf(count)),
		).toEqual([
			"under-100m",
			"100m-1b",
			"100m-1b",
			"1b-4b",
			"4b-15b",
			"over-15b",
		]);
		expect(sizeOf("unknown")).toBe("unknown");
	});
});
