import { GalleyError } from "../core/errors.ts";
import { SavedStateDisk } from "./saved-state-disk.ts";
import {
	headerLength,
	type StateKey,
	stateFileName,
} from "./saved-state-file.ts";
import { HostStates, type SavedState } from "./saved-state-host.ts";

/**
 * The KV states of prefixes that were evicted from the engine's cache: in host memory, and in a directory when there is
 * one. It decides nothing about which prefix to save or to restore; it keeps bytes and tells what it had to give up.
 *
 *     put -> host memory, queued -> written to disk in the background -> on disk, and in host memory while there is room
 *
 * Host memory is the queue of writes, so that the queue is bounded with it.
 */

export interface SavedStatesOptions {
	maxHostBytes: number;
	directory: string | null;
	/** Of the whole directory, whoever uses it beside this process. 0 leaves the directory alone. */
	maxDiskBytes: number;
	/** Names model file, engine release and KV types: states of another fingerprint are never restored. */
	fingerprint: string;
	log: (level: "debug" | "info" | "warn" | "error", message: string) => void;
}

export interface SavedStateEntry extends StateKey {
	id: number;
}

export class SavedStates {
	readonly #options: SavedStatesOptions;
	readonly #entries = new Map<number, SavedState>();
	readonly #byFileName = new Map<string, SavedState>();
	readonly #host: HostStates;
	/** To be written, oldest first. */
	readonly #queue = new Set<SavedState>();
	#found: readonly SavedStateEntry[] = [];
	#disk: SavedStateDisk | null = null;
	#canWrite = false;
	#writing: Promise<void> | null = null;
	#givenUp: number[] = [];
	#diskBytes = 0;
	#lastUsedMs = 0;
	#hasDiskProblem = false;

	private constructor(options: SavedStatesOptions) {
		this.#options = options;
		this.#host = new HostStates(options.maxHostBytes);
	}

	static async open(options: SavedStatesOptions): Promise<SavedStates> {
		const states = new SavedStates(options);
		if (options.directory !== null && options.maxDiskBytes > 0)
			await states.#openDirectory(options.directory);
		return states;
	}

	/** What was found on disk at the start, least recently used first, with ids from 1. */
	entries(): readonly SavedStateEntry[] {
		return this.#found;
	}

	get count(): number {
		return this.#entries.size;
	}

	get hostBytes(): number {
		return this.#host.bytes;
	}

	/** Of files that this store may read. */
	get diskBytes(): number {
		return this.#diskBytes;
	}

