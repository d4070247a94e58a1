import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fleet, readFleetFile } from "../fleet/fleet-file.ts";
import {
	cachedWorth,
	chooseReplica,
	type ReplicaLoad,
} from "./choose-replica.ts";
import { PrefixMap, prefixHashes } from "./prefix-map.ts";
import { resolveModel } from "./resolve-model.ts";

const { fleet } = readFleetFile(`
services: [{ name: chat }, { name: embed }]
upstreams: [{ name: hosted, url: "https://x.example", models: [big] }]
aliases:
  default: chat
  sure: { fallback: [big, default] }
  mixed: { split: { chat: 3, big: 1 } }
`) as { fleet: Fleet };
const served = new Map([["json", "chat"]]);
const names = (model: string, random = 0) =>
	resolveModel(model, fleet, served, random).map(({ name }) => name);

describe("a model's name", () => {
	test("is a service, an upstream's model, an adapter, or an alias of one", () => {
		expect(resolveModel("json", fleet, served, 0)).toEqual([
			{ kind: "service", name: "chat", model: "json" },
		]);
		expect(names("big")).toEqual(["hosted"]);
		expect(names("default")).toEqual(["chat"]);
		expect(names("sure")).toEqual(["hosted", "chat"]);
		expect(names("nobody")).toEqual([]);
		expect(names("constructor")).toEqual([]);
	});

	test("splits its requests by their parts", () => {
		const first = Array.from(
			{ length: 100 },
			(_, index) => names("mixed", index / 100)[0],
		);
		expect(first.filter((name) => name === "chat").length).toBe(75);
		expect(names("mixed", 0.9)).toEqual(["hosted", "chat"]);
	});
});

describe("the replica of a request", () => {
	const load = (
		id: string,
		outstandingTokens: number,
		isReady = true,
	): ReplicaLoad => ({ id, outstandingTokens, isReady });

	test("has its prefix, unless it is much busier than another", () => {
		const cached = new Map([["a", 500]]);
		const choose = (...loads: ReplicaLoad[]) => chooseReplica(loads, cached, 0);
		expect(choose(load("a", 1500), load("b", 0))).toBe("a");
		expect(choose(load("a", 2500), load("b", 0))).toBe("b");
		expect(choose(load("a", 9000, false), load("b", 0))).toBe("b");
	});

	test("else has the fewest tokens to compute; none is ready is null", () => {
		const none = new Map<string, number>();
		const loads = [load("a", 7), load("b", 3), load("c", 5)];
		expect(chooseReplica(loads, none, 0.9)).toBe("b");
		expect(chooseReplica([load("a", 0, false)], none, 0)).toBeNull();
	});

	test("is drawn from equals", () => {
		const loads = [load("a", 0), load("b", 0), load("c", 0, false)];
		const drawn = [0, 0.49, 0.5, 0.99].map((random) =>
			chooseReplica(loads, new Map(), random),
		);
		expect(drawn).toEqual(["a", "a", "b", "b"]);
	});

	test("property: is always a ready one, busier than the idlest only by what its cache is worth", () => {
		fc.assert(
			fc.property(
				fc.array(
					fc.record({
						outstandingTokens: fc.nat(100_000),
						isReady: fc.boolean(),
						cached: fc.nat(10_000),
					}),
					{ maxLength: 8 },
				),
				fc.double({ min: 0, max: 1, noNaN: true }),
				(rows, random) => {
					const replicas = rows.map((row, id) => ({ ...row, id: String(id) }));
					const cached = new Map(replicas.map((r) => [r.id, r.cached]));
					const id = chooseReplica(replicas, cached, random);
					const ready = replicas.filter(({ isReady }) => isReady);
					if (ready.length === 0) {
						expect(id).toBeNull();
						return;
					}
					const chosen = ready.find((replica) => replica.id === id);
					const least = Math.min(...ready.map((r) => r.outstandingTokens));
					expect(chosen?.outstandingTokens).toBeLessThanOrEqual(
						least + cachedWorth * (chosen?.cached ?? 0),
					);
				},
			),
		);
	});
});

describe("seen prefixes", () => {
	const prompt = (shared: number, own: string) =>
		Buffer.from("s".repeat(shared) + own.repeat(300));

	test("are found by their beginning, for the same salt only", () => {
		const map = new PrefixMap();
		map.add(prefixHashes(prompt(600, "a"), "x"), "one");
		const shared = map.lookup(prefixHashes(prompt(600, "b"), "x"));
		expect(shared.get("one")).toBe(512);
		expect(map.lookup(prefixHashes(prompt(600, "a"), "y")).size).toBe(0);
		map.forget("one");
		expect(map.lookup(prefixHashes(prompt(600, "a"), "x")).size).toBe(0);
	});

	test("are bounded: what was seen lately stays, what wasn't goes", () => {
		const map = new PrefixMap(8);
		const hashes = (salt: string) => prefixHashes(prompt(512, ""), salt);
		map.add(hashes("old"), "one");
		for (let time = 0; time < 10; time++) {
			map.add(hashes("kept"), "one");
			map.add(hashes(`new ${time}`), "one");
		}
		expect(map.lookup(hashes("old")).size).toBe(0);
		expect(map.lookup(hashes("kept")).size).toBe(1);
	});
});
