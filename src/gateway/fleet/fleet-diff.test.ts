import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeDiff, diffFleets, type NamedDiff } from "./fleet-diff.ts";
import { type Fleet, readFleetFile } from "./fleet-file.ts";

const names = ["a", "b", "c", "d", "e"];

const service = fc.record(
	{
		name: fc.constantFrom(...names),
		model: fc.constantFrom("fake:", "starter-chat"),
		replicas: fc.integer({ min: 1, max: 3 }),
		start: fc.constantFrom("always", "on-demand"),
	},
	{ requiredKeys: ["name"] },
);
const application = fc.constantFrom(
	"rag-chatbot",
	{ name: "rag-chatbot", port: 9000 },
	{ name: "rag-chatbot", environment: { FOUND: "3" } },
);
const upstream = fc.record({
	name: fc.constantFrom("x", "y"),
	url: fc.constantFrom("http://one.example", "http://two.example"),
	models: fc.constantFrom(["m"], ["m", "n"]),
});

/** Fleets as files have them. */
const fleets: fc.Arbitrary<Fleet> = fc
	.record({
		services: fc.uniqueArray(service, { selector: ({ name }) => name }),
		upstreams: fc.array(upstream, { maxLength: 1 }),
		applications: fc.array(application, { maxLength: 1 }),
		gateway: fc.record({ coldStartSeconds: fc.constantFrom(1, 2) }),
	})
	.map((file) => readFleetFile(JSON.stringify(file)).fleet as Fleet);

const sorted = <Item extends { name: string }>(items: readonly Item[]) =>
	[...items].sort((left, right) => left.name.localeCompare(right.name));

function applyDiff<Item extends { name: string }>(
	before: readonly Item[],
	{ added, removed, changed }: NamedDiff<Item>,
): Item[] {
	const kept = before
		.filter(({ name }) => !removed.includes(name))
		.map((item) => changed.find(({ name }) => name === item.name) ?? item);
	return sorted([...kept, ...added]);
}

describe("the difference between two fleets", () => {
	test("turns the one into the other, and touches nothing that is the same", () => {
		fc.assert(
			fc.property(fleets, fleets, (before, after) => {
				const { services, applications } = diffFleets(before, after);
				expect(applyDiff(before.services, services)).toEqual(
					sorted(after.services),
				);
				expect(applyDiff(before.applications, applications)).toEqual(
					sorted(after.applications),
				);
				for (const item of services.changed)
					expect(
						before.services.some((old) => isDeepStrictEqual(old, item)),
					).toBe(false);
			}),
		);
	});

	test("there is none from a fleet to itself, in whatever order its services stand", () => {
		fc.assert(
			fc.property(fleets, (fleet) => {
				const turned = { ...fleet, services: [...fleet.services].reverse() };
				expect(describeDiff(diffFleets(fleet, turned))).toEqual([]);
			}),
		);
	});

	test("back is the other way round", () => {
		fc.assert(
			fc.property(fleets, fleets, (before, after) => {
				const there = diffFleets(before, after);
				const back = diffFleets(after, before);
				expect(sorted(back.services.added).map(({ name }) => name)).toEqual(
					[...there.services.removed].sort(),
				);
				expect(back.upstreams.toSorted()).toEqual(there.upstreams.toSorted());
				expect(describeDiff(back).length).toBe(describeDiff(there).length);
			}),
		);
	});

	test("is told in words; what only a new start can change is said to be so", () => {
		const fleet = (text: string) => readFleetFile(text).fleet as Fleet;
		const before = fleet(`
gateway: { port: 8000 }
services: [{ name: a }, { name: b }]
aliases: { one: a }
`);
		const after = fleet(`
gateway: { port: 9000 }
services: [{ name: b, replicas: 2 }, { name: c }]
aliases: { one: b }
applications: [rag-chatbot]
`);
		expect(describeDiff(diffFleets(before, after))).toEqual([
			"service c added",
			"service a removed",
			"service b changed",
			"application rag-chatbot added",
			"alias one changed",
			"gateway.port changed: takes effect when the gateway is started again",
		]);
	});
});
