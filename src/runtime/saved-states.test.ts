import {
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { headerLength } from "./saved-state-file.ts";
import { SavedStates, type SavedStatesOptions } from "./saved-states.ts";

const stateBytes = 1000;
const keyOf = (id: number) => ({
	namespace: "adapter/salt",
	tokens: Int32Array.of(id, 2, 3),
});
/** Different in every piece of a large one too. */
const stateOf = (id: number, bytes = stateBytes) =>
	new Uint8Array(bytes).map(
		(_, index) => index * 7 + (index >> 16) * 13 + id * 31,
	);
const fileBytes = headerLength(keyOf(0)) + stateBytes;

let root: string;
let logged: string[];
let opened: SavedStates[];

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), "galley-saved-states-"));
	logged = [];
	opened = [];
});
afterEach(async () => {
	for (const states of opened) await states.close();
	rmSync(root, { recursive: true, force: true });
});

async function open(
	options: Partial<SavedStatesOptions> & {
		hostStates?: number;
		diskStates?: number;
	} = {},
): Promise<SavedStates> {
	const { hostStates = 10, diskStates = 100, ...given } = options;
	const states = await SavedStates.open({
		maxHostBytes: hostStates * stateBytes,
		directory: root,
		maxDiskBytes: diskStates * fileBytes,
		fingerprint: "model",
		log: (level, message) => {
			if (level === "warn" || level === "error") logged.push(message);
		},
		...given,
	});
	opened.push(states);
	return states;
}

const put = (states: SavedStates, id: number, bytes = stateBytes) =>
	states.put({ id, ...keyOf(id), state: stateOf(id, bytes) });

function stateFiles(): string[] {
	return readdirSync(root, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".state"))
		.map((name) => join(root, name));
}

const idsOnDisk = (states: SavedStates) =>
	states.entries().map(({ tokens }) => tokens[0]);

describe("in host memory", () => {
	const inMemory = { directory: null };

	test("states are given back as they were", async () => {
		const states = await open(inMemory);
		expect(put(states, 1)).toEqual([]);
		expect(await states.get(1)).toEqual(stateOf(1));
		expect(await states.get(2)).toBeNull();
		expect([states.count, states.hostBytes, states.diskBytes]).toEqual([
			1,
			stateBytes,
			0,
		]);
	});

	test("the least recently used is given up first; get and touch are uses", async () => {
		const states = await open({ ...inMemory, hostStates: 3 });
		for (const id of [1, 2, 3]) expect(put(states, id)).toEqual([]);
		await states.get(1);
		states.touch(2);
		expect(put(states, 4)).toEqual([3]);
		expect(put(states, 5, 2 * stateBytes)).toEqual([1, 2]);
		expect(await states.get(3)).toBeNull();
		expect(await states.get(4)).toEqual(stateOf(4));
	});

	test("one that is larger than all the room is given up itself, and nothing else", async () => {
		const states = await open({ ...inMemory, hostStates: 2 });
		put(states, 1);
		expect(put(states, 2, 3 * stateBytes)).toEqual([2]);
		expect(states.count).toBe(1);
	});

	test("a state of the same prefix takes the place of the old one", async () => {
		const states = await open(inMemory);
		put(states, 1);
		expect(states.put({ ...keyOf(1), id: 2, state: stateOf(2) })).toEqual([1]);
		expect(await states.get(2)).toEqual(stateOf(2));
		expect(states.hostBytes).toBe(stateBytes);
	});

	test("deleting gives the room back; what isn't there can be deleted and touched", async () => {
		const states = await open(inMemory);
		put(states, 1);
		states.delete(1);
		states.delete(1);
		states.touch(1);
		expect([states.count, states.hostBytes]).toEqual([0, 0]);
	});

	test("an id is used once", async () => {
		const states = await open(inMemory);
		put(states, 1);
		expect(() => put(states, 1)).toThrow("State 1 is saved already");
	});

	test("a view of a larger buffer doesn't keep the rest of it", async () => {
		const states = await open(inMemory);
		const state = new Uint8Array(5000).subarray(100, 100 + stateBytes);
		states.put({ ...keyOf(1), id: 1, state });
		expect((await states.get(1))?.buffer.byteLength).toBe(stateBytes);
	});
});

