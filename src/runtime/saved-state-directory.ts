import {
	closeSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	utimesSync,
} from "node:fs";
import { join } from "node:path";
import {
	assertTrusted,
	createTemporary,
	ifThere,
	ifWritable,
	makePrivateFolder,
	removeEmptyFolder,
	temporaryFilePattern,
	tryRemove,
} from "./saved-state-access.ts";
import {
	fingerprintFolder,
	fingerprintFolderPattern,
	headerLength,
	type StateKey,
	stateFileName,
	stateFilePattern,
} from "./saved-state-file.ts";
import { readState, readStateHeader } from "./saved-state-reader.ts";
import { StateWriter } from "./saved-state-writer.ts";

/**
 * Saved states on disk. Every call is synchronous: it runs in a worker thread of its own (see saved-state-disk.ts).
 *
 *     <directory>/<hash of the fingerprint>/<hash of the prefix>.state     0600 in 0700
 *                                          /.<random>.temporary           being written, renamed when complete
 *
 * The directory itself is the only account of what is on disk, so several processes can use it: whoever writes first
 * removes the least recently used files (of any process and any fingerprint, by modification time, which every use
 * renews) until the new one fits. So the budget holds for the whole directory, states of a model that nobody runs any
 * more are the first to go, and a file that another process removed is a miss. Names other than the above are not ours
 * and are never touched.
 */

export interface FoundState extends StateKey {
	fileName: string;
	fileBytes: number;
	lastUsedMs: number;
}

export interface DirectoryContents {
	/** Least recently used first. */
	found: FoundState[];
	/** Removed because they were damaged. */
	damagedFiles: number;
	/** Why nothing can be written there; what is there can still be read. */
	readOnlyReason: string | null;
}

interface ListedFile {
	folder: string;
	fileName: string;
	bytes: number;
	lastUsedMs: number;
}

/** A live writer's file is seconds old; one this old was left by a process that died. */
const staleTemporaryMs = 3_600_000;

export class SavedStateDirectory {
	readonly #root: string;
	readonly #folder: string;
	readonly #fingerprint: string;
	readonly #maxBytes: number;

	constructor(root: string, fingerprint: string, maxBytes: number) {
		this.#root = root;
		this.#folder = fingerprintFolder(fingerprint);
		this.#fingerprint = fingerprint;
		this.#maxBytes = maxBytes;
	}

