import { closeSync, openSync, readSync, statSync } from "node:fs";
import { GalleyError } from "../../core/errors.ts";

/** The library answers a failed load with NULL and a log; these say it in words that help. First match wins. */
const reasons: readonly (readonly [
	RegExp,
	(match: RegExpExecArray) => string,
])[] = [
	[
		/unknown model architecture: '([^']*)'/,
		([, name]) =>
			`llama.cpp does not know its architecture "${name}". Use a model of a supported architecture.`,
	],
	[
		/unsupported model architecture: '([^']*)'/,
		([, name]) =>
			`its architecture "${name}" can't generate text. Use a language model.`,
	],
	[
		/CLIP cannot be used as main model/,
		() => "it is the vision part of a model. Give the language model's file.",
	],
	[
		/unknown (?:pre-)?tokenizer(?: type)?: '([^']*)'/,
		([, name]) =>
			`llama.cpp does not know its tokenizer "${name}". Use a file converted for llama.cpp 0.5.0 or older.`,
	],
	[
		/cannot find tokenizer vocab/,
		() => "it has no tokenizer. Use a file that holds the whole model.",
	],
	[
		/illegal split file idx/,
		() =>
			"it is a later part of a split model. Give the first part (its name ends in -00001-of-...).",
	],
	[
		/failed to load GGUF split from (.*)/,
		([, part]) => `its part ${part} is missing or damaged. Download it again.`,
	],
	[
		/GGUFv1 is no longer supported|only supports up to version|bad GGUF version|extremely large/,
		() =>
			"its GGUF version is not one that llama.cpp 0.5.0 reads. Convert the model again.",
	],
	[
		/unable to allocate|failed to allocate|out of memory|bad_alloc|cudaMalloc failed/,
		() =>
			"there is not enough memory. Use a smaller quantisation, fewer sequences or a shorter context.",
	],
	[
		/not within the file bounds|corrupted|incomplete|exceeds remaining file size|failed to read|unexpectedly reached end|has offset \d+, expected|failed to load model from/,
		() => "the file is truncated or damaged. Download it again.",
	],
];

/** Why a model or its context could not be made, from what the library logged meanwhile. */
export function toLoadFailure(
	what: string,
	problems: readonly string[],
): GalleyError {
	const log = problems.join("\n");
	const cause = problems.length > 0 ? new Error(log) : undefined;
	for (const [pattern, explain] of reasons) {
		const match = pattern.exec(log);
		if (match !== null)
			return new GalleyError("engine_error", `${what}: ${explain(match)}`, {
				cause,
			});
	}
	const reason =
		problems.at(-1) ??
		"the engine gave no reason; run with a debug log level to see what it says";
	return new GalleyError("engine_error", `${what}: ${reason}`, { cause });
}

/** The mistakes that need no native code to be seen. */
export function assertIsGguf(modelPath: string): void {
	const what = `${modelPath} can't be loaded`;
	let magic: Buffer;
	try {
		if (!statSync(modelPath).isFile())
			throw new GalleyError("engine_error", `${what}: it is not a file.`);
		magic = readStart(modelPath);
	} catch (cause) {
		if (cause instanceof GalleyError) throw cause;
		const reason =
			cause instanceof Error && "code" in cause && cause.code === "ENOENT"
				? "it does not exist"
				: `${cause}`;
		throw new GalleyError(
			"engine_error",
			`${what}: ${reason}. Check the path.`,
			{ cause },
		);
	}
	if (magic.toString("latin1") !== "GGUF") {
		throw new GalleyError(
			"engine_error",
			`${what}: it is not a GGUF file. Give a model in GGUF format.`,
		);
	}
}

function readStart(path: string): Buffer {
	const file = openSync(path, "r");
	try {
		const bytes = Buffer.alloc(4);
		return bytes.subarray(0, readSync(file, bytes, 0, 4, 0));
	} finally {
		closeSync(file);
	}
}
