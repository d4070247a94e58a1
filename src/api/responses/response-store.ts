import type {
	InputItem,
	OutputItem,
	ResponseObject,
} from "./response-object.ts";

/** A response that is kept, with all that continuing it or showing it again needs. */
export interface StoredResponse {
	/** Whose it is: others don't see it. */
	owner: string;
	response: ResponseObject;
	/** Its own; those before are found through `response.previous_response_id`. */
	input: readonly InputItem[];
	/** Its stream's events, the place being the sequence number; null where they can't be asked for. */
	frames: readonly string[] | null;
}

/** Where responses are kept. All are addressed by owner and id, so that one owner can't tell another's from none. */
export interface ResponseStore {
	/** Adds one or replaces the one of this id. */
	put(stored: StoredResponse): Promise<void>;
	get(owner: string, id: string): Promise<StoredResponse | null>;
	/** An item of the output of one of the owner's responses. */
	findItem(owner: string, itemId: string): Promise<OutputItem | null>;
	/** False when there was none. */
	delete(owner: string, id: string): Promise<boolean>;
}

export interface ResponseStoreLimits {
	maxResponses: number;
	/** Of all responses together, as JSON. */
	maxBytes: number;
	/** From the last change. */
	ttlMs: number;
}

interface Entry {
	stored: StoredResponse;
	bytes: number;
	expiresAt: number;
}

/**
 * In memory, as long as the process lives. What was used longest ago goes first; a response that is continued is used, and
 * so are those before it.
 */
export class MemoryResponseStore implements ResponseStore {
	readonly #limits: ResponseStoreLimits;
	readonly #now: () => number;
	/** In order of use. */
	readonly #entries = new Map<string, Entry>();
	/** The response that an item of an output is in; item ids are as random as those of responses. */
	readonly #responseOfItem = new Map<string, string>();
	#bytes = 0;

	constructor(
		limits: ResponseStoreLimits,
		/** Monotonic milliseconds. */
		now: () => number = () => performance.now(),
	) {
		this.#limits = limits;
		this.#now = now;
	}

	async put(stored: StoredResponse): Promise<void> {
		const { id } = stored.response;
		this.#remove(id);
		const bytes = sizeOf(stored);
		const expiresAt = this.#now() + this.#limits.ttlMs;
		this.#entries.set(id, { stored, bytes, expiresAt });
		this.#bytes += bytes;
		for (const item of stored.response.output)
			this.#responseOfItem.set(item.id, id);
		this.#makeRoom();
	}

	async get(owner: string, id: string): Promise<StoredResponse | null> {
		const entry = this.#entries.get(id);
		if (entry === undefined || entry.stored.owner !== owner) return null;
		if (entry.expiresAt <= this.#now()) {
			this.#remove(id);
			return null;
		}
		this.#entries.delete(id);
		this.#entries.set(id, entry);
		return entry.stored;
	}

	async findItem(owner: string, itemId: string): Promise<OutputItem | null> {
		const id = this.#responseOfItem.get(itemId);
		const stored = id === undefined ? null : await this.get(owner, id);
		const isIt = (item: OutputItem) => item.id === itemId;
		return stored?.response.output.find(isIt) ?? null;
	}

	async delete(owner: string, id: string): Promise<boolean> {
		if ((await this.get(owner, id)) === null) return false;
		this.#remove(id);
		return true;
	}

	get size(): { responses: number; bytes: number } {
		return { responses: this.#entries.size, bytes: this.#bytes };
	}

	/** Expired ones first would take a search; they are the least used soon enough. */
	#makeRoom(): void {
		const { maxResponses, maxBytes } = this.#limits;
		const now = this.#now();
		for (const [id, { expiresAt }] of this.#entries) {
			const isFull =
				this.#entries.size > maxResponses || this.#bytes > maxBytes;
			if (!isFull && expiresAt > now) return;
			this.#remove(id);
		}
	}

	#remove(id: string): void {
		const entry = this.#entries.get(id);
		if (entry === undefined) return;
		this.#entries.delete(id);
		for (const item of entry.stored.response.output)
			this.#responseOfItem.delete(item.id);
		this.#bytes -= entry.bytes;
	}
}

/** UTF-16's two bytes for a character, at most what the strings in it take. */
function sizeOf({ response, input, frames }: StoredResponse): number {
	let length = JSON.stringify(response).length + JSON.stringify(input).length;
	for (const frame of frames ?? []) length += frame.length;
	return length * 2;
}
