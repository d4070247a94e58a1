import type { Engine } from "../engine/engine.ts";
import type { LearnedMemoryCosts } from "../scheduler/memory-costs.ts";
import type { MemoryOperation } from "../scheduler/memory-operation.ts";
import type { SavedStates } from "./saved-states.ts";

export interface MemoryOutcome {
	/** Slots that did not get what they should have, and the saved state that was missing (null: it came from such a slot). */
	failed: readonly { slot: number; savedId: number | null }[];
	/** Saved states that the store gave up. */
	forgotten: readonly number[];
	savedTokens: number;
	restoredTokens: number;
}

/** Carries out what the scheduler's ledger wrote down, and measures what saving and restoring cost. */
export class EngineMemory {
	readonly #engine: Engine;
	readonly #saved: SavedStates | null;
	readonly #costs: LearnedMemoryCosts;
	readonly #now: () => number;
	readonly #log: (warning: string) => void;

	constructor(parts: {
		engine: Engine;
		saved: SavedStates | null;
		costs: LearnedMemoryCosts;
		/** Monotonic milliseconds. */
		now: () => number;
		log: (warning: string) => void;
	}) {
		this.#engine = parts.engine;
		this.#saved = parts.saved;
		this.#costs = parts.costs;
		this.#now = parts.now;
		this.#log = parts.log;
	}

	async apply(operations: readonly MemoryOperation[]): Promise<MemoryOutcome> {
		const failed = new Map<number, number | null>();
		const forgotten: number[] = [];
		let savedTokens = 0;
		let restoredTokens = 0;
		for (const operation of operations) {
			const { slot } = operation;
			// What was to be shared with a slot that got nothing is not there either.
			if ("source" in operation && failed.has(operation.source))
				failed.set(slot, null);
			if (failed.has(slot) && operation.type !== "remove") continue;
			switch (operation.type) {
				case "remove":
					this.#engine.removeSequence(slot, operation.from, -1);
					if (operation.from === 0) failed.delete(slot);
					break;
				case "copy":
					this.#engine.copySequence(operation.source, slot, 0, operation.end);
					break;
				case "relink":
					this.#engine.removeSequence(slot, operation.from, operation.end);
					this.#engine.copySequence(
						operation.source,
						slot,
						operation.from,
						operation.end,
					);
					break;
				case "save":
					forgotten.push(...this.#save(operation));
					savedTokens += operation.tokens.length;
					break;
				case "restore":
					if (await this.#restore(operation)) restoredTokens += operation.end;
					else failed.set(slot, operation.id);
					break;
			}
		}
		return {
			failed: [...failed].map(([slot, savedId]) => ({ slot, savedId })),
			forgotten,
			savedTokens,
			restoredTokens,
		};
	}

	#save({
		slot,
		id,
		namespace,
		tokens,
	}: Extract<MemoryOperation, { type: "save" }>): number[] {
		if (this.#saved === null) return [id];
		const startedAt = this.#now();
		const state = this.#engine.saveSequence(slot);
		this.#costs.observeSave(
			tokens.length,
			(this.#now() - startedAt) / 1000,
			state.length,
		);
		return this.#saved.put({ id, namespace, tokens, state });
	}

	async #restore({
		slot,
		id,
		end,
	}: Extract<MemoryOperation, { type: "restore" }>): Promise<boolean> {
		const state = (await this.#saved?.get(id)) ?? null;
		if (state === null) return false;
		const startedAt = this.#now();
		try {
			if (!this.#engine.restoreSequence(slot, state)) return false;
		} catch (thrown) {
			// A state that came back from a disk may be anything: its prompt is computed instead.
			this.#log(`A saved prefix is of no use: ${String(thrown)}`);
			return false;
		}
		this.#engine.removeSequence(slot, end, -1);
		this.#costs.observeRestore(state.length, (this.#now() - startedAt) / 1000);
		return true;
	}
}
