import fc from "fast-check";
import { expect, test } from "vitest";
import { KnowledgeBase } from "./knowledge/knowledge-base.ts";
import { openEmbedded } from "./testing/open-test-databases.ts";

const keys = ["a", "b", "c"];
const names = fc.constantFrom(...keys);
const step = fc.oneof(
	fc.record({ kind: fc.constant("create" as const), who: names }),
	fc.record({
		kind: fc.constantFrom(
			"grant" as const,
			"revoke" as const,
			"write" as const,
			"remove" as const,
		),
		who: names,
		at: fc.nat(5),
		to: fc.constantFrom(...keys, "*"),
		role: fc.constantFrom("reader" as const, "writer" as const),
	}),
);

test("whatever is created, granted and taken back, a key finds what it may read and nothing else", async () => {
	const database = await openEmbedded();
	const base = new KnowledgeBase(database);
	let serial = 0;
	try {
		await fc.assert(
			fc.asyncProperty(
				fc.array(step, { minLength: 3, maxLength: 12 }),
				async (steps) => {
					await database.query("delete from collections");
					const model: {
						id: string;
						owner: string;
						grants: Map<string, string>;
					}[] = [];
					for (const action of steps) {
						const principal = { id: action.who };
						if (action.kind === "create") {
							const name = `n${serial++}`;
							const { id } = await base.collections.create(principal, {
								name,
								embeddingModel: "m",
								dimensions: 2,
							});
							await base.write(
								principal,
								id,
								{ source: "s", title: "", content: "", contentHash: name },
								[
									{
										ordinal: 0,
										headings: [],
										text: "word",
										tokens: 1,
										start: 0,
										end: 4,
										vector: [1, serial],
									},
								],
							);
							model.push({ id, owner: action.who, grants: new Map() });
							continue;
						}
						const collection = model[action.at];
						if (collection === undefined) continue;
						const { id, owner, grants } = collection;
						const isOwner = owner === action.who;
						const roles = [grants.get(action.who), grants.get("*")];
						const isAllowed =
							action.kind === "write"
								? isOwner || roles.includes("writer")
								: isOwner;
						const attempt = {
							grant: () =>
								base.collections.grant(principal, id, {
									grantee: action.to,
									role: action.role,
								}),
							revoke: () => base.collections.revoke(principal, id, action.to),
							remove: () => base.collections.remove(principal, id),
							write: () =>
								base.write(
									principal,
									id,
									{
										source: "s",
										title: "",
										content: "",
										contentHash: `h${serial++}`,
									},
									[
										{
											ordinal: 0,
											headings: [],
											text: "word",
											tokens: 1,
											start: 0,
											end: 4,
											vector: [1, serial],
										},
									],
								),
						}[action.kind];
						if (!isAllowed) {
							await expect(attempt()).rejects.toThrow();
							continue;
						}
						await attempt();
						if (action.kind === "grant") grants.set(action.to, action.role);
						if (action.kind === "revoke") grants.delete(action.to);
						if (action.kind === "remove") model.splice(action.at, 1);
					}
					for (const id of keys) {
						const expected = model
							.filter(
								({ owner, grants }) =>
									owner === id || grants.has(id) || grants.has("*"),
							)
							.map((collection) => collection.id)
							.toSorted();
						for (const exactLimit of [0, 1000]) {
							const found = await base.search(
								{ id },
								{
									collectionIds:
										exactLimit === 0
											? null
											: model.map((collection) => collection.id),
									text: "word",
									vector: { values: [1, 1], model: "m" },
									limit: 50,
									exactLimit,
								},
							);
							expect(
								found.map(({ collectionId }) => collectionId).toSorted(),
							).toEqual(expected);
						}
						expect(
							(await base.collections.list({ id }))
								.map((collection) => collection.id)
								.toSorted(),
						).toEqual(expected);
					}
					expect(await base.findFaults()).toEqual([]);
				},
			),
			{ numRuns: 15 },
		);
	} finally {
		await database.close();
	}
}, 120_000);
