import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ForwardOutcome } from "../../proxy/forward.ts";
import type { Refusal } from "../../proxy/refusal.ts";
import { type Attempt, hedged } from "./hedged.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answered = (status: number): ForwardOutcome => ({
	kind: "answered",
	status,
});
const refused = { kind: "unanswered", status: 503 } as Refusal;

/** Answers after a time, unless it was given up before. */
function place(
	ms: number,
	outcome: ForwardOutcome,
	log: string[],
	name: string,
) {
	const attempt: Attempt = (claim, onStart) =>
		new Promise((resolve) => {
			log.push(`${name} asked`);
			const timer = setTimeout(() => {
				const isMine = outcome.kind === "unanswered" || claim();
				resolve(isMine ? outcome : { kind: "lost" });
			}, ms);
			onStart(() => {
				clearTimeout(timer);
				log.push(`${name} given up`);
				resolve({ kind: "lost" });
			});
		});
	return attempt;
}

async function run(
	first: [number, ForwardOutcome],
	second: [number, ForwardOutcome] | null,
) {
	const log: string[] = [];
	const outcome = hedged(
		place(...first, log, "one"),
		() => (second === null ? null : place(...second, log, "two")),
		50,
	);
	await vi.runAllTimersAsync();
	return { outcome: await outcome, log };
}

describe("a second try", () => {
	test("isn't made when the first answers in time", async () => {
		const { outcome, log } = await run([40, answered(200)], [1, answered(201)]);
		expect(outcome).toEqual(answered(200));
		expect(log).toEqual(["one asked"]);
	});

	test("wins when it answers first, and the loser is given up", async () => {
		const { outcome, log } = await run(
			[900, answered(200)],
			[5, answered(201)],
		);
		expect(outcome).toEqual(answered(201));
		expect(log).toEqual(["one asked", "two asked", "one given up"]);
	});

	test("is given up when the first answers after all", async () => {
		const { outcome, log } = await run(
			[60, answered(200)],
			[90, answered(201)],
		);
		expect(outcome).toEqual(answered(200));
		expect(log).toContain("two given up");
	});

	test("that is refused leaves the first to answer, and the other way round", async () => {
		expect((await run([90, answered(200)], [5, refused])).outcome).toEqual(
			answered(200),
		);
		expect((await run([60, refused], [90, answered(201)])).outcome).toEqual(
			answered(201),
		);
		expect((await run([60, refused], [90, refused])).outcome).toBe(refused);
	});

	test("isn't made where there is no other place", async () => {
		expect((await run([900, answered(200)], null)).outcome).toEqual(
			answered(200),
		);
	});
});
