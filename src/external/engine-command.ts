import { GalleyError } from "../core/errors.ts";

/** What stands in a command in braces. */
export interface CommandValues {
	/** As the engine is to load it. */
	model: string;
	/** As clients call it. */
	name: string;
	port: string;
	host: string;
}

/**
 * The words of a command such as `vllm serve {model} --port {port}`, with values in the place of what stands in braces. Words are
 * separated by spaces; quotes, single or double, hold them together. No shell: a model's name can't become a command.
 * Throws `invalid_configuration`.
 */
export function commandWords(
	template: string,
	values: CommandValues,
): string[] {
	const words = splitWords(template).map((word) =>
		word.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
			if (Object.hasOwn(values, key)) return values[key as keyof CommandValues];
			throw new GalleyError(
				"invalid_configuration",
				`--engine-command has {${key}}, which stands for nothing. Known are ${Object.keys(
					values,
				)
					.map((name) => `{${name}}`)
					.join(", ")}.`,
			);
		}),
	);
	if (words.length === 0)
		throw new GalleyError(
			"invalid_configuration",
			"--engine-command is empty: give the command that starts the engine, such as 'vllm serve {model} --port {port}'.",
		);
	if (!template.includes("{port}"))
		throw new GalleyError(
			"invalid_configuration",
			"--engine-command has no {port}: the engine has to listen on the port that it is given.",
		);
	return words;
}

function splitWords(text: string): string[] {
	const words: string[] = [];
	let word: string | null = null;
	let quote: string | null = null;
	for (const character of text) {
		if (quote !== null) {
			if (character === quote) quote = null;
			else word += character;
		} else if (character === "'" || character === '"') {
			quote = character;
			word ??= "";
		} else if (/\s/.test(character)) {
			if (word !== null) words.push(word);
			word = null;
		} else word = (word ?? "") + character;
	}
	if (quote !== null)
		throw new GalleyError(
			"invalid_configuration",
			`--engine-command has a ${quote} that is never closed.`,
		);
	if (word !== null) words.push(word);
	return words;
}
