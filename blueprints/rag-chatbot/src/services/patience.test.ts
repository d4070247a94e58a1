import { expect, test } from "vitest";
import { ServiceError } from "./endpoint.ts";
import { AwayError, Patience } from "./patience.ts";

function clock() {
	const slept: number[] = [];
	let ms = 0;
	const patience = new Patience({
		mostMs: 100_000,
		now: () => ms,
		sleep: async (pause) => {
			slept.push(pause);
			ms += pause;
		},
	});
	return { patience, slept };
}

const away = (after: number | null = null) =>
	new ServiceError("busy", 503, after);

test("pauses double up to half a minute, and are as long as the service asks", async () => {
	const { patience, slept } = clock();
	const failures = [
		away(),
		away(),
		away(5),
		away(),
		away(),
		away(),
		away(),
		away(),
	];
	const heard: boolean[] = [];
	const answer = await patience.ask(
		async () => {
			const failure = failures.shift();
			if (failure !== undefined) throw failure;
			return "there";
		},
		undefined,
		(problem) => heard.push(problem === null),
	);
	expect(answer).toBe("there");
	expect(slept).toEqual([500, 1000, 5000, 4000, 8000, 16_000, 30_000, 30_000]);
	expect(heard).toEqual([...Array(8).fill(false), true]);
});

test("all who wait share one clock, which begins anew once the service was there", async () => {
	const { patience, slept } = clock();
	let isAway = true;
	const ask = () =>
		patience.ask(async () => {
			if (isAway) throw away();
			return "there";
		}, undefined);
	await expect(ask()).rejects.toThrow(AwayError);
	const before = slept.length;
	await expect(ask()).rejects.toThrow("waited for 100 seconds");
	expect(slept).toHaveLength(before);
	isAway = false;
	await ask();
	isAway = true;
	await expect(ask()).rejects.toThrow(AwayError);
	expect(slept.length).toBeGreaterThan(before);
});

test("what waiting can't mend is not waited for", async () => {
	const { patience, slept } = clock();
	const refused = new ServiceError("no such model", 404);
	await expect(
		patience.ask(() => Promise.reject(refused), undefined),
	).rejects.toBe(refused);
	expect(slept).toEqual([]);
});
