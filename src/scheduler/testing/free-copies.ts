import type { MemoryCosts } from "../memory-costs.ts";

/** Copies cost nothing and computing does: for tests of deciders. */
export const freeCopies: MemoryCosts = {
	prefillSeconds: (tokens) => tokens,
	copySeconds: () => 0,
	saveSeconds: (tokens) => tokens / 100,
	restoreSeconds: (tokens) => tokens / 100,
};