	/**
	 * Keeps the bytes (without copying them: they belong to the store from here on). Gives the ids that had to go since the
	 * last call, this one's too when it is larger than the host memory. An entry of the same prefix is replaced.
	 */
	put(added: SavedStateEntry & { state: Uint8Array }): number[] {
		const { id, namespace, tokens } = added;
		if (this.#entries.has(id))
			throw new GalleyError("internal", `State ${id} is saved already.`);
		const { maxHostBytes } = this.#options;
		if (added.state.byteLength > maxHostBytes) {
			this.#givenUp.push(id);
			return this.takeGivenUp();
		}
		const key = { namespace, tokens: tokens.slice() };
		const fileName = stateFileName(key);
		const predecessor = this.#byFileName.get(fileName);
		if (predecessor !== undefined) this.#giveUp(predecessor);
		// The same tokens of the same model: what is on disk is as good as what came now.
		const isOnDisk = predecessor?.disk === "written";
		const entry: SavedState = {
			id,
			fileName,
			fileBytes: isOnDisk
				? predecessor.fileBytes
				: headerLength(key) + added.state.byteLength,
			key: isOnDisk ? null : key,
			state: null,
			disk: isOnDisk ? "written" : "absent",
			lastUsedMs: 0,
			reading: null,
		};
		this.#makeRoom(added.state.byteLength);
		this.#add(entry);
		this.#host.keep(entry, added.state);
		this.#use(entry);
		if (!isOnDisk) this.#enqueue(entry);
		return this.takeGivenUp();
	}

	/** Ids that had to go since the last call of this or of `put`: files also go while states are written. */
	takeGivenUp(): number[] {
		const givenUp = this.#givenUp;
		this.#givenUp = [];
		return givenUp;
	}

	/** The bytes, which stay the store's: read them only. Null when they are gone; then the id is too. */
	async get(id: number): Promise<Uint8Array | null> {
		const entry = this.#entries.get(id);
		if (entry === undefined) return null;
		this.#use(entry);
		if (entry.state !== null) return entry.state;
		entry.reading ??= this.#read(entry).finally(() => {
			entry.reading = null;
		});
		return entry.reading;
	}

	touch(id: number): void {
		const entry = this.#entries.get(id);
		if (entry !== undefined) this.#use(entry);
	}

	delete(id: number): void {
		const entry = this.#entries.get(id);
		if (entry === undefined) return;
		const isOnDisk = entry.disk === "written";
		this.#forget(entry);
		if (isOnDisk) this.#inBackground(this.#disk?.remove(entry.fileName));
	}

	/** Waits for what is being written, and for what waits to be. */
	async flush(): Promise<void> {
		while (this.#writing !== null) await this.#writing;
		await this.#disk?.barrier().catch((thrown) => this.#report(thrown));
	}

	/** Flushes and ends the disk thread. */
	async close(): Promise<void> {
		await this.flush();
		await this.#disk?.close();
	}

	async #openDirectory(directory: string): Promise<void> {
		const { fingerprint, maxDiskBytes, log } = this.#options;
		try {
			const { disk, contents } = await SavedStateDisk.open({
				directory,
				fingerprint,
				maxBytes: maxDiskBytes,
				onRemoved: (fileNames) => this.#removedFromDisk(fileNames),
			});
			const { found, damagedFiles, readOnlyReason } = contents;
			this.#disk = disk;
			this.#canWrite = readOnlyReason === null;
			this.#found = found.map((state, index) => {
				const { namespace, tokens, fileName, fileBytes, lastUsedMs } = state;
				const id = index + 1;
				this.#add({
					id,
					fileName,
					fileBytes,
					key: null,
					state: null,
					disk: "written",
					lastUsedMs,
					reading: null,
				});
				this.#lastUsedMs = Math.max(this.#lastUsedMs, Math.ceil(lastUsedMs));
				return { id, namespace, tokens };
			});
			log(
				"info",
				`prefix cache directory ${directory}: ${found.length} saved states, ${this.#diskBytes} bytes; ${damagedFiles} damaged files removed`,
			);
			if (readOnlyReason !== null)
				log(
					"warn",
					`prefixes can't be saved in ${directory}, only read: ${readOnlyReason}; make it writable for this user or choose another directory`,
				);
		} catch (thrown) {
			const reason = thrown instanceof Error ? thrown.message : String(thrown);
			log(
				"warn",
				`prefixes are kept in host memory only, because ${directory} can't be used: ${reason}; make it a directory of this user's own or choose another one`,
			);
		}
	}

	/** Time goes up by a millisecond at least, so that files keep the order in which they were used. */
	#use(entry: SavedState): void {
		this.#lastUsedMs = Math.max(Date.now(), this.#lastUsedMs + 1);
		entry.lastUsedMs = this.#lastUsedMs;
		this.#host.use(entry);
		if (entry.disk === "written")
			this.#inBackground(this.#disk?.touch(entry.fileName, entry.lastUsedMs));
	}

	/** Makes host memory free for a new state, which is not larger than all of it. */
	#makeRoom(byteCount: number): void {
		while (!this.#host.hasRoom(byteCount)) {
			const victim = this.#host.victim();
			if (victim === null) return;
			if (victim.disk === "written") this.#host.drop(victim);
			else this.#giveUp(victim);
		}
	}

	async #read(entry: SavedState): Promise<Uint8Array | null> {
		const state = await this.#disk
			?.read(entry.fileName)
			.catch((thrown) => this.#report(thrown));
		const isKept = this.#entries.get(entry.id) === entry;
		if (state instanceof Uint8Array) {
			if (isKept) this.#host.keepIfFree(entry, state);
			return state;
		}
		if (isKept) this.#forget(entry);
		return null;
	}

	#enqueue(entry: SavedState): void {
		const { maxDiskBytes } = this.#options;
		if (!this.#canWrite || entry.fileBytes > maxDiskBytes) return;
		entry.disk = "queued";
		this.#queue.add(entry);
		this.#writing ??= this.#writeQueued();
	}

	async #writeQueued(): Promise<void> {
		for (const entry of this.#queue) {
			this.#queue.delete(entry);
			await this.#write(entry);
		}
		// In the same turn in which the queue was seen empty, so that nothing is queued that nobody writes.
		this.#writing = null;
	}

	async #write(entry: SavedState): Promise<void> {
		const { key, state, fileName } = entry;
		if (this.#disk === null || key === null || state === null) return;
		const isWanted = () => this.#entries.get(entry.id) === entry;
		const lastUsedMs = () => entry.lastUsedMs;
		entry.disk = "writing";
		const outcome = await this.#disk
			.write({ key, state, isWanted, lastUsedMs })
			.catch((thrown) => this.#report(thrown));
		if (outcome === "written") this.#hasDiskProblem = false;
		if (isWanted()) {
			entry.disk = outcome === "written" ? "written" : "absent";
			if (entry.disk === "written") this.#diskBytes += entry.fileBytes;
			entry.key = null;
		} else if (outcome === "written" && !this.#byFileName.has(fileName)) {
			this.#inBackground(this.#disk.remove(fileName));
		}
	}

	/** The disk thread made room. */
	#removedFromDisk(fileNames: readonly string[]): void {
		for (const fileName of fileNames) {
			const entry = this.#byFileName.get(fileName);
			if (entry?.disk !== "written") continue;
			entry.disk = "absent";
			this.#diskBytes -= entry.fileBytes;
			if (entry.state === null) this.#giveUp(entry);
		}
	}

	#add(entry: SavedState): void {
		this.#entries.set(entry.id, entry);
		this.#byFileName.set(entry.fileName, entry);
		if (entry.disk === "written") this.#diskBytes += entry.fileBytes;
	}

	#giveUp(entry: SavedState): void {
		this.#forget(entry);
		this.#givenUp.push(entry.id);
	}

	#forget(entry: SavedState): void {
		this.#entries.delete(entry.id);
		this.#byFileName.delete(entry.fileName);
		this.#queue.delete(entry);
		this.#host.drop(entry);
		if (entry.disk === "written") this.#diskBytes -= entry.fileBytes;
	}

	#inBackground(work: Promise<void> | undefined): void {
		void work?.catch((thrown) => this.#report(thrown));
	}

	/** A disk in trouble would tell it with every state: once is enough, until it works again. */
	#report(thrown: unknown): null {
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		const level = this.#hasDiskProblem ? "debug" : "warn";
		this.#hasDiskProblem = true;
		this.#options.log(level, `prefix cache directory: ${reason}`);
		return null;
	}
}