describe("on disk", () => {
	test("a restart finds what was flushed, the least recently used first, byte for byte", async () => {
		const before = await open();
		for (const id of [11, 12, 13]) put(before, id);
		await before.flush();
		before.touch(11);
		await before.close();
		const after = await open();
		expect(after.entries()).toEqual([
			{ id: 1, ...keyOf(12) },
			{ id: 2, ...keyOf(13) },
			{ id: 3, ...keyOf(11) },
		]);
		expect(await after.get(3)).toEqual(stateOf(11));
		expect(after.diskBytes).toBe(3 * fileBytes);
		expect(after.hostBytes).toBe(stateBytes);
	});

	test("a state of many pieces, with one byte more, comes back whole", async () => {
		const bytes = 9 * 1024 * 1024 + 1;
		const before = await open({ maxHostBytes: bytes, maxDiskBytes: 2 * bytes });
		put(before, 1, bytes);
		await before.close();
		const after = await open({ maxHostBytes: bytes, maxDiskBytes: 2 * bytes });
		const state = (await after.get(1)) as Uint8Array;
		expect(Buffer.compare(state, stateOf(1, bytes))).toBe(0);
	});

	test("an empty state is a state", async () => {
		const before = await open();
		put(before, 1, 0);
		await before.close();
		expect(await (await open()).get(1)).toEqual(new Uint8Array(0));
	});

	test("what host memory had no more room for is read from disk, once for all who ask", async () => {
		const states = await open({ hostStates: 2 });
		put(states, 1);
		await states.flush();
		put(states, 2);
		await states.flush();
		expect(put(states, 3)).toEqual([]);
		expect([states.count, states.hostBytes]).toEqual([3, 2 * stateBytes]);
		const [first, second] = await Promise.all([states.get(1), states.get(1)]);
		expect(first).toEqual(stateOf(1));
		expect(second).toBe(first);
	});

	test("reading never costs a state that is nowhere else", async () => {
		const states = await open({ hostStates: 2, diskStates: 1 });
		put(states, 1);
		await states.flush();
		// Too large for the disk: in host memory only.
		put(states, 2, 2 * stateBytes);
		expect(await states.get(1)).toEqual(stateOf(1));
		expect(states.hostBytes).toBe(2 * stateBytes);
		expect(await states.get(2)).toEqual(stateOf(2, 2 * stateBytes));
		expect(states.takeGivenUp()).toEqual([]);
	});

	test("states that come faster than they can be written are given up, but some are written", async () => {
		const states = await open({ hostStates: 2 });
		const givenUp = [1, 2, 3, 4, 5].flatMap((id) => put(states, id));
		expect(givenUp).toEqual([2, 3, 4]);
		await states.close();
		expect(idsOnDisk(await open())).toEqual([1, 5]);
	});

	test("the budget of the disk gives up the least recently used, and says so", async () => {
		const states = await open({ hostStates: 1, diskStates: 2 });
		for (const id of [1, 2]) {
			put(states, id);
			await states.flush();
		}
		await states.get(1);
		put(states, 3);
		await states.flush();
		expect(states.takeGivenUp()).toEqual([2]);
		expect(await states.get(2)).toBeNull();
		expect(states.diskBytes).toBe(2 * fileBytes);
		expect(stateFiles()).toHaveLength(2);
	});

	test("what is deleted is gone after a restart, whether written or on its way", async () => {
		const states = await open();
		put(states, 1);
		await states.flush();
		put(states, 2);
		put(states, 3);
		for (const id of [1, 2, 3]) states.delete(id);
		await states.flush();
		expect(stateFiles()).toEqual([]);
		expect(idsOnDisk(await open())).toEqual([]);
	});

	test("what is deleted too late to stop its file is gone too", async () => {
		const states = await open();
		// Empty: between the beginning of its file and the end nothing asks whether it is still wanted.
		put(states, 1, 0);
		states.delete(1);
		await states.flush();
		expect(stateFiles()).toEqual([]);
	});

	test("the same prefix is not written twice", async () => {
		const states = await open();
		put(states, 1);
		await states.flush();
		const [file] = stateFiles() as [string];
		const { ino } = statSync(file);
		expect(states.put({ ...keyOf(1), id: 2, state: stateOf(1) })).toEqual([1]);
		await states.flush();
		expect(statSync(file).ino).toBe(ino);
		expect([states.count, states.diskBytes]).toEqual([1, fileBytes]);
	});

	test("names and folders tell nothing of the prefix or the fingerprint", async () => {
		const states = await open({ fingerprint: "secret-model" });
		put(states, 1);
		await states.flush();
		const [file] = stateFiles() as [string];
		expect(file.slice(root.length)).toMatch(
			/^\/[0-9a-f]{32}\/[0-9a-f]{40}\.state$/,
		);
	});
});

