import { extname } from "node:path";
import { fileURLToPath } from "node:url";

export interface CommandLine {
	executable: string;
	words: readonly string[];
}

/** How to start this program again with another command: the same Node, from source or from the build as now. */
export function ownCommand(): CommandLine {
	const main = new URL(`./main${extname(import.meta.url)}`, import.meta.url);
	return {
		executable: process.execPath,
		words: [...process.execArgv, fileURLToPath(main)],
	};
}
