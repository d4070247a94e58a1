import { describe, expect, test } from "vitest";
import { ReplicaSet } from "./replica-set.ts";
import type { ProcessPhase, ServiceProcess } from "./service-process.ts";

/** A process that is what a test says it is. */
class FakeProcess {
	readonly id: string;
	readonly becomes: ProcessPhase;
	phase: ProcessPhase = "stopped";
	reason = "";
	isClosed = false;

	constructor(id: string, becomes: ProcessPhase) {
		this.id = id;
		this.becomes = becomes;
	}

	start(): void {
		this.phase = this.becomes;
	}

	async stop(): Promise<void> {
		this.phase = "stopped";
	}

	async close(): Promise<void> {
		await this.stop();
		this.isClosed = true;
	}
}

function openSet(replicas: number, becomes: (number: number) => ProcessPhase) {
	const made: FakeProcess[] = [];
	const set = new ReplicaSet({
		name: "a",
		replicas,
		startsOnDemand: false,
		idleMs: 0,
		createReplica: (number) => {
			const process = new FakeProcess(`a/${number}`, becomes(number));
			made.push(process);
			return process as unknown as ServiceProcess;
		},
	});
	return { set, made };
}

const ids = (set: ReplicaSet) => set.replicas.map(({ id }) => id);

describe("replicas are renewed", () => {
	test("one after the other: as many as before are ready all the time", async () => {
		const { set, made } = openSet(2, () => "ready");
		set.start();
		const renewal = set.renew(1000);
		expect(set.isRenewing).toBe(true);
		expect([set.size, set.replicas.length]).toEqual([2, 3]);
		const least = { ready: 2 };
		const watch = setInterval(() => {
			const ready = set.replicas.filter(({ phase }) => phase === "ready");
			least.ready = Math.min(least.ready, ready.length);
		});
		await renewal;
		clearInterval(watch);
		expect(least.ready).toBe(2);
		expect(ids(set)).toEqual(["a/3", "a/4"]);
		expect(made.map(({ isClosed }) => isClosed)).toEqual([
			true,
			true,
			false,
			false,
		]);
	});

	test("the old ones stay when a new one fails, and it is told why", async () => {
		const { set } = openSet(2, (number) => (number > 2 ? "failed" : "ready"));
		set.start();
		await expect(set.renew(1000)).rejects.toThrow(/did not become ready/);
		expect(ids(set)).toEqual(["a/1", "a/2"]);
		expect(set.isReady).toBe(true);
	});

	test("what is stopped is replaced without being started", async () => {
		const { set } = openSet(1, () => "ready");
		await set.renew(1000);
		expect(ids(set)).toEqual(["a/2"]);
		expect(set.replicas[0]?.phase).toBe("stopped");
	});

	test("a set that was released leaves its replicas to the other set", async () => {
		const { set, made } = openSet(1, (number) =>
			number > 1 ? "starting" : "ready",
		);
		set.start();
		const renewal = set.renew(10_000);
		set.release();
		await renewal;
		expect(made.some(({ isClosed }) => isClosed)).toBe(false);
	});

	test("a service that is stopped meanwhile is not an error", async () => {
		const { set } = openSet(1, (number) => (number > 1 ? "starting" : "ready"));
		set.start();
		const renewal = set.renew(10_000);
		await set.hold();
		await renewal;
		expect(ids(set)).toEqual(["a/1"]);
		set.start();
		expect(set.replicas[0]?.phase).toBe("stopped");
	});
});
