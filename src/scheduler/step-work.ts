/** What one step computes, as far as its time depends on it. */
export interface StepWork {
	prefillTokens: number;
	/** Tokens of decoding sequences, drafted ones included. */
	decodeTokens: number;
	/** Sum over the tokens whose attention is computed row by row of the cells each attends to, itself included. */
	attendedCells: number;
	/** The same sum over tokens whose attention is computed in tiles: each passes over what any of its tile attends to. */
	tiledCells: number;
}

/** Some tokens of one sequence, the first of them at `position`. */
export interface TokenRun {
	position: number;
	count: number;
	isPrefill: boolean;
}

/** How the engine computes the attention of a step. */
export interface AttentionShape {
	/** Tokens at once from which it works in tiles; 0 is never. */
	tile: number;
	layout: "unified" | "streams";
}

/** Cells that `count` tokens attend to when the first stands at `position` (from 0): position + 1, position + 2, ... */
export function attendedCells(position: number, count: number): number {
	return count * position + (count * (count + 1)) / 2;
}

/**
 * The work of a step. Unified, all its tokens are one batch: a tile of them passes over the cells of all sequences in it,
 * which `distinctCells` bounds. With streams each run has its own cells; next to decoding sequences its first token goes
 * with theirs.
 */
export function toStepWork(
	runs: readonly TokenRun[],
	{ tile, layout }: AttentionShape,
	distinctCells: number,
): StepWork {
	const work = {
		prefillTokens: 0,
		decodeTokens: 0,
		attendedCells: 0,
		tiledCells: 0,
	};
	let total = 0;
	for (const { count, isPrefill } of runs) {
		total += count;
		if (isPrefill) work.prefillTokens += count;
		else work.decodeTokens += count;
	}
	const isMixed = work.prefillTokens > 0 && work.decodeTokens > 0;
	const isOneTile = layout === "unified" && tile > 0 && total >= tile;
	if (isOneTile) {
		work.tiledCells = total * (distinctCells + work.prefillTokens);
		return work;
	}
	for (const { position, count, isPrefill } of runs) {
		const together = isMixed && isPrefill ? count - 1 : count;
		const cells = attendedCells(position, count);
		const isTiled = layout === "streams" && tile > 0 && together >= tile;
		if (isTiled) work.tiledCells += cells;
		else work.attendedCells += cells;
	}
	return work;
}
