import { GalleyError } from "../../core/errors.ts";
import { Patience } from "../patience.ts";
import { type StoredKey, stateOf } from "./api-key.ts";
import type { KeyStore } from "./key-store.ts";

/** How old the list may be, where other gateways change keys too: a revoked key is refused everywhere within this time. */
const staleMs = 1000;
/** From this age on it is read again beside the requests, so that under load nobody waits for it. */
const agingMs = 500;
/** A key that isn't in the list may have been made elsewhere: the list is read again for it, but no more often than this. */
const unknownMs = 100;
/** How long a request waits for the database before it goes on with what is known. */
const patienceMs = 1000;

/**
 * All keys, in memory: they are few (a thousand take less than a megabyte), nobody waits for the database to be let in, all go
 * on working while it is away, and any number of unknown keys costs ten questions a second at most, because what is asked
 * is only ever "what has changed?".
 */
export class KnownKeys {
	readonly #store: KeyStore;
	readonly #now: () => number;
	readonly #byId = new Map<string, StoredKey>();
	readonly #byHash = new Map<string, StoredKey>();
	#newest: Date | null = null;
	#isShared = false;
	#isLoaded = false;
	#readAt = -Infinity;
	readonly #patience: Patience;
	#reading: Promise<void> | null = null;

	constructor(store: KeyStore, now: () => number = () => performance.now()) {
		this.#store = store;
		this.#now = now;
		this.#patience = new Patience(now, patienceMs);
	}

	/** Where the database is new, nobody has to wait for it to learn that it has no keys. */
	assumeNone(): void {
		this.#isLoaded = true;
	}

	get isLoaded(): boolean {
		return this.#isLoaded;
	}

	/** Whether there ever was one: a key that expires or is revoked doesn't open the door. */
	get hasAny(): boolean {
		return this.#byId.size > 0;
	}

	hasAdmin(at: number): boolean {
		return [...this.#byId.values()].some(
			(key) => key.scopes.includes("admin") && stateOf(key, at) === "active",
		);
	}

	/** Throws `engine_unavailable` where the database can't be read. */
	async load(): Promise<void> {
		if (this.#isLoaded) return;
		try {
			await this.#read();
		} catch (cause) {
			throw new GalleyError(
				"engine_unavailable",
				"Keys can't be checked yet: the database can't be read. Try again in a moment.",
				{ cause, retryAfterSeconds: 2 },
			);
		}
	}

	/** The key with this secret, whatever its state; null where there is none. Throws `engine_unavailable` when that can't be said. */
	async find(hash: string): Promise<StoredKey | null> {
		if (!this.#isLoaded) await this.load();
		else if (this.#isShared) await this.#refresh();
		const known = this.#byHash.get(hash);
		if (known !== undefined) return known;
		if (!this.#isShared) return null;
		if (this.#now() - this.#readAt > unknownMs) await this.#patiently();
		const found = this.#byHash.get(hash);
		if (found !== undefined) return found;
		if (this.#now() - this.#readAt <= staleMs) return null;
		throw new GalleyError(
			"engine_unavailable",
			"This key isn't known here, and the database that may know it is away. Try again in a moment.",
			{ retryAfterSeconds: 2 },
		);
	}

	/** What this gateway itself has changed is true at once. */
	put(key: StoredKey): void {
		const before = this.#byId.get(key.id);
		if (before !== undefined) {
			if (before.changedAt > key.changedAt) return;
			for (const hash of hashesOf(before)) this.#byHash.delete(hash);
		}
		this.#byId.set(key.id, key);
		for (const hash of hashesOf(key)) this.#byHash.set(hash, key);
	}

	async #refresh(): Promise<void> {
		const age = this.#now() - this.#readAt;
		if (age > staleMs) await this.#patiently();
		else if (age > agingMs) this.#read().catch(() => undefined);
	}

	/** Waits for the newest list, but not for a database that is away. */
	async #patiently(): Promise<void> {
		await this.#patience.hasDone(() => this.#read());
	}

	#read(): Promise<void> {
		this.#reading ??= this.#readNow().finally(() => {
			this.#reading = null;
		});
		return this.#reading;
	}

	async #readNow(): Promise<void> {
		const begunAt = this.#now();
		const keys = await this.#store.changedSince(this.#newest);
		for (const key of keys) {
			this.put(key);
			if (this.#newest === null || key.changedAt > this.#newest)
				this.#newest = key.changedAt;
		}
		this.#isShared = await this.#store.isShared();
		this.#isLoaded = true;
		this.#readAt = begunAt;
	}
}

function hashesOf({ secretHash, previousHash }: StoredKey): string[] {
	return previousHash === null ? [secretHash] : [secretHash, previousHash];
}
