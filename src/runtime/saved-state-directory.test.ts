import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SavedStateDirectory } from "./saved-state-directory.ts";
import {
	fingerprintFolder,
	headerLength,
	stateFileName,
} from "./saved-state-file.ts";

const fingerprint = "model, release and cache types";
const keyOf = (number: number) => ({
	namespace: "tenant",
	tokens: Int32Array.of(number, number + 1),
});
const stateOf = (number: number) => new Uint8Array(1000).fill(number);
const fileBytes = headerLength(keyOf(0)) + 1000;
const nameOf = (number: number) => stateFileName(keyOf(number));

let root: string;
let folder: string;

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), "galley-saved-states-"));
	folder = join(root, fingerprintFolder(fingerprint));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function directoryOf({ maxFiles = 100, of = fingerprint } = {}) {
	return new SavedStateDirectory(root, of, maxFiles * fileBytes);
}

function opened(options = {}): SavedStateDirectory {
	const directory = directoryOf(options);
	directory.open();
	return directory;
}

/** At the time `number`, in seconds. */
function save(directory: SavedStateDirectory, number: number): string[] {
	const state = stateOf(number);
	const { writer, removed } = directory.write(keyOf(number), state.length);
	for (let from = 0; from < state.length; from += 300)
		writer.append(state.subarray(from, from + 300));
	writer.finish(number * 1000);
	return removed;
}

const numbersFound = (directory: SavedStateDirectory) =>
	directory.open().found.map(({ tokens }) => tokens[0]);

describe("a directory of saved states", () => {
	test("gives back the bytes that were written, in one more process too", () => {
		save(opened(), 1);
		expect(directoryOf().read(nameOf(1))).toEqual(stateOf(1));
		expect(directoryOf().open().found).toEqual([
			{ ...keyOf(1), fileName: nameOf(1), fileBytes, lastUsedMs: 1000 },
		]);
	});

	test("keeps its files from other users, whatever the folder was before", () => {
		mkdirSync(folder, { mode: 0o777 });
		chmodSync(folder, 0o777);
		save(opened(), 1);
		expect(statSync(folder).mode & 0o777).toBe(0o700);
		expect(statSync(join(folder, nameOf(1))).mode & 0o777).toBe(0o600);
	});

	test("shows a file only when it is complete", () => {
		const directory = opened();
		const { writer } = directory.write(keyOf(1), 1000);
		writer.append(stateOf(1));
		expect(numbersFound(directoryOf())).toEqual([]);
		expect(directory.read(nameOf(1))).toBeNull();
		writer.finish(1);
		expect(numbersFound(directoryOf())).toEqual([1]);
	});

	test("has nothing left of a write that was given up, or that got too few bytes", () => {
		const directory = opened();
		directory.write(keyOf(1), 1000).writer.abort();
		const { writer } = directory.write(keyOf(2), 1000);
		writer.append(new Uint8Array(999));
		expect(() => writer.finish(1)).toThrow("got 999 of 1000 bytes");
		expect(readdirSync(folder)).toEqual([]);
	});

	test("lists the least recently used first", () => {
		const directory = opened();
		for (const number of [3, 1, 2]) save(directory, number);
		directory.touch(nameOf(1), 9000);
		expect(numbersFound(directory)).toEqual([2, 3, 1]);
	});

	test("removes the least recently used before a file would exceed the budget", () => {
		const directory = opened({ maxFiles: 2 });
		expect(save(directory, 1)).toEqual([]);
		expect(save(directory, 2)).toEqual([]);
		directory.touch(nameOf(1), 3000);
		expect(save(directory, 4)).toEqual([nameOf(2)]);
		expect(numbersFound(directory)).toEqual([1, 4]);
	});

	test("replaces a file without making room for it twice", () => {
		const directory = opened({ maxFiles: 2 });
		save(directory, 1);
		save(directory, 2);
		expect(save(directory, 1)).toEqual([]);
		expect(numbersFound(directory)).toEqual([1, 2]);
	});

	test("opened with a smaller budget, removes the oldest", () => {
		const directory = opened();
		for (const number of [1, 2, 3]) save(directory, number);
		expect(numbersFound(directoryOf({ maxFiles: 2 }))).toEqual([2, 3]);
		expect(readdirSync(folder)).toHaveLength(2);
	});

	test("has one budget for all fingerprints, and finds only its own", () => {
		const old = opened({ of: "old" });
		save(old, 1);
		save(old, 2);
		const directory = opened({ maxFiles: 3 });
		expect(numbersFound(directory)).toEqual([]);
		expect(save(directory, 3)).toEqual([]);
		expect(save(directory, 4)).toEqual([]);
		expect(numbersFound(old)).toEqual([2]);
		save(directory, 5);
		expect(existsSync(join(root, fingerprintFolder("old")))).toBe(false);
		// Its process may be alive and save again.
		save(old, 6);
		expect(numbersFound(old)).toEqual([6]);
	});

	test("counts what another process is writing, and removes it only when it is long dead", () => {
		const directory = opened({ maxFiles: 2 });
		save(directory, 1);
		directoryOf().write(keyOf(7), 1000);
		expect(save(directory, 2)).toEqual([nameOf(1)]);
		const [temporary] = readdirSync(folder).filter((name) =>
			name.endsWith(".temporary"),
		);
		utimesSync(join(folder, temporary as string), 1, 1);
		expect(save(directory, 3)).toEqual([]);
		expect(readdirSync(folder).sort()).toEqual([nameOf(2), nameOf(3)].sort());
	});
});

