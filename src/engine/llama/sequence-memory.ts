import { GalleyError } from "../../core/errors.ts";
import type { KvLayout } from "../engine.ts";
import type { NativeBindings } from "./bindings.ts";
import type { NativeLog } from "./log.ts";
import { asNativeState, toSequenceState } from "./sequence-state.ts";
import type { Pointer } from "./structs.ts";

export interface SequenceMemoryOptions {
	native: NativeBindings;
	log: NativeLog;
	context: Pointer;
	memory: Pointer;
	layout: KvLayout;
	/** Buffers of the cache: one in the unified layout, else one a sequence. */
	streams: number;
	canShareMemory: boolean;
	/** Makes the library carry out copies that it has put off, without changing anything else. */
	flushCopies: (sequence: number, nextPosition: number) => void;
}

/**
 * What sequences hold: cells of the KV cache by position.
 *
 * In the layout `streams` the library copies a whole buffer, and only at the next decode: until then the target's cells
 * are listed but their contents are still elsewhere. Removing and decoding respect that order. Saving the target or
 * restoring into either end would not, so `#pendingCopies` remembers what is put off and flushes it first.
 */
export class SequenceMemory {
	readonly #options: SequenceMemoryOptions;
	/** Sequences whose cells were copied but not yet their contents. */
	readonly #pendingCopies = new Set<number>();

	constructor(options: SequenceMemoryOptions) {
		this.#options = options;
	}

	/** Positions that a sequence holds: 0 (inclusive) to this (exclusive). */
	length(sequence: number): number {
		const { native, memory } = this.#options;
		return native.llama_memory_seq_pos_max(memory, sequence) + 1;
	}

	copy(source: number, target: number, from: number, end: number): void {
		const { native, memory, layout, canShareMemory } = this.#options;
		if (!canShareMemory)
			throw new GalleyError(
				"engine_error",
				"This model's memory can't be copied: check canShareMemory.",
			);
		const available = this.length(source);
		const last = end < 0 ? available : end;
		assertCopyable({
			source,
			target,
			from,
			last,
			available,
			targetLength: this.length(target),
			targetStart: native.llama_memory_seq_pos_min(memory, target),
			layout,
		});
		if (last <= from) return;
		if (layout === "unified") {
			native.llama_memory_seq_cp(memory, source, target, from, last);
			return;
		}
		native.llama_memory_seq_cp(memory, source, target, -1, -1);
		this.#pendingCopies.add(target);
		if (last < available) native.llama_memory_seq_rm(memory, target, last, -1);
	}

	remove(sequence: number, from: number, end: number): boolean {
		const { native, memory, canShareMemory } = this.#options;
		const length = this.length(sequence);
		const last = end < 0 ? length : end;
		if (from >= last || from >= length) return true;
		if (!canShareMemory && (from > 0 || last < length)) return false;
		return native.llama_memory_seq_rm(
			memory,
			sequence,
			from,
			last >= length ? -1 : last,
		);
	}

	save(sequence: number): Uint8Array {
		const { native, context } = this.#options;
		if (this.#pendingCopies.has(sequence)) this.#flush();
		const size = Number(native.llama_state_seq_get_size(context, sequence));
		const stream = this.#options.layout === "streams" ? sequence : 0;
		return toSequenceState(size, this.#options.streams, stream, (target) => {
			const written = Number(
				native.llama_state_seq_get_data(context, target, size, sequence),
			);
			if (written !== size)
				throw this.#failure(`Sequence ${sequence} can't be saved`);
		});
	}

	restore(sequence: number, state: Uint8Array): boolean {
		const { native, log, memory, context } = this.#options;
		if (this.#pendingCopies.size > 0) this.#flush();
		native.llama_memory_seq_rm(memory, sequence, -1, -1);
		log.forgetProblems();
		const read = asNativeState(state, this.#options.streams, (bytes) =>
			Number(
				native.llama_state_seq_set_data(context, bytes, bytes.length, sequence),
			),
		);
		if (read > 0) return true;
		native.llama_memory_seq_rm(memory, sequence, -1, -1);
		const hasNoRoom = log
			.problems()
			.some((line) =>
				/failed to find \d+ available cells|n_tokens = \d+ > size/.test(line),
			);
		if (hasNoRoom) return false;
		throw this.#failure(
			"The saved sequence can't be restored; it belongs to another model or other cache settings",
		);
	}

	/** A decode has begun by carrying out every copy. */
	copiesAreDone(): void {
		this.#pendingCopies.clear();
	}

	#flush(): void {
		const [sequence] = this.#pendingCopies;
		if (sequence !== undefined)
			this.#options.flushCopies(sequence, this.length(sequence));
		this.#pendingCopies.clear();
	}

	#failure(what: string): GalleyError {
		const reason =
			this.#options.log.problems().at(-1) ?? "the engine gave no reason";
		return new GalleyError("engine_error", `${what}: ${reason}.`);
	}
}

function assertCopyable(copy: {
	source: number;
	target: number;
	from: number;
	last: number;
	available: number;
	targetLength: number;
	/** Its first position; -1 when it is empty. */
	targetStart: number;
	layout: KvLayout;
}): void {
	const { source, target, from, last, available, layout } = copy;
	const { targetLength, targetStart } = copy;
	const refuse = (reason: string): never => {
		throw new GalleyError(
			"engine_error",
			`Can't copy positions ${from} to ${last} of sequence ${source} to ${target}: ${reason}.`,
		);
	};
	if (source === target) refuse("they are the same");
	if (last > available) refuse(`the source holds ${available}`);
	// Whether the middle is empty, the library can't tell.
	const overlaps = from === 0 && targetLength > 0 && targetStart < last;
	if (targetLength < from || overlaps)
		refuse(
			`the target holds ${targetLength} and needs exactly the positions before ${from}`,
		);
	if (layout === "streams" && from > 0)
		refuse(
			'in the layout "streams" a copy starts at 0, into an empty sequence',
		);
}
