import { GalleyError } from "../../core/errors.ts";
import type { KvLayout } from "../engine.ts";
import { emptyPrefix, type PrefixState } from "./fake-logits.ts";

/** What one cell holds: a token and the state of everything up to it. Sequences may share cells. */
interface Cell extends PrefixState {
	token: number;
	owners: number;
}

export interface FakeMemoryOptions {
	layout: KvLayout;
	kvCells: number;
	contextLength: number;
	sequenceSlots: number;
	canShareMemory: boolean;
}

const stateMagic = 0x464b4531;
const wordsPerCell = 4;

interface Sequence {
	/** By position; null where cells were cut out of the middle. */
	cells: (Cell | null)[];
	holes: number;
}

/** The KV cache's book-keeping, with the limits and refusals of the real one. */
export class FakeMemory {
	readonly #options: FakeMemoryOptions;
	readonly #sequences: Sequence[];
	#usedCells = 0;

	constructor(options: FakeMemoryOptions) {
		this.#options = options;
		this.#sequences = Array.from({ length: options.sequenceSlots }, () => ({
			cells: [],
			holes: 0,
		}));
	}

	get usedCells(): number {
		return this.#usedCells;
	}

	length(sequence: number): number {
		return this.#sequence(sequence).cells.length;
	}

	/**
	 * False when entries for these sequences and positions do not fit. Throws when a position does not go on where its
	 * sequence ends: the caller's idea of the memory is wrong.
	 */
	accepts(sequences: Int32Array, positions: Int32Array): boolean {
		const { layout, kvCells, contextLength } = this.#options;
		const nextPositions = new Map<number, number>();
		let isWithinStreams = true;
		for (const [index, sequence] of sequences.entries()) {
			const position = positions[index] ?? 0;
			const next = nextPositions.get(sequence) ?? this.#nextPosition(sequence);
			if (position !== next) throw badPosition(sequence, next, position);
			nextPositions.set(sequence, next + 1);
			if (position >= contextLength) isWithinStreams = false;
		}
		if (layout === "streams") return isWithinStreams;
		return this.#usedCells + sequences.length <= kvCells;
	}

	lastState(sequence: number): PrefixState {
		return this.#sequence(sequence).cells.at(-1) ?? emptyPrefix;
	}

	append(sequence: number, token: number, state: PrefixState): void {
		const { low, high, sinceSpecial } = state;
		this.#sequence(sequence).cells.push({
			low,
			high,
			sinceSpecial,
			token,
			owners: 1,
		});
		this.#usedCells++;
	}

	copy(source: number, target: number, from: number, end: number): void {
		const { layout, canShareMemory } = this.#options;
		const refuse = (reason: string): never => {
			throw new GalleyError(
				"engine_error",
				`Can't copy from sequence ${source} to ${target}: ${reason}.`,
			);
		};
		if (!canShareMemory)
			refuse("this model's memory can't be copied; check canShareMemory");
		if (source === target) refuse("they are the same");
		const { cells } = this.#sequence(source);
		const targetEntry = this.#sequence(target);
		const { cells: targetCells } = targetEntry;
		const last = end < 0 ? cells.length : end;
		if (last > cells.length)
			refuse(`the source holds ${cells.length} positions, not ${last}`);
		const overlaps = targetCells
			.slice(from, last)
			.some((cell) => cell !== null);
		if (targetCells.length < from || overlaps)
			refuse(
				`the target holds ${targetCells.length} positions and needs those before ${from}, without ${from} to ${last}`,
			);
		if (layout === "streams" && from > 0)
			refuse(
				'in the layout "streams" a copy starts at 0, into an empty sequence',
			);
		for (let position = from; position < last; position++) {
			const cell = cells[position] ?? null;
			if (cell === null) throw hole(source);
			if (position < targetCells.length) targetEntry.holes--;
			if (layout === "unified") {
				cell.owners++;
				targetCells[position] = cell;
			} else {
				targetCells[position] = { ...cell, owners: 1 };
				this.#usedCells++;
			}
		}
	}

	remove(sequence: number, from: number, end: number): boolean {
		const entry = this.#sequence(sequence);
		const { cells } = entry;
		const last = end < 0 ? cells.length : Math.min(end, cells.length);
		if (from >= last) return true;
		if (!this.#options.canShareMemory && (from > 0 || last < cells.length))
			return false;
		for (let position = from; position < last; position++)
			this.#release(cells[position] ?? null);
		if (last === cells.length) cells.length = from;
		else cells.fill(null, from, last);
		while (cells.length > 0 && cells.at(-1) === null) cells.pop();
		entry.holes = cells.reduce(
			(holes, cell) => (cell === null ? holes + 1 : holes),
			0,
		);
		return true;
	}

	save(sequence: number): Uint8Array {
		const { cells } = this.#sequence(sequence);
		const words = new Uint32Array(2 + wordsPerCell * cells.length);
		words[0] = stateMagic;
		words[1] = cells.length;
		cells.forEach((cell, index) => {
			if (cell === null) throw hole(sequence);
			words.set(
				[cell.token, cell.low, cell.high, cell.sinceSpecial],
				2 + wordsPerCell * index,
			);
		});
		return new Uint8Array(words.buffer);
	}

	restore(sequence: number, state: Uint8Array): boolean {
		this.remove(sequence, 0, -1);
		const words = new Uint32Array(
			state.slice().buffer,
			0,
			Math.floor(state.length / 4),
		);
		const count = words[1] ?? 0;
		if (words[0] !== stateMagic || words.length !== 2 + wordsPerCell * count) {
			throw new GalleyError(
				"engine_error",
				"The saved sequence can't be restored; it belongs to another engine.",
			);
		}
		const { layout, kvCells, contextLength } = this.#options;
		const room =
			layout === "streams" ? contextLength : kvCells - this.#usedCells;
		if (count > room) return false;
		for (let index = 0; index < count; index++) {
			const [token = 0, low = 0, high = 0, sinceSpecial = 0] = words.subarray(
				2 + wordsPerCell * index,
			);
			this.append(sequence, token, { low, high, sinceSpecial });
		}
		return true;
	}

	#release(cell: Cell | null): void {
		if (cell === null) return;
		cell.owners--;
		if (cell.owners === 0) this.#usedCells--;
	}

	#nextPosition(sequence: number): number {
		const { cells, holes } = this.#sequence(sequence);
		if (holes > 0) throw hole(sequence);
		return cells.length;
	}

	#sequence(sequence: number): Sequence {
		const entry = this.#sequences[sequence];
		if (entry !== undefined) return entry;
		throw new GalleyError(
			"engine_error",
			`There is no sequence ${sequence}: they go from 0 to ${this.#sequences.length - 1}.`,
		);
	}
}

function badPosition(
	sequence: number,
	next: number,
	position: number,
): GalleyError {
	return new GalleyError(
		"engine_error",
		`The next position of sequence ${sequence} is ${next}, so its next token can't stand at ${position}.`,
	);
}

function hole(sequence: number): GalleyError {
	return new GalleyError(
		"engine_error",
		`Sequence ${sequence} has a hole; compute again what was removed from its middle.`,
	);
}
