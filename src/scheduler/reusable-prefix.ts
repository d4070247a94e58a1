import type { PrefixMatch } from "./prefix-tree.ts";
import type { SavedMatch } from "./saved-prefixes.ts";

/** What a newcomer can take over instead of computing it. */
export interface ReusablePrefix {
	/** Tokens that need not be computed. */
	length: number;
	match: PrefixMatch;
	/** To be restored from outside the engine. */
	saved: SavedMatch | null;
	/** Cells of the unified pool that taking it locks or fills. */
	cells: number;
}

export const noMatch: PrefixMatch = Object.freeze({ length: 0, node: null });
