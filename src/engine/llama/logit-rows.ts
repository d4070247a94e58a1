import { GalleyError } from "../../core/errors.ts";
import type { EngineInfo } from "../engine.ts";
import { viewMemory } from "./native-memory.ts";
import type { Pointer } from "./structs.ts";

/** Where the logits of a run lie: one row of native memory for each entry that wanted them, in the batch's order. */
export class LogitRows {
	readonly #info: EngineInfo;
	/** Row of an entry, or -1. */
	readonly #rows: Int32Array;
	/** A view is dear to make and the library seldom moves its buffer, so one over all rows is kept. */
	#memory: { address: Pointer; buffer: ArrayBuffer } | null = null;

	constructor(info: EngineInfo) {
		this.#info = info;
		this.#rows = new Int32Array(info.maxBatchTokens).fill(-1);
	}

	forget(): void {
		this.#rows.fill(-1);
	}

	find(wantsLogits: Int8Array, getAddress: () => Pointer | null): void {
		let rows = 0;
		for (let index = 0; index < wantsLogits.length; index++) {
			if (wantsLogits[index] !== 0) this.#rows[index] = rows++;
		}
		if (rows === 0) return;
		const address = getAddress();
		if (address === null)
			throw new GalleyError("engine_error", "The engine computed no logits.");
		// The library keeps room for at least a row of each sequence.
		const bytes =
			4 * this.#info.vocabularySize * Math.max(rows, this.#info.sequenceSlots);
		if (
			this.#memory?.address === address &&
			this.#memory.buffer.byteLength >= bytes
		)
			return;
		this.#memory = { address, buffer: viewMemory(address, bytes) };
	}

	/** A view, not a copy: valid until the next run. */
	get(batchIndex: number): Float32Array {
		const row = this.#rowOf(batchIndex);
		const { vocabularySize } = this.#info;
		if (this.#memory === null)
			throw new GalleyError("engine_error", "The last run left no logits.");
		return new Float32Array(
			this.#memory.buffer,
			4 * vocabularySize * row,
			vocabularySize,
		);
	}

	assertHas(batchIndex: number): void {
		this.#rowOf(batchIndex);
	}

	#rowOf(batchIndex: number): number {
		const row = this.#rows[batchIndex] ?? -1;
		if (row >= 0) return row;
		throw new GalleyError(
			"engine_error",
			`The last run left no logits for entry ${batchIndex}: set wantsLogits for it.`,
		);
	}
}
