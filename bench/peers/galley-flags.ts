import { execFileSync } from "node:child_process";

/**
 * What `galley run` of this very build takes. A suite asks for newer flags through it, so that an older build can be measured with the
 * same suite; what was left out is told.
 */
export class GalleyFlags {
	readonly #known: ReadonlySet<string>;
	readonly #missing = new Set<string>();

	constructor(helpText: string) {
		this.#known = new Set(
			[...helpText.matchAll(/^ +(--[a-z][\w-]*)/gm)].map(
				([, flag = ""]) => flag,
			),
		);
	}

	/** The flag and its value as arguments, or nothing where this build does not know it. */
	take(flag: string, value: string | number): string[] {
		if (this.#known.has(flag)) return [flag, String(value)];
		this.#missing.add(flag);
		return [];
	}

	/** Flags that were asked for in vain. */
	get missing(): string[] {
		return [...this.#missing].sort();
	}
}

export function readHelp(galleyMain: string): string {
	return execFileSync(process.execPath, [galleyMain, "run", "--help"], {
		encoding: "utf8",
	});
}
