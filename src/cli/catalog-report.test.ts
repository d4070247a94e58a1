import { describe, expect, it } from "vitest";
import { Catalog, type CatalogItem } from "../models/catalog/catalog.ts";
import { itemOf } from "../models/catalog/testing/entries.ts";
import { formatCard, formatFound } from "./catalog-report.ts";

const plain = (_: string, text: string) => text;
const catalog = new Catalog(
	[
		itemOf(),
		itemOf({
			id: "hostile",
			name: "Hostile\u001b[2J",
			card: {
				...itemOf().card,
				background: "\u001b[31mred\u0007 and\u001b]0;title",
				benchmarks: [
					{
						name: "MMLU",
						value: 61.5,
						metric: "accuracy, %",
						source: "https://example.org",
					},
				],
			},
		}),
		itemOf({
			id: "speech",
			parameters: "unknown",
			contextLength: null,
			served: { engine: "none", note: "Not yet served by Galley: soon." },
		}),
	],
	{ availableBytes: () => 16 * 1024 ** 3 },
);

describe("the catalog in a terminal", () => {
	it("is a table of what was found, with what would fit", () => {
		const text = formatFound(catalog.search({ limit: 2 }), "", plain);
		expect(text).toMatch(/^ID +TASKS +SIZE +CONTEXT +LICENCE +HERE/);
		expect(text).toContain("2 of 3 shown");
		expect(text).toMatch(/tiny-chat .*fits: q4_k_m about/);
		expect(
			formatFound(catalog.search({ task: ["code"] }), "", plain),
		).toContain("Nothing in the catalog matches");
		expect(
			formatFound(
				catalog.search({ words: "tiny nonsense" }),
				"tiny nonsense",
				plain,
			),
		).toContain('No entry has all of "tiny nonsense"');
	});

	it("shows a card with figures and their sources", () => {
		const entry = catalog.get("hostile");
		const text = entry === null ? "" : formatCard(entry, plain, 80);
		expect(text).toContain("Benchmarks, as published");
		expect(text).toMatch(/MMLU +61.5 +accuracy, % +https:\/\/example\.org/);
		expect(text).toContain("Run it: galley run hostile");
	});

	it("says whether somebody read an entry beside the publisher's text", () => {
		const cardOf = (checked: CatalogItem["checked"]) => {
			const own = new Catalog([itemOf({ checked })], {
				availableBytes: () => 16 * 1024 ** 3,
			}).get("tiny-chat");
			return own === null ? "" : formatCard(own, plain, 200);
		};
		expect(cardOf(null)).toContain("Not checked against the publisher's page.");
		expect(cardOf({ on: "2026-11-23", notFound: [] })).toContain(
			"publisher's text on 2026-11-23.",
		);
		expect(
			cardOf({ on: "2026-11-23", notFound: ["context-length", "settings"] }),
		).toContain("2026-11-23; not found there: context length, settings.");
	});

	it("lets no entry steer the terminal, painted or not", () => {
		const entry = catalog.get("hostile");
		const painted = (_: string, text: string) => `\u001b[1m${text}\u001b[22m`;
		for (const paint of [plain, painted]) {
			const text = entry === null ? "" : formatCard(entry, paint, 80);
			const foreign = text
				.replaceAll("\u001b[1m", "")
				.replaceAll("\u001b[22m", "");
			for (const control of ["\u0007", "\u001b"])
				expect(foreign).not.toContain(control);
			expect(foreign).toContain("red and");
		}
	});

	it("offers to run only what is served", () => {
		const entry = catalog.get("speech");
		const text = entry === null ? "" : formatCard(entry, plain, 80);
		expect(text).toMatch(/Served by +Not yet served by Galley: soon\./);
		expect(text).not.toContain("Run it:");
	});
});
