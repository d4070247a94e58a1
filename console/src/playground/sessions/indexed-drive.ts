import {
	MemoryDrive,
	type SessionDrive,
	type StoredSession,
} from "../logic/session-store.ts";

const databaseName = "galley-playground";
const storeName = "sessions";

/** Sessions in the browser's database; in memory where it has none or won't open it. */
export async function openDrive(): Promise<SessionDrive> {
	try {
		const request = indexedDB.open(databaseName, 1);
		request.onupgradeneeded = () => {
			request.result.createObjectStore(storeName, { keyPath: "id" });
		};
		return new IndexedDrive(await settled(request));
	} catch {
		// Private windows and locked-down browsers refuse; the page says that nothing is kept.
		return new MemoryDrive();
	}
}

class IndexedDrive implements SessionDrive {
	readonly isLasting = true;
	readonly #database: IDBDatabase;

	constructor(database: IDBDatabase) {
		this.#database = database;
		// Another tab of a newer console must not wait for this one.
		database.onversionchange = () => database.close();
	}

	list(): Promise<StoredSession[]> {
		return settled(this.#store("readonly").getAll());
	}

	async read(id: string): Promise<StoredSession | null> {
		return (await settled(this.#store("readonly").get(id))) ?? null;
	}

	/** Quota errors come when the transaction is to be kept, not when it is made. */
	write(session: StoredSession): Promise<void> {
		const store = this.#store("readwrite");
		store.put(session);
		return kept(store.transaction);
	}

	remove(id: string): Promise<void> {
		const store = this.#store("readwrite");
		store.delete(id);
		return kept(store.transaction);
	}

	#store(mode: IDBTransactionMode): IDBObjectStore {
		return this.#database.transaction(storeName, mode).objectStore(storeName);
	}
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
}

function kept(transaction: IDBTransaction): Promise<void> {
	return new Promise((resolve, reject) => {
		transaction.oncomplete = () => resolve();
		transaction.onerror = () => reject(transaction.error);
		transaction.onabort = () => reject(transaction.error);
	});
}