describe("files that went wrong", () => {
	test("are misses, and their entries go", async () => {
		const before = await open();
		for (const id of [1, 2, 3]) put(before, id);
		await before.close();
		const states = await open();
		const [damaged, vanished] = stateFiles() as [string, string];
		const bytes = readFileSync(damaged);
		bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
		writeFileSync(damaged, bytes);
		rmSync(vanished);
		const read = await Promise.all([1, 2, 3].map((id) => states.get(id)));
		expect(read.filter((state) => state !== null)).toHaveLength(1);
		expect([states.count, states.diskBytes]).toEqual([1, fileBytes]);
		expect(stateFiles()).toHaveLength(1);
	});

	test("of another fingerprint are never found", async () => {
		const other = await open({ fingerprint: "other" });
		put(other, 1);
		await other.close();
		expect((await open()).entries()).toEqual([]);
		expect(idsOnDisk(await open({ fingerprint: "other" }))).toEqual([1]);
	});
});

describe("a directory that can't be used", () => {
	test("leaves host memory, and one line in the log", async () => {
		const directory = join(root, "file", "below");
		writeFileSync(join(root, "file"), "");
		const states = await open({ directory });
		for (const id of [1, 2, 3]) put(states, id);
		await states.flush();
		expect(await states.get(1)).toEqual(stateOf(1));
		expect(logged).toHaveLength(1);
		expect(logged[0]).toMatch(/host memory only.*below.*choose another/);
	});

	test("later on, costs one line too, and no state in host memory", async () => {
		const states = await open();
		rmSync(root, { recursive: true });
		writeFileSync(root, "in the way");
		for (const id of [1, 2, 3]) put(states, id);
		await states.flush();
		expect(await states.get(2)).toEqual(stateOf(2));
		expect(states.diskBytes).toBe(0);
		expect(logged).toHaveLength(1);
		rmSync(root);
		put(states, 4);
		await states.flush();
		expect(states.diskBytes).toBe(fileBytes);
	});

	test("is left alone when it may hold nothing", async () => {
		const before = await open();
		put(before, 1);
		await before.close();
		const states = await open({ maxDiskBytes: 0 });
		put(states, 2);
		await states.flush();
		expect(states.entries()).toEqual([]);
		expect(stateFiles()).toHaveLength(1);
	});
});

describe("two stores on one directory", () => {
	test("don't see each other's states until a restart, and keep the budget together", async () => {
		const first = await open({ diskStates: 3 });
		const second = await open({ diskStates: 3 });
		for (const id of [1, 2, 3]) put(first, id);
		await first.flush();
		for (const id of [4, 5]) put(second, id);
		await second.flush();
		expect(await second.get(1)).toBeNull();
		expect(stateFiles()).toHaveLength(3);
		expect(idsOnDisk(await open({ diskStates: 3 }))).toEqual([3, 4, 5]);
		// What the other one removed is still in host memory here.
		expect(await first.get(1)).toEqual(stateOf(1));
	});

	test("a file that the other one removed is a miss", async () => {
		const first = await open({ hostStates: 1, diskStates: 2 });
		for (const id of [1, 2]) {
			put(first, id);
			await first.flush();
		}
		const second = await open({ diskStates: 1 });
		expect(idsOnDisk(second)).toEqual([2]);
		expect(await first.get(1)).toBeNull();
		expect(first.count).toBe(1);
	});

	test("may write the same prefix at once", async () => {
		const stores = [await open(), await open()];
		for (const states of stores) put(states, 1);
		await Promise.all(stores.map((states) => states.flush()));
		expect(stateFiles()).toHaveLength(1);
		expect(await (await open()).get(1)).toEqual(stateOf(1));
	});
});

