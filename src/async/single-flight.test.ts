import { expect, test } from "vitest";
import { createDeferred } from "./deferred.ts";
import { createSingleFlight } from "./single-flight.ts";

test("callers of the same key share one run", async () => {
	const singleFlight = createSingleFlight<string, number>();
	const deferred = createDeferred<number>();
	let runs = 0;
	const work = () => {
		runs++;
		return deferred.promise;
	};
	const both = [singleFlight("a", work), singleFlight("a", work)];
	deferred.resolve(3);
	await expect(Promise.all(both)).resolves.toEqual([3, 3]);
	expect(runs).toBe(1);
});

test("different keys run beside each other", async () => {
	const singleFlight = createSingleFlight<string, string>();
	const never = createDeferred<string>();
	void singleFlight("slow", () => never.promise);
	await expect(singleFlight("fast", async () => "done")).resolves.toBe("done");
});

test("a settled run is forgotten", async () => {
	const singleFlight = createSingleFlight<string, number>();
	let runs = 0;
	const work = async () => ++runs;
	expect(await singleFlight("a", work)).toBe(1);
	expect(await singleFlight("a", work)).toBe(2);
});

test("a failure reaches every caller, and the next call tries again", async () => {
	const singleFlight = createSingleFlight<string, number>();
	const failing = () => Promise.reject(new Error("disk full"));
	const outcomes = await Promise.allSettled([
		singleFlight("a", failing),
		singleFlight("a", failing),
	]);
	expect(outcomes.map((outcome) => outcome.status)).toEqual([
		"rejected",
		"rejected",
	]);
	await expect(singleFlight("a", async () => 1)).resolves.toBe(1);
});

test("work that throws at once rejects and leaves nothing behind", async () => {
	const singleFlight = createSingleFlight<string, number>();
	const throwing = (): Promise<number> => {
		throw new Error("at once");
	};
	await expect(singleFlight("a", throwing)).rejects.toThrow("at once");
	await expect(singleFlight("a", async () => 2)).resolves.toBe(2);
});
