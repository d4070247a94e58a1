import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { MemoryKeeper, type MemoryKeeperParts } from "./memory-keeper.ts";
import { ReplicaSet, type ReplicaSetOptions } from "./replica-set.ts";
import { FakeReplica } from "./testing/fake-replica.ts";

const silent = { info: () => undefined, warn: () => undefined };
const open: { close(): unknown }[] = [];

afterEach(async () => {
	for (const one of open.splice(0)) await one.close();
});

function setOf(name: string, more: Partial<ReplicaSetOptions> = {}) {
	const fakes: FakeReplica[] = [];
	const set = new ReplicaSet({
		name,
		replicas: 1,
		startsOnDemand: true,
		idleMs: 0,
		createReplica(number) {
			const fake = new FakeReplica(`${name}/${number}`);
			fakes.push(fake);
			return fake.asReplica();
		},
		...more,
	});
	open.push(set);
	return { set, fakes };
}

async function until(isSo: () => boolean): Promise<void> {
	while (!isSo()) await delay(5);
}

const never = new AbortController().signal;

describe("a service that starts on demand", () => {
	test("starts with a request, which goes on when a replica is ready; they go on as they came", async () => {
		const { set, fakes } = setOf("a");
		const order: number[] = [];
		const waits = [1, 2, 3].map((number) =>
			set.whenReady(10_000, never).then((isReady) => {
				if (isReady) order.push(number);
			}),
		);
		expect(fakes.map(({ phase }) => phase)).toEqual(["starting"]);
		expect(set.waiting).toBe(3);
		for (const fake of fakes) fake.phase = "ready";
		await Promise.all(waits);
		expect(order).toEqual([1, 2, 3]);
		expect(set.isIdle).toBe(true);
	});

	test("a request that waits too long, or whose client has left, doesn't go on", async () => {
		const { set } = setOf("a");
		expect(await set.whenReady(0, never)).toBe(false);
		const left = new AbortController();
		const wait = set.whenReady(10_000, left.signal);
		left.abort();
		expect(await wait).toBe(false);
	});

	test("rests after a while without a request, not while it has one, and with the replicas of its rest only", async () => {
		const { set, fakes } = setOf("a", { idleMs: 30, atRest: 1 });
		set.start();
		await set.scale(3);
		for (const fake of fakes) fake.phase = "ready";
		const end = set.begin("a/1", 10);
		await delay(100);
		expect(set.isAsleep).toBe(false);
		end();
		await until(() => set.isAsleep);
		expect(set.replicas.map(({ id }) => id)).toEqual(["a/1"]);
		expect(fakes.map(({ isClosed }) => isClosed)).toEqual([false, true, true]);
		const wait = set.whenReady(10_000, never);
		expect(fakes.map(({ starts }) => starts)).toEqual([2, 1, 1]);
		for (const fake of fakes) fake.phase = "ready";
		expect(await wait).toBe(true);
	});

	test("one that was scaled to none gets a replica with the next request", async () => {
		const { set, fakes } = setOf("a");
		await set.scale(0);
		const wait = set.whenReady(10_000, never);
		for (const fake of fakes) fake.phase = "ready";
		expect(await wait).toBe(true);
	});

	test("of fewer replicas those go first that aren't ready, then the youngest", async () => {
		const { set, fakes } = setOf("a", { replicas: 4, startsOnDemand: false });
		set.start();
		for (const fake of fakes) fake.phase = "ready";
		const [, second] = fakes;
		if (second !== undefined) second.phase = "starting";
		await set.scale(2);
		expect(set.replicas.map(({ id }) => id)).toEqual(["a/1", "a/3"]);
	});
});

describe("services within a memory budget", () => {
	function keeperOf(
		names: readonly string[],
		more: Partial<MemoryKeeperParts> = {},
	) {
		const services = new Map<string, ReplicaSet>();
		const known = new Map(names.map((name) => [name, 6]));
		const keeper = new MemoryKeeper({
			services,
			budgetBytes: () => 10,
			memoryBytes: () => null,
			guess: () => null,
			known,
			logger: silent,
			...more,
		});
		open.push(keeper);
		const made = names.map((name) => {
			const one = setOf(name, { room: keeper });
			services.set(name, one.set);
			return { ...one, fake: one.fakes[0] as FakeReplica };
		});
		return { keeper, made };
	}

	test("an idle one goes for another that is asked for, and is back with its next request", async () => {
		const { made } = keeperOf(["a", "b"]);
		const [a, b] = made;
		if (a === undefined || b === undefined) throw new Error("two services");
		const first = a.set.whenReady(10_000, never);
		a.fake.phase = "ready";
		expect(await first).toBe(true);
		const second = b.set.whenReady(10_000, never);
		expect(b.fake.phase).toBe("stopped");
		expect(b.set.obstacle).toContain("waits for memory");
		await until(() => b.fake.phase === "starting");
		expect(a.fake.phase).toBe("stopped");
		b.fake.phase = "ready";
		expect(await second).toBe(true);
		const third = a.set.whenReady(10_000, never);
		await until(() => a.fake.phase === "starting");
		a.fake.phase = "ready";
		expect(await third).toBe(true);
		expect(b.fake.phase).toBe("stopped");
	});

	test("one with a request is left alone; whoever waits for its memory starts when that has ended", async () => {
		const { made } = keeperOf(["a", "b"]);
		const [a, b] = made;
		if (a === undefined || b === undefined) throw new Error("two services");
		a.set.start();
		a.fake.phase = "ready";
		const end = a.set.begin("a/1", 10);
		const wait = b.set.whenReady(10_000, never);
		await delay(400);
		expect([a.fake.phase, b.fake.phase]).toEqual(["ready", "stopped"]);
		end();
		await until(() => b.fake.phase === "starting");
		b.fake.phase = "ready";
		expect(await wait).toBe(true);
	});

	test("the new one starts when the old one has really ended", async () => {
		const { made } = keeperOf(["a", "b"]);
		const [a, b] = made;
		if (a === undefined || b === undefined) throw new Error("two services");
		a.set.start();
		a.fake.phase = "ready";
		let ended: () => void = () => undefined;
		a.fake.ending = new Promise((resolve) => {
			ended = resolve;
		});
		const wait = b.set.whenReady(10_000, never);
		await until(() => a.fake.phase === "stopped");
		await delay(250);
		expect(b.fake.phase).toBe("stopped");
		ended();
		await until(() => b.fake.phase === "starting");
		b.fake.phase = "ready";
		expect(await wait).toBe(true);
	});

	test("what can never fit is refused at once, and says how to change that", async () => {
		const { made } = keeperOf(["a"], { known: new Map([["a", 11]]) });
		const [a] = made;
		expect(await a?.set.whenReady(60_000, never)).toBe(false);
		expect(a?.set.obstacle).toContain("gateway.memoryBudget");
	});

	test("memory that nobody waits for any more is for the next in line", async () => {
		const { made } = keeperOf(["a", "b", "c"]);
		const [a, b, c] = made;
		if (a === undefined || b === undefined || c === undefined)
			throw new Error("three services");
		a.set.start();
		a.fake.phase = "ready";
		const end = a.set.begin("a/1", 10);
		const left = new AbortController();
		const second = b.set.whenReady(10_000, left.signal);
		const third = c.set.whenReady(10_000, never);
		left.abort();
		expect(await second).toBe(false);
		end();
		await until(() => c.fake.phase === "starting");
		expect(b.fake.starts).toBe(0);
		c.fake.phase = "ready";
		expect(await third).toBe(true);
	});
});