describe("whatever happens", () => {
	type Step =
		| { does: "put"; prefix: number }
		| { does: "get" | "touch" | "delete"; at: number }
		| { does: "flush" | "spoil" };
	const stepOf = <Does extends string, Rest extends object>(
		weight: number,
		does: readonly Does[],
		rest: { [Name in keyof Rest]: fc.Arbitrary<Rest[Name]> },
	) => ({
		weight,
		arbitrary: fc.record({ does: fc.constantFrom(...does), ...rest }),
	});
	const anyStep = fc.oneof(
		stepOf(6, ["put"], { prefix: fc.nat(30) }),
		stepOf(4, ["get", "touch", "delete"], { at: fc.nat() }),
		stepOf(1, ["flush", "spoil"], {}),
	) as fc.Arbitrary<Step>;
	/** As an engine's: the same for the same prefix; some are empty, some larger than host memory. */
	const stateOfPrefix = (prefix: number) =>
		stateOf(prefix, prefix * prefix * 5);
	const maxHostBytes = 4000;
	const maxDiskBytes = 8000;

	/** Every step, and after it what must hold. The prefixes that the store still has, by id. */
	async function live(
		states: SavedStates,
		steps: readonly Step[],
	): Promise<Map<number, number>> {
		const kept = new Map<number, number>();
		const forget = (ids: readonly number[]) => {
			for (const id of ids) expect(kept.delete(id)).toBe(true);
		};
		for (const [index, step] of steps.entries()) {
			const ids = [...kept.keys()];
			const id = "at" in step ? (ids[step.at % ids.length] ?? 0) : index;
			if (step.does === "put") {
				kept.set(id, step.prefix);
				const state = stateOfPrefix(step.prefix);
				forget(states.put({ id, ...keyOf(step.prefix), state }));
			} else if (step.does === "get") {
				const state = await states.get(id);
				const prefix = kept.get(id);
				if (state === null) kept.delete(id);
				else expect(state).toEqual(stateOfPrefix(prefix ?? -1));
			} else if (step.does === "touch") {
				states.touch(id);
			} else if (step.does === "delete") {
				states.delete(id);
				kept.delete(id);
			} else if (step.does === "flush") {
				await states.flush();
			} else {
				for (const file of stateFiles().slice(0, 1)) writeFileSync(file, "");
			}
			expect(states.hostBytes).toBeLessThanOrEqual(maxHostBytes);
			const givenUp = states.takeGivenUp();
			forget(
				step.does === "get" ? givenUp.filter((gone) => gone !== id) : givenUp,
			);
		}
		await states.flush();
		forget(states.takeGivenUp());
		expect(states.count).toBe(kept.size);
		return kept;
	}

	test("host memory keeps its bound and tells of everything it gives up", async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(anyStep, { maxLength: 120 }), async (steps) => {
				const states = await SavedStates.open({
					maxHostBytes,
					directory: null,
					maxDiskBytes: 0,
					fingerprint: "model",
					log: () => undefined,
				});
				for (const [id, prefix] of await live(states, steps))
					expect(await states.get(id)).toEqual(stateOfPrefix(prefix));
			}),
			{ numRuns: 200 },
		);
	});

	test("the disk keeps its bound too, and nothing else is ever read than what was saved", async () => {
		// Few and long: starting a disk thread takes longer than a hundred steps.
		const longLives = fc.array(anyStep, { minLength: 100, maxLength: 300 });
		await fc.assert(
			fc.asyncProperty(longLives, async (steps) => {
				rmSync(root, { recursive: true });
				const states = await open({ maxHostBytes, maxDiskBytes });
				await live(states, steps);
				await states.close();
				const sizes = stateFiles().map((file) => statSync(file).size);
				const total = sizes.reduce((sum, size) => sum + size, 0);
				expect(total).toBeLessThanOrEqual(maxDiskBytes);

				const restarted = await open({ maxHostBytes, maxDiskBytes });
				for (const { id, tokens } of restarted.entries())
					expect(await restarted.get(id)).toEqual(
						stateOfPrefix(tokens[0] ?? -1),
					);
				await restarted.close();
				opened = [];
			}),
			{ numRuns: 5 },
		);
	});
});