	/** Throws when the directory can be neither written nor read, or when other users could have put files there. */
	open(): DirectoryContents {
		const folder = join(this.#root, this.#folder);
		const readOnlyReason = this.#prepare(folder);
		const stats = ifThere(() => lstatSync(folder));
		if (stats === null)
			throw new Error(readOnlyReason ?? `${folder} can't be opened`);
		assertTrusted(folder, stats);
		const { found, damaged } = this.#readHeaders();
		if (readOnlyReason !== null)
			return { found, damagedFiles: 0, readOnlyReason };
		for (const fileName of damaged) this.remove(fileName);
		const removed = new Set(this.#makeRoom(0, null).removed);
		return {
			found: found.filter(({ fileName }) => !removed.has(fileName)),
			damagedFiles: damaged.length,
			readOnlyReason,
		};
	}

	/** Makes room and begins a file; `removed` are file names of this fingerprint that had to go. */
	write(
		key: StateKey,
		stateBytes: number,
	): { writer: StateWriter; removed: string[] } {
		const fileName = stateFileName(key);
		const fileBytes = headerLength(key) + stateBytes;
		const { removed, freeBytes } = this.#makeRoom(fileBytes, fileName);
		if (freeBytes < fileBytes)
			throw new Error(
				`${this.#root} holds files of other users that leave no room`,
			);
		const folder = join(this.#root, this.#folder);
		// Another process may have removed the folder when it was empty.
		makePrivateFolder(folder);
		const { file, path } = createTemporary(folder);
		const writer = new StateWriter({
			fingerprint: this.#fingerprint,
			key,
			stateBytes,
			file,
			temporaryPath: path,
			targetPath: this.#pathOf(fileName),
		});
		return { writer, removed };
	}

	/** The state's bytes, or null when the file is gone or damaged; a damaged one is removed. */
	read(fileName: string): Uint8Array | null {
		const state = readState(this.#pathOf(fileName), this.#fingerprint);
		if (state === null) this.remove(fileName);
		return state;
	}

	touch(fileName: string, lastUsedMs: number): void {
		const seconds = lastUsedMs / 1000;
		const path = this.#pathOf(fileName);
		ifWritable(() => ifThere(() => utimesSync(path, seconds, seconds)));
	}

	remove(fileName: string): void {
		tryRemove(this.#pathOf(fileName));
	}

	#pathOf(fileName: string): string {
		return join(this.#root, this.#folder, fileName);
	}

	/** Why the folder can't be written, or null when it can. */
	#prepare(folder: string): string | null {
		try {
			mkdirSync(this.#root, { recursive: true, mode: 0o700 });
			makePrivateFolder(folder);
			const { file, path } = createTemporary(folder);
			closeSync(file);
			tryRemove(path);
			return null;
		} catch (thrown) {
			return thrown instanceof Error ? thrown.message : String(thrown);
		}
	}

	#readHeaders(): { found: FoundState[]; damaged: string[] } {
		const found: FoundState[] = [];
		const damaged: string[] = [];
		for (const { fileName, bytes, lastUsedMs } of this.#list(this.#folder)) {
			if (!stateFilePattern.test(fileName)) continue;
			const path = this.#pathOf(fileName);
			const header = readStateHeader(path, this.#fingerprint);
			if (header === null || stateFileName(header) !== fileName) {
				damaged.push(fileName);
				continue;
			}
			const { namespace, tokens } = header;
			found.push({ namespace, tokens, fileName, fileBytes: bytes, lastUsedMs });
		}
		found.sort((first, second) => first.lastUsedMs - second.lastUsedMs);
		return { found, damaged };
	}

	/** Removes what was used least recently, whoever wrote it, until `wantedBytes` fit beside the rest. */
	#makeRoom(
		wantedBytes: number,
		replacedFile: string | null,
	): { removed: string[]; freeBytes: number } {
		const states: ListedFile[] = [];
		let used = 0;
		for (const file of this.#folders().flatMap((name) => this.#list(name))) {
			const { folder, fileName, bytes } = file;
			if (folder === this.#folder && fileName === replacedFile) continue;
			if (stateFilePattern.test(fileName)) states.push(file);
			else if (this.#removeStale(file)) continue;
			used += bytes;
		}
		states.sort((first, second) => first.lastUsedMs - second.lastUsedMs);
		const removed: string[] = [];
		for (const { folder, fileName, bytes } of states) {
			if (used + wantedBytes <= this.#maxBytes) break;
			if (!tryRemove(join(this.#root, folder, fileName))) continue;
			used -= bytes;
			if (folder === this.#folder) removed.push(fileName);
			else removeEmptyFolder(join(this.#root, folder));
		}
		return { removed, freeBytes: this.#maxBytes - used };
	}

	#removeStale({ folder, fileName, lastUsedMs }: ListedFile): boolean {
		if (Date.now() - lastUsedMs <= staleTemporaryMs) return false;
		return tryRemove(join(this.#root, folder, fileName));
	}

	#folders(): string[] {
		const entries = ifThere(() =>
			readdirSync(this.#root, { withFileTypes: true }),
		);
		return (entries ?? [])
			.filter(
				(entry) =>
					entry.isDirectory() && fingerprintFolderPattern.test(entry.name),
			)
			.map((entry) => entry.name);
	}

	#list(folder: string): ListedFile[] {
		const path = join(this.#root, folder);
		const listed: ListedFile[] = [];
		for (const fileName of ifThere(() => readdirSync(path)) ?? []) {
			if (
				!stateFilePattern.test(fileName) &&
				!temporaryFilePattern.test(fileName)
			)
				continue;
			const stats = ifThere(() => lstatSync(join(path, fileName)));
			if (stats === null || !stats.isFile()) continue;
			const { size, mtimeMs } = stats;
			listed.push({ folder, fileName, bytes: size, lastUsedMs: mtimeMs });
		}
		return listed;
	}
}
