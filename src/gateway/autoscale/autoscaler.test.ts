import { describe, expect, test } from "vitest";
import { fleetServiceSchema, readFleetFile } from "../fleet/fleet-file.ts";
import { memoryBudgetBytes } from "../fleet/memory-settings.ts";
import { scaleBounds } from "../fleet/scale-bounds.ts";
import type { ReplicaReading } from "../replicas/replica-reading.ts";
import { ReplicaSet } from "../replicas/replica-set.ts";
import { FakeReplica } from "../replicas/testing/fake-replica.ts";
import { Autoscaler } from "./autoscaler.ts";

const reading = (running: number): ReplicaReading => ({
	running,
	waiting: 0,
	maxSequences: 8,
	kvUse: 0.1,
	stepMs: null,
	tokensPerSecond: 0,
	ttftMs: null,
	itlMs: null,
});

function scaled(more: object, fits = (_replicas: number) => true) {
	const service = fleetServiceSchema.parse({
		name: "s",
		minReplicas: 1,
		maxReplicas: 4,
		scaling: {
			targetRequests: 4,
			everySeconds: 1,
			scaleDown: { windowSeconds: 10 },
		},
		...more,
	});
	const fakes = new Map<string, FakeReplica>();
	const bounds = scaleBounds(service);
	const set = new ReplicaSet({
		name: "s",
		replicas: bounds.initial,
		startsOnDemand: bounds.startsOnDemand,
		idleMs: 0,
		atRest: bounds.floor,
		createReplica(number) {
			const fake = new FakeReplica(`s/${number}`);
			fakes.set(fake.id, fake);
			return fake.asReplica();
		},
	});
	const clock = { ms: 0 };
	const load = { running: 0 };
	const autoscaler = new Autoscaler({
		services: () => [service],
		sets: new Map([["s", set]]),
		metrics: {
			reading: () => reading(load.running / Math.max(1, set.replicas.length)),
		},
		scale: (_name, replicas) => set.scale(replicas),
		isBusy: () => false,
		fits: (_name, replicas) => fits(replicas),
		logger: { info: () => undefined },
		now: () => clock.ms,
	});
	/** All that start are ready after it. */
	const pass = async (seconds: number) => {
		for (let second = 0; second < seconds; second++) {
			clock.ms += 1000;
			autoscaler.tick();
			await Promise.resolve();
			await Promise.resolve();
			for (const { id } of set.replicas) {
				const fake = fakes.get(id);
				if (fake?.phase === "starting") fake.phase = "ready";
			}
		}
	};
	return { autoscaler, set, load, pass };
}

describe("the autoscaler", () => {
	test("gives replicas to load and takes them back when it has gone, with its reasons", async () => {
		const { autoscaler, set, load, pass } = scaled({});
		set.start();
		load.running = 12;
		await pass(5);
		expect(set.replicas).toHaveLength(3);
		load.running = 2;
		await pass(8);
		expect(set.replicas).toHaveLength(3);
		await pass(8);
		expect(set.replicas).toHaveLength(1);
		const [status] = autoscaler.status();
		expect(status).toMatchObject({ min: 1, max: 4, current: 1, desired: 1 });
		expect(status?.decisions.map(({ from, to }) => [from, to])).toEqual([
			[1, 3],
			[3, 1],
		]);
		expect(status?.decisions[0]).toMatchObject({
			reason: "requests at 12 of 4 on average",
			inputs: { ready: 1, requests: 12, "requests target": 4 },
		});
	});

	test("starts no more than there is memory for, and says so", async () => {
		const { autoscaler, set, load, pass } = scaled({}, (more) => more <= 1);
		set.start();
		load.running = 16;
		await pass(2);
		expect(set.replicas).toHaveLength(2);
		expect(autoscaler.status()[0]?.decisions[0]?.reason).toContain("no memory");
	});

	test("leaves alone what sleeps, is held, or has one number of replicas", async () => {
		const asleep = scaled({ minReplicas: 0 });
		asleep.load.running = 12;
		await asleep.pass(3);
		expect(asleep.set.isAsleep).toBe(true);
		expect(asleep.autoscaler.status()[0]).toMatchObject({
			min: 0,
			current: 0,
			desired: 0,
		});
		const held = scaled({});
		await held.set.hold();
		held.load.running = 12;
		await held.pass(3);
		expect(held.set.replicas).toHaveLength(1);
		const fixed = scaled({ minReplicas: undefined, maxReplicas: undefined });
		expect(fixed.autoscaler.status()).toEqual([]);
	});
});

describe("bounds", () => {
	const boundsOf = (more: object) =>
		scaleBounds(fleetServiceSchema.parse({ name: "s", ...more }));

	test("come from the fleet file; without them the number is what is given", () => {
		expect(boundsOf({ replicas: 2 })).toMatchObject({
			min: 2,
			floor: 2,
			max: 2,
			initial: 2,
			isScaled: false,
		});
		expect(boundsOf({ maxReplicas: 4 })).toMatchObject({
			min: 1,
			max: 4,
			initial: 1,
			isScaled: true,
		});
		expect(boundsOf({ minReplicas: 0, maxReplicas: 4 })).toMatchObject({
			min: 0,
			floor: 1,
			isScaled: true,
			startsOnDemand: true,
		});
		expect(boundsOf({ minReplicas: 2, maxReplicas: 5 }).initial).toBe(2);
	});

	test("mistakes are told with their line, and what was meant", () => {
		const { problems } = readFleetFile(`gateway: { memoryBudget: lots }
services:
  - name: a
    scaling:
      tolerence: 0.1
      scaleDown: { policies: [{ pods: 1, periodSeconds: 15 }] }
`);
		const told = problems.map(({ line, message }) => `${line}: ${message}`);
		expect(told[0]).toContain('1: "memoryBudget" is a size like 12GB');
		expect(told).toContain(
			'5: "tolerence" is not known. Did you mean "tolerance"?',
		);
		expect(told).toContain(
			"6: A policy is {replicas: number, periodSeconds: seconds} or {percent: number, periodSeconds: seconds}.",
		);
		const { problems: bounds } = readFleetFile(
			"services: [{ name: a, minReplicas: 3, maxReplicas: 2 }]",
		);
		expect(bounds[0]?.message).toBe(
			"minReplicas is 3, more than maxReplicas, 2.",
		);
	});

	test("a memory budget is a size, a share of the machine's memory, or none", () => {
		expect(memoryBudgetBytes("12GB", 0)).toBe(12e9);
		expect(memoryBudgetBytes("1.5 GiB", 0)).toBe(1.5 * 2 ** 30);
		expect(memoryBudgetBytes("75%", 1000)).toBe(750);
		expect(memoryBudgetBytes("off", 1000)).toBeNull();
		expect(memoryBudgetBytes("100%")).toBeGreaterThan(1e8);
	});
});
