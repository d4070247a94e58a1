import type { TokenBatch } from "../engine.ts";
import { addressOf } from "./native-memory.ts";
import type { NativeBatchStruct, Pointer } from "./structs.ts";

/**
 * One `llama_batch` whose arrays are allocated once. JavaScript owns the memory and native code reads it in place, so
 * a run copies nothing, and a view that outlives the engine is harmless:
 *
 *     tokens      int32 [capacity]
 *     positions   int32 [capacity]
 *     sequences   int32 [capacity]   <- rows[i] points at entry i
 *     counts      int32 [capacity]      sequences of an entry: always 1
 *     rows        ptr   [capacity + 1]  ends in NULL
 *     wantsLogits int8  [capacity]
 */
export class NativeBatch implements TokenBatch {
	readonly tokens: Int32Array;
	readonly positions: Int32Array;
	readonly sequences: Int32Array;
	readonly wantsLogits: Int8Array;
	readonly #struct: NativeBatchStruct;

	constructor(capacity: number) {
		const wordBytes = 4 * capacity;
		const rowsOffset = 4 * wordBytes;
		const wantsOffset = rowsOffset + 8 * (capacity + 1);
		const memory = new ArrayBuffer(wantsOffset + capacity);
		const address = (offset: number): Pointer =>
			addressOf(memory) + BigInt(offset);

		this.tokens = new Int32Array(memory, 0, capacity);
		this.positions = new Int32Array(memory, wordBytes, capacity);
		this.sequences = new Int32Array(memory, 2 * wordBytes, capacity);
		new Int32Array(memory, 3 * wordBytes, capacity).fill(1);
		const rows = new BigUint64Array(memory, rowsOffset, capacity + 1);
		for (let index = 0; index < capacity; index++)
			rows[index] = address(2 * wordBytes + 4 * index);
		this.wantsLogits = new Int8Array(memory, wantsOffset, capacity);

		this.#struct = {
			n_tokens: 0,
			token: address(0),
			embd: null,
			pos: address(wordBytes),
			n_seq_id: address(3 * wordBytes),
			seq_id: address(rowsOffset),
			logits: address(wantsOffset),
		};
	}

	/** The first entries as the library takes them; the same object each time. Hold this batch while native code reads. */
	firstEntries(count: number): NativeBatchStruct {
		this.#struct.n_tokens = count;
		return this.#struct;
	}
}
