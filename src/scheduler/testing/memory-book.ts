import type { MemoryOperation } from "../memory-operation.ts";
import type { StepPlan } from "../step-plan.ts";

interface Cell {
	token: number;
}

/**
 * An engine's memory as tests see it: which slot holds which tokens, and which cells are one and the same. Refuses what a
 * real engine refuses, so that a plan which passes here is one that an engine can carry out.
 */
export class MemoryBook {
	readonly #layout: "unified" | "streams";
	readonly #slots: (Cell | null)[][];
	readonly saved = new Map<number, number[]>();

	constructor(layout: "unified" | "streams", slots: number) {
		this.#layout = layout;
		this.#slots = Array.from({ length: slots }, () => []);
	}

	get usedCells(): number {
		const cells = this.#slots.flatMap((slot) =>
			slot.filter((cell) => cell !== null),
		);
		return this.#layout === "unified" ? new Set(cells).size : cells.length;
	}

	tokensOf(slot: number): number[] {
		return this.#slot(slot).map((cell) => cell?.token ?? -1);
	}

	/** Carries out a plan's operations and computes its entries. */
	apply(plan: StepPlan): void {
		this.operate(plan.operations);
		for (const {
			slot,
			from,
			count,
			sequence,
			draft,
			padding,
		} of plan.entries) {
			const cells = this.#slot(slot);
			if (cells.length !== from)
				throw new Error(
					`Slot ${slot} goes on at ${from}, but holds ${cells.length}.`,
				);
			cells.forEach((cell, position) => {
				if (cell?.token !== sequence.tokens[position])
					throw new Error(`Slot ${slot} holds another token at ${position}.`);
			});
			const own = count - draft.length - padding;
			for (let index = 0; index < count; index++) {
				const token =
					index < own ? sequence.tokens[from + index] : draft[index - own];
				cells.push({ token: token ?? -1 });
			}
		}
	}

	operate(operations: readonly MemoryOperation[]): void {
		for (const operation of operations) this.#operate(operation);
	}

	/** The step was not computed. */
	undo(plan: StepPlan): void {
		for (const { slot, from } of plan.entries) this.#slot(slot).length = from;
	}

	#operate(operation: MemoryOperation): void {
		const cells = this.#slot(operation.slot);
		switch (operation.type) {
			case "remove":
				cells.length = Math.min(cells.length, operation.from);
				break;
			case "copy":
				if (cells.length > 0)
					throw new Error("A copy goes into an empty slot.");
				cells.push(...this.#share(operation.source, 0, operation.end));
				break;
			case "relink": {
				const { source, from, end } = operation;
				if (this.#layout !== "unified")
					throw new Error("Streams share no cells.");
				const theirs = this.#share(source, from, end);
				theirs.forEach((cell, index) => {
					if (cells[from + index]?.token !== cell.token)
						throw new Error("A slot takes cells that hold something else.");
					cells[from + index] = cell;
				});
				break;
			}
			case "save": {
				const tokens = this.tokensOf(operation.slot);
				const expected = [...operation.tokens];
				if (tokens.join() !== expected.join())
					throw new Error("A slot is saved under another name.");
				this.saved.set(operation.id, tokens);
				break;
			}
			case "restore": {
				if (cells.length > 0)
					throw new Error("A state is restored into an empty slot.");
				const tokens = this.saved.get(operation.id);
				if (tokens === undefined) throw new Error("Nothing was saved there.");
				cells.push(
					...tokens.slice(0, operation.end).map((token) => ({ token })),
				);
				break;
			}
		}
	}

	#share(source: number, from: number, end: number): Cell[] {
		const cells = this.#slot(source).slice(from, end);
		if (cells.length !== end - from || cells.includes(null))
			throw new Error(`Slot ${source} does not hold ${from} to ${end}.`);
		return (cells as Cell[]).map((cell) =>
			this.#layout === "unified" ? cell : { ...cell },
		);
	}

	#slot(slot: number): (Cell | null)[] {
		const cells = this.#slots[slot];
		if (cells === undefined) throw new Error(`There is no slot ${slot}.`);
		return cells;
	}
}