describe("damaged files", () => {
	const damages: Record<string, (path: string) => void> = {
		"are empty": (path) => truncateSync(path, 0),
		"end in the header": (path) => truncateSync(path, 80),
		"end in the state": (path) => truncateSync(path, fileBytes - 1),
		"have more bytes than they should": (path) =>
			writeFileSync(path, "x", { flag: "a" }),
		"are links": (path) => {
			const target = join(root, "target");
			writeFileSync(target, readFileSync(path));
			rmSync(path);
			symlinkSync(target, path);
		},
		"are of another fingerprint": (path) => {
			save(opened({ of: "another" }), 1);
			const other = join(root, fingerprintFolder("another"), nameOf(1));
			writeFileSync(path, readFileSync(other));
		},
	};

	for (const [damage, apply] of Object.entries(damages)) {
		test(`that ${damage} are misses`, () => {
			const directory = opened();
			save(directory, 1);
			apply(join(folder, nameOf(1)));
			expect(directoryOf().read(nameOf(1))).toBeNull();
			expect(existsSync(join(folder, nameOf(1)))).toBe(false);
		});

		test(`that ${damage} are not found at the start`, () => {
			const directory = opened();
			save(directory, 1);
			save(directory, 2);
			apply(join(folder, nameOf(1)));
			expect(numbersFound(directoryOf())).toEqual([2]);
		});
	}

	test("with other bytes in the state are removed when they are read", () => {
		const directory = opened();
		save(directory, 1);
		const path = join(folder, nameOf(1));
		const bytes = readFileSync(path);
		bytes[fileBytes - 500] = 99;
		writeFileSync(path, bytes);
		expect(directory.read(nameOf(1))).toBeNull();
		expect(existsSync(path)).toBe(false);
	});

	test("under another prefix's name are removed", () => {
		const directory = opened();
		save(directory, 1);
		const bytes = readFileSync(join(folder, nameOf(1)));
		writeFileSync(join(folder, nameOf(2)), bytes);
		expect(directory.open()).toMatchObject({ damagedFiles: 1 });
		expect(readdirSync(folder)).toEqual([nameOf(1)]);
	});

	test("of any content never make it throw, and what isn't its own stays", () => {
		opened();
		const strangers = ["notes.txt", ".hidden", `${nameOf(1)}.bak`];
		for (const name of strangers) writeFileSync(join(folder, name), "mine");
		writeFileSync(join(root, "photo.jpg"), "mine");
		for (let size = 0; size < 200; size += 7)
			writeFileSync(join(folder, nameOf(size)), Buffer.alloc(size, 255));
		expect(numbersFound(directoryOf({ maxFiles: 0 }))).toEqual([]);
		expect(readdirSync(folder).sort()).toEqual(strangers.sort());
		expect(existsSync(join(root, "photo.jpg"))).toBe(true);
	});
});

describe("a directory that is not ours to write", () => {
	/** As root, permissions stop nobody: be somebody else for a moment. */
	function unprivileged<Result>(work: () => Result): Result {
		if (process.geteuid?.() !== 0) return work();
		process.seteuid?.(65534);
		try {
			return work();
		} finally {
			process.seteuid?.(0);
		}
	}

	afterEach(() => {
		chmodSync(root, 0o700);
		if (existsSync(folder)) chmodSync(folder, 0o700);
	});

	test("is read, with the reason why it isn't written", () => {
		save(opened(), 1);
		chmodSync(join(folder, nameOf(1)), 0o444);
		chmodSync(folder, 0o555);
		chmodSync(root, 0o555);
		unprivileged(() => {
			const directory = directoryOf();
			const { found, readOnlyReason } = directory.open();
			expect(readOnlyReason).toMatch(/EACCES/);
			expect(found).toHaveLength(1);
			expect(directory.read(nameOf(1))).toEqual(stateOf(1));
			directory.touch(nameOf(1), 5);
		});
	});

	test("can't be used when it can't be made", () => {
		writeFileSync(join(root, "file"), "");
		const directory = new SavedStateDirectory(join(root, "file"), "f", 1000);
		expect(() => directory.open()).toThrow(/file/);
	});

	test("can't be used when other users may put files there", () => {
		mkdirSync(folder);
		chmodSync(folder, 0o777);
		chmodSync(root, 0o755);
		if (process.geteuid?.() === 0)
			expect(() => unprivileged(() => directoryOf().open())).toThrow(
				"can be written by other users",
			);
		rmSync(folder, { recursive: true });
		symlinkSync(root, folder);
		expect(() => directoryOf().open()).toThrow("is not a directory");
		rmSync(folder);
	});
});
