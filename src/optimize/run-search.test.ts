import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { candidateKey } from "./candidate.ts";
import type { Constraints } from "./constraints.ts";
import { Journal } from "./journal.ts";
import { runSearch, type SearchEffects } from "./run-search.ts";
import { Search } from "./search.ts";
import type { SearchSpace } from "./search-space.ts";
import { accuracyOf, speedRun, testCandidate } from "./testing/figures.ts";

const folder = mkdtempSync(join(tmpdir(), "galley-journal-"));
const path = join(folder, "journal.jsonl");
afterEach(() => rmSync(path, { force: true }));

const heading = { model: "m", machine: "here", release: "1" };
const constraints: Constraints = {
	targetItlMs: null,
	targetTtftMs: null,
	maxKl: 0.05,
	maxPerplexityLoss: null,
	maxMemoryBytes: null,
};
const space: SearchSpace = {
	baseline: testCandidate,
	stages: [
		{
			name: "threads",
			changes: [{ threads: 2 }, { threads: 8 }],
			measuresInaccurate: false,
		},
		{
			name: "flash attention",
			changes: [{ flashAttention: "off" }],
			measuresInaccurate: false,
		},
	],
};

/** Each measurement takes ten seconds of a clock that only they move. */
class World {
	readonly measured: string[] = [];
	readonly lefts: number[] = [];
	/** Before each measurement: speed runs that were told of until then. */
	readonly told: number[] = [];
	readonly rejected: string[] = [];
	#seconds = 0;

	get effects(): SearchEffects {
		return {
			now: () => this.#seconds,
			measureAccuracy: async () => {
				this.#take("accuracy");
				return accuracyOf(0);
			},
			measureSpeed: async (candidate) => {
				this.#take(candidateKey(candidate));
				if (candidate.threads === 8) throw new Error("no such threads");
				return speedRun(candidate.threads === 2 ? 150 : 100);
			},
			onStep: ({ secondsLeft, verdicts }) => {
				this.lefts.push(secondsLeft);
				this.told.push(verdicts.flatMap(({ runs }) => runs).length);
			},
			onRejected: (_candidate, reason) => void this.rejected.push(reason),
		};
	}

	#take(what: string): void {
		this.#seconds += 10;
		this.measured.push(what);
	}
}

async function run(
	world: World,
	more: {
		budgetSeconds?: number;
		signal?: AbortSignal;
		release?: string;
		loadKey?: string;
		isFresh?: boolean;
	} = {},
) {
	const journal = await Journal.open(
		path,
		{ ...heading, release: more.release ?? "1" },
		more.isFresh ?? false,
	);
	const result = await runSearch({
		search: new Search({ space, constraints }),
		journal,
		effects: world.effects,
		budgetSeconds: more.budgetSeconds ?? 10_000,
		loadKey: more.loadKey ?? "load",
		textKey: "text",
		signal: more.signal,
	});
	return { ...result, journal };
}

describe("an optimisation", () => {
	it("goes on without what can't be measured, and picks the best of the rest", async () => {
		const world = new World();
		const { conclusion, isComplete } = await run(world);
		expect(isComplete).toBe(true);
		expect(conclusion.winner?.candidate.threads).toBe(2);
		expect(world.rejected).toEqual(["no such threads"]);
	});

	it("tells what it has measured before each measurement", async () => {
		const world = new World();
		await run(world);
		expect(world.told[0]).toBe(0);
		expect(world.told).toEqual(world.told.toSorted((a, b) => a - b));
		// The last step is a run itself, and one that failed tells nothing.
		const succeeded = world.measured.filter(
			(key) => key !== "accuracy" && !key.includes("threads=8"),
		);
		expect(world.told.at(-1)).toBe(succeeded.length - 1);
	});

	it("ends when time is up, with the best of what it has, and goes on the next time", async () => {
		const first = new World();
		const cut = await run(first, { budgetSeconds: 60 });
		expect(cut.isComplete).toBe(false);
		expect(first.measured.length).toBeLessThan(9);
		const second = new World();
		const rest = await run(second);
		expect(rest.isComplete).toBe(true);
		const whole = new World();
		rmSync(path);
		await run(whole);
		// What failed is tried once more: it may have been the moment.
		const succeeded = (keys: string[]) =>
			keys.filter((key) => !key.includes("threads=8"));
		expect([
			...succeeded(first.measured),
			...succeeded(second.measured),
		]).toEqual(succeeded(whole.measured));
		expect(rest.journal.reused).toBe(succeeded(first.measured).length);
	});

	it("keeps what was measured when it is interrupted", async () => {
		const controller = new AbortController();
		const first = new World();
		const { effects } = first;
		const journal = await Journal.open(path, heading);
		const interrupted = runSearch({
			search: new Search({ space, constraints }),
			journal,
			effects: {
				...effects,
				measureSpeed: async (candidate) => {
					if (first.measured.length === 3) {
						controller.abort(new Error("stop"));
						throw new Error("killed");
					}
					return effects.measureSpeed(candidate);
				},
			},
			budgetSeconds: 1000,
			loadKey: "load",
			textKey: "text",
			signal: controller.signal,
		});
		await expect(interrupted).rejects.toThrow("stop");
		const second = new World();
		const { journal: resumed } = await run(second);
		expect(resumed.reused).toBeGreaterThanOrEqual(2);
		expect(second.measured).not.toContain("accuracy");
	});

	it("measures again for another release, for another load, and when asked to", async () => {
		const first = new World();
		await run(first);
		const others = [{ loadKey: "other" }, { isFresh: true }, { release: "2" }];
		for (const more of others) {
			const world = new World();
			await run(world, more);
			const runs = world.measured.filter((key) => key !== "accuracy");
			expect(runs.length).toBeGreaterThan(5);
		}
	});

	it("survives a journal whose last line was cut off", async () => {
		await run(new World());
		const text = readFileSync(path, "utf8").trimEnd();
		rmSync(path);
		appendFileSync(path, text.slice(0, -20));
		const world = new World();
		const { conclusion } = await run(world);
		expect(conclusion.winner?.candidate.threads).toBe(2);
		expect(world.measured.length).toBeLessThan(4);
	});

	it("tells the time that is left, never more than the budget", async () => {
		const world = new World();
		await run(world, { budgetSeconds: 200 });
		expect(world.lefts[0]).toBe(200);
		expect(Math.max(...world.lefts)).toBeLessThanOrEqual(200);
		expect(world.lefts.at(-1)).toBeLessThan(100);
	});
});
