import type { StateKey } from "./saved-state-file.ts";

/** `queued` and `writing` have their bytes in host memory; `written` may have them in both places. */
export type DiskState = "absent" | "queued" | "writing" | "written";

/** What the store knows of one saved state. */
export interface SavedState {
	readonly id: number;
	readonly fileName: string;
	readonly fileBytes: number;
	/** Until it is written. */
	key: StateKey | null;
	/** The copy in host memory, which HostStates sets. */
	state: Uint8Array | null;
	disk: DiskState;
	lastUsedMs: number;
	reading: Promise<Uint8Array | null> | null;
}

/** The copies in host memory, in the order of their last use. */
export class HostStates {
	readonly #maxBytes: number;
	readonly #kept = new Map<number, SavedState>();
	#bytes = 0;

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	get bytes(): number {
		return this.#bytes;
	}

	/** Whether this many bytes fit beside what is kept. */
	hasRoom(byteCount: number): boolean {
		return this.#bytes + byteCount <= this.#maxBytes;
	}

	keep(saved: SavedState, state: Uint8Array): void {
		saved.state = withoutSurroundings(state);
		this.#kept.set(saved.id, saved);
		this.#bytes += state.byteLength;
	}

	drop(saved: SavedState): void {
		this.#bytes -= saved.state?.byteLength ?? 0;
		saved.state = null;
		this.#kept.delete(saved.id);
	}

	use(saved: SavedState): void {
		if (this.#kept.delete(saved.id)) this.#kept.set(saved.id, saved);
	}

	/**
	 * Who goes next: the least recently used, but 1. rather one that is on disk too, where nothing is lost, and 2. the one that
	 * is just being written last of all: it is often the oldest, and when states come faster than they can be written, none
	 * ever would be.
	 */
	victim(): SavedState | null {
		let unwritten: SavedState | null = null;
		let beingWritten: SavedState | null = null;
		for (const saved of this.#kept.values()) {
			if (saved.disk === "written") return saved;
			if (saved.disk === "writing") beingWritten = saved;
			else unwritten ??= saved;
		}
		return unwritten ?? beingWritten;
	}

	/** Keeps it when only copies of what is on disk have to go for it. */
	keepIfFree(saved: SavedState, state: Uint8Array): void {
		let missing = this.#bytes + state.byteLength - this.#maxBytes;
		const victims: SavedState[] = [];
		for (const other of this.#kept.values()) {
			if (missing <= 0) break;
			if (other.disk !== "written") continue;
			victims.push(other);
			missing -= other.state?.byteLength ?? 0;
		}
		if (missing > 0) return;
		for (const victim of victims) this.drop(victim);
		this.keep(saved, state);
	}
}

/** A view would keep the whole buffer behind it in memory, uncounted. */
function withoutSurroundings(state: Uint8Array): Uint8Array {
	return state.byteLength === state.buffer.byteLength ? state : state.slice();
}
