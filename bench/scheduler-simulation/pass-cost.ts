import type { KvLayout } from "../../src/engine/engine.ts";
import type { PlanEntry } from "../../src/scheduler/step-plan.ts";

/** What one pass of the engine over the model costs, milliseconds; measured with `npm run bench -- kv-layout` on two cores. */
export interface PassCost {
	/** A pass over one token: other kernels than those for several. */
	single: number;
	/** A pass over several tokens costs this, */
	fixed: number;
	/** this for each token, */
	token: number;
	/** this for each row of logits, */
	row: number;
	/** and this for each cell that a token attends to. */
	cell: number;
}

export const passCosts = {
	"0.5b": { single: 21.7, fixed: 18, token: 7.4, row: 2.8, cell: 0.0009 },
	"135m": { single: 9, fixed: 12, token: 2, row: 0.7, cell: 0.0015 },
} as const satisfies Record<string, PassCost>;

/** What the loop around the engine takes for each step, milliseconds. */
const gap = 1.2;

interface Piece {
	slot: number;
	position: number;
	count: number;
	samples: boolean;
}

/** Milliseconds that a step takes. */
export function stepMs(
	entries: readonly PlanEntry[],
	layout: KvLayout,
	cost: PassCost,
): number {
	const pieces = entries
		.map(({ slot, from, count, samples }) => ({
			slot,
			position: from,
			count,
			samples,
		}))
		.sort((one, other) => one.slot - other.slot);
	return gap + (layout === "unified" ? onePass : passes)(pieces, cost);
}

/** Unified, a step is one pass, and its attention reads the cells of everybody in it, shared ones once. */
function onePass(pieces: readonly Piece[], cost: PassCost): number {
	const cells = Math.max(...pieces.map(({ position }) => position));
	return passMs(
		sum(pieces.map(({ count }) => count)),
		pieces.filter(({ samples }) => samples).length,
		sum(pieces.map(({ count }) => count * (cells + count / 2))),
		cost,
	);
}

/** With streams, only neighbouring slots share a pass, each with as many tokens as the one with the fewest left. */
function passes(pieces: readonly Piece[], cost: PassCost): number {
	let left = pieces;
	let ms = 0;
	while (left.length > 0) {
		const group = neighbours(left);
		const length = Math.min(...group.map(({ count }) => count));
		ms += passMs(
			length * group.length,
			group.filter(({ samples, count }) => samples && count === length).length,
			sum(group.map(({ position }) => length * (position + length / 2))),
			cost,
		);
		left = left
			.map((piece) => (group.includes(piece) ? shorter(piece, length) : piece))
			.filter(({ count }) => count > 0);
	}
	return ms;
}

function neighbours(pieces: readonly Piece[]): readonly Piece[] {
	const end = pieces.findIndex(
		({ slot }, index) =>
			index > 0 && slot !== (pieces[index - 1] as Piece).slot + 1,
	);
	return end === -1 ? pieces : pieces.slice(0, end);
}

function shorter(piece: Piece, by: number): Piece {
	const { position, count } = piece;
	return { ...piece, position: position + by, count: count - by };
}

function passMs(
	tokens: number,
	rows: number,
	cells: number,
	{ single, fixed, token, row, cell }: PassCost,
): number {
	const work = tokens === 1 ? single : fixed + token * tokens + row * rows;
	return work + cells * cell;
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
