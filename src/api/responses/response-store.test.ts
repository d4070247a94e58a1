import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResponseObject } from "./response-object.ts";
import { MemoryResponseStore, type StoredResponse } from "./response-store.ts";

function stored(id: string, owner = "a", text = ""): StoredResponse {
	const response = {
		id,
		instructions: text,
		output: [{ id: `item of ${id}` }],
	} as ResponseObject;
	return { owner, response, input: [], frames: null };
}

const roomy = { maxResponses: 100, maxBytes: 1e6, ttlMs: 1e9 };

describe("the store of responses", () => {
	it("shows a response to its owner alone", async () => {
		const store = new MemoryResponseStore(roomy);
		await store.put(stored("one", "alice"));
		expect(await store.get("alice", "one")).not.toBeNull();
		expect(await store.get("bob", "one")).toBeNull();
		expect(await store.delete("bob", "one")).toBe(false);
		expect(await store.delete("alice", "one")).toBe(true);
		expect(await store.get("alice", "one")).toBeNull();
	});

	it("finds an item of an output as long as its response is there", async () => {
		const store = new MemoryResponseStore(roomy);
		await store.put(stored("one", "alice"));
		expect(await store.findItem("alice", "item of one")).toEqual({
			id: "item of one",
		});
		expect(await store.findItem("bob", "item of one")).toBeNull();
		await store.delete("alice", "one");
		expect(await store.findItem("alice", "item of one")).toBeNull();
	});

	it("drops what was used longest ago when there are too many", async () => {
		const store = new MemoryResponseStore({ ...roomy, maxResponses: 2 });
		await store.put(stored("one"));
		await store.put(stored("two"));
		await store.get("a", "one");
		await store.put(stored("three"));
		expect(await store.get("a", "two")).toBeNull();
		expect(await store.get("a", "one")).not.toBeNull();
	});

	it("forgets after a while", async () => {
		let now = 0;
		const store = new MemoryResponseStore({ ...roomy, ttlMs: 10 }, () => now);
		await store.put(stored("one"));
		now = 9;
		expect(await store.get("a", "one")).not.toBeNull();
		now = 10;
		expect(await store.get("a", "one")).toBeNull();
		expect(store.size).toEqual({ responses: 0, bytes: 0 });
	});

	it("never holds more than it may, whatever is put and deleted", async () => {
		const id = fc.constantFrom("one", "two", "three", "four");
		const step = fc.oneof(
			fc.record({ kind: fc.constant("put"), id, length: fc.nat(300) }),
			fc.record({ kind: fc.constant("delete"), id, length: fc.constant(0) }),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
				const limits = { maxResponses: 3, maxBytes: 900, ttlMs: 1e9 };
				const store = new MemoryResponseStore(limits);
				for (const { kind, id, length } of steps) {
					if (kind === "put")
						await store.put(stored(id, "a", "x".repeat(length)));
					else await store.delete("a", id);
					expect(store.size.responses).toBeLessThanOrEqual(3);
					expect(store.size.bytes).toBeLessThanOrEqual(900);
				}
				for (const one of ["one", "two", "three", "four"])
					await store.delete("a", one);
				expect(store.size).toEqual({ responses: 0, bytes: 0 });
			}),
		);
	});
});
