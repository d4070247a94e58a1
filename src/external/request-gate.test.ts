import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RequestGate } from "./request-gate.ts";

const stay = () => undefined;
const gate = (maxRunning: number, maxWaiting: number) =>
	new RequestGate({ maxRunning, maxWaiting, maxWaitMs: 0 }, () => 0);

describe("a request gate", () => {
	test("lets in as many as may run, and the rest in their order as others end", async () => {
		const door = gate(1, 2);
		const end = await door.enter(stay);
		const order: string[] = [];
		const enter = async (name: string) => {
			const next = await door.enter(stay);
			order.push(name);
			return next;
		};
		const second = enter("2");
		const third = enter("3");
		expect([door.running, door.waiting]).toEqual([1, 2]);
		end?.();
		(await second)?.();
		(await third)?.();
		expect(order).toEqual(["2", "3"]);
		expect([door.running, door.waiting]).toEqual([0, 0]);
	});

	test("refuses what is more, and says when to come again", async () => {
		const door = gate(1, 0);
		await door.enter(stay);
		await expect(door.enter(stay)).rejects.toMatchObject({
			code: "queue_full",
			retryAfterSeconds: 1,
		});
	});

	test("forgets whoever leaves", async () => {
		const door = gate(1, 1);
		const end = await door.enter(stay);
		let leave = () => {};
		const waits = door.enter((given) => {
			leave = given;
		});
		leave();
		expect(await waits).toBeNull();
		end?.();
		expect([door.running, door.waiting]).toEqual([0, 0]);
	});

	test("property: never more than the limits, and everybody ends", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 4 }),
				fc.integer({ min: 0, max: 4 }),
				fc.array(fc.constantFrom("come", "end", "leave"), { maxLength: 60 }),
				async (maxRunning, maxWaiting, steps) => {
					const door = gate(maxRunning, maxWaiting);
					const ends: (() => void)[] = [];
					const leaves: (() => void)[] = [];
					let settled = 0;
					let came = 0;
					for (const step of steps) {
						if (step === "come") {
							came++;
							door
								.enter((leave) => leaves.push(leave))
								.then(
									(end) => {
										settled++;
										if (end !== null) ends.push(end);
									},
									() => settled++,
								);
						} else if (step === "end") ends.shift()?.();
						else leaves.shift()?.();
						await Promise.resolve();
						await Promise.resolve();
						expect(door.running).toBeLessThanOrEqual(maxRunning);
						expect(door.waiting).toBeLessThanOrEqual(maxWaiting);
					}
					while (ends.length > 0) {
						ends.shift()?.();
						await new Promise(setImmediate);
					}
					expect(settled).toBe(came);
					expect([door.running, door.waiting]).toEqual([0, 0]);
				},
			),
			{ numRuns: 50 },
		);
	});
});
