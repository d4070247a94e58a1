import type { OptionType } from "./option-types.ts";

/** The commands whose flags an option can be; `models` are those that look at a model anywhere, `cache` those that look at what is kept here. */
export type OptionCommand =
	| "run"
	| "chat"
	| "bench"
	| "doctor"
	| "models"
	| "cache";

interface EnvironmentAlias {
	name: string;
	/** Where the other program's values mean something else than ours. */
	toValue?: (text: string) => unknown;
}

/**
 * One row of the table. Everything else follows from the name: `maxModelLen` is the flag `--max-model-len`, the
 * variable `GALLEY_MAX_MODEL_LEN` and the key `max-model-len` of a configuration file.
 */
export interface Option<Value, Fallback extends Value | null> {
	type: OptionType<Value>;
	/** Null where nothing is set or the profile decides. */
	fallback: Fallback;
	/** How help names the value; a flag without one is a switch. */
	placeholder?: string;
	description: string;
	/** What a switch that is on by default does when it is off. */
	offDescription?: string;
	/** NIM's variables of the same meaning; ours win. */
	aliases?: readonly EnvironmentAlias[];
	commands: readonly OptionCommand[];
	/** The flag may be given several times. */
	isRepeatable?: boolean;
	/** Never shown, not even by `--dry-run`. */
	isSecret?: boolean;
}

export function option<Value, const Fallback extends Value | null>(
	row: Option<Value, Fallback>,
): Option<Value, Fallback> {
	return row;
}

export function toKebabCase(name: string): string {
	return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function toEnvironmentName(name: string): string {
	return `GALLEY_${toKebabCase(name).replaceAll("-", "_").toUpperCase()}`;
}
