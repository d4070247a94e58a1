import { GalleyError } from "../core/errors.ts";

export interface CommandLine {
	executable: string;
	words: readonly string[];
}

/** How this program was started, so that it can start itself again with another command. */
export function ownCommand(): CommandLine {
	const script = process.argv[1];
	if (script === undefined)
		throw new GalleyError("internal", "The program doesn't know its own file.");
	return { executable: process.execPath, words: [...process.execArgv, script] };
}
