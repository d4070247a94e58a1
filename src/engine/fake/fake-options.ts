import { GalleyError } from "../../core/errors.ts";

/**
 * The fake engine's settings ride in the model path, so that every program that takes a model can run on it:
 *
 *     fake:
 *     fake:?stepMs=5&tokenMs=0.1&vocabulary=4096&endAfter=40
 */
export interface FakeOptions {
	/** A run takes this long, ... */
	stepMs: number;
	/** ... and this much more for each of its tokens. */
	tokenMs: number;
	loadMs: number;
	/** Tokens in the vocabulary: 256 bytes, some specials, and words. */
	vocabulary: number;
	/** The end token is next once this many tokens follow the last special token (or the start); 0 is never. */
	endAfter: number;
	/** The context length that the model's metadata claims. */
	trainedContext: number;
	/** 0 imitates a model whose memory can't be cut or copied. */
	canShareMemory: boolean;
	/** The run with this number (1 is the first) fails; 0 is never. */
	failRun: number;
	/** The run with this number ends the process like a crash in native code; 0 is never. */
	crashRun: number;
	/** 1 ends the process like a crash while loading. */
	crashLoad: number;
}

const prefix = "fake:";
const smallestVocabulary = 320;
const numericDefaults = {
	stepMs: 0,
	tokenMs: 0,
	loadMs: 0,
	vocabulary: 512,
	endAfter: 0,
	trainedContext: 32_768,
	canShareMemory: 1,
	failRun: 0,
	crashRun: 0,
	crashLoad: 0,
};

export function isFakePath(modelPath: string): boolean {
	return modelPath.startsWith(prefix);
}

/** Throws on what it does not know: a misspelt fault would silently not happen. */
export function parseFakePath(modelPath: string): FakeOptions {
	const refuse = (reason: string): never => {
		throw new GalleyError(
			"engine_error",
			`The fake model "${modelPath}" can't be loaded: ${reason}.`,
		);
	};
	if (!isFakePath(modelPath)) refuse(`its path must start with "${prefix}"`);
	const query = modelPath.slice(prefix.length);
	if (query !== "" && !query.startsWith("?"))
		refuse('options follow "fake:" as "?name=value&name=value"');
	const values = { ...numericDefaults };
	for (const [name, text] of new URLSearchParams(query)) {
		if (!isOptionName(name)) return refuse(`there is no option "${name}"`);
		const value = Number(text);
		if (text === "" || !Number.isFinite(value) || value < 0)
			refuse(`"${name}" must be a number of at least 0`);
		values[name] = value;
	}
	if (values.vocabulary < smallestVocabulary)
		refuse(`"vocabulary" must be at least ${smallestVocabulary}`);
	return { ...values, canShareMemory: values.canShareMemory !== 0 };
}

function isOptionName(name: string): name is keyof typeof numericDefaults {
	return Object.hasOwn(numericDefaults, name);
}
