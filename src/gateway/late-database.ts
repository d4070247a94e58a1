import { GalleyError } from "../core/errors.ts";
import type { Database } from "../store/index.ts";

/** After an attempt that failed. */
const retryMs = 1000;

/**
 * A database that is opened when it is needed first, or in the background: opening takes seconds, and the gateway answers before.
 * When it can't be opened, that is tried again later.
 */
export class LateDatabase {
	/** Nothing can be in it yet: it is made by the first who opens it, and that is this process. */
	readonly isNew: boolean;
	readonly #open: () => Promise<Database>;
	#opening: Promise<Database> | null = null;
	#isClosed = false;

	constructor(open: () => Promise<Database>, { isNew = false } = {}) {
		this.isNew = isNew;
		this.#open = open;
	}

	/** Throws what opening threw. */
	get(): Promise<Database> {
		if (this.#isClosed)
			return Promise.reject(
				new GalleyError("draining", "The gateway is shutting down."),
			);
		this.#opening ??= this.#try();
		return this.#opening;
	}

	async close(): Promise<void> {
		if (this.#isClosed) return;
		this.#isClosed = true;
		const database = await this.#opening?.catch(() => null);
		await database?.close();
	}

	#try(): Promise<Database> {
		const opening = this.#open();
		opening.catch(() => {
			// Whoever asks soon after hears the same; the server is not asked more often than this.
			setTimeout(() => {
				this.#opening = null;
			}, retryMs).unref();
		});
		return opening;
	}
}
