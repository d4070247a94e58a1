import { GalleyError } from "../../core/errors.ts";

/** The library answers with NULL and a log; these say it in words that help. First match wins. */
const reasons: readonly (readonly [
	RegExp,
	(match: RegExpExecArray) => string,
])[] = [
	[
		/model arch and LoRA arch mismatch/,
		() =>
			"it is made for a model of another architecture. Use an adapter that was trained on this base model.",
	],
	[
		/tensor '([^']*)' has incorrect shape/,
		([, name]) =>
			`its tensor ${name} has another shape than the base model's. Use an adapter that was trained on this base model.`,
	],
	[
		/LoRA tensor '([^']*)' does not exist in base model/,
		([, name]) =>
			`the base model has no tensor ${name}. Use an adapter that was trained on this base model.`,
	],
	[
		/LoRA tensor pair for '([^']*)' is missing one component/,
		([, name]) =>
			`half of its tensor pair for ${name} is missing. Convert the adapter again.`,
	],
	[
		/LoRA tensor '([^']*)' has unexpected suffix/,
		([, name]) =>
			`its tensor ${name} belongs to no LoRA. Only lora_a and lora_b pairs are supported.`,
	],
	[
		/lora_a tensor is not transposed/,
		() => "its tensors are in an old order. Convert the adapter again.",
	],
	[
		/expect general\.type to be 'adapter', but got: (.*)/,
		([, type]) =>
			`it is no adapter (its general.type is "${type}"). Give an adapter's GGUF file.`,
	],
	[
		/expect adapter\.type to be 'lora', but got: (.*)/,
		([, type]) =>
			`it is an adapter of the kind "${type}". Only LoRA is supported.`,
	],
	[
		/failed to open '[^']*': (.*)/,
		([, reason]) => `it can't be opened (${reason}). Check the path.`,
	],
	[
		/failed to allocate|unable to allocate|out of memory|bad_alloc/,
		() => "there is not enough memory. Unload another adapter.",
	],
	[
		/not within the file bounds|failed to load lora adapter from file|failed to read|unexpectedly reached end|invalid magic|corrupted|incomplete/,
		() => "the file is truncated, damaged or no GGUF file. Copy it again.",
	],
];

export function toAdapterFailure(
	path: string,
	problems: readonly string[],
): GalleyError {
	const log = problems.join("\n");
	const options = log === "" ? {} : { cause: new Error(log) };
	for (const [pattern, explain] of reasons) {
		const match = pattern.exec(log);
		if (match !== null)
			return new GalleyError(
				"model_unusable",
				`${path} can't be used: ${explain(match)}`,
				options,
			);
	}
	const reason = problems.at(-1) ?? "the engine gave no reason.";
	return new GalleyError(
		"model_unusable",
		`${path} can't be used: ${reason}`,
		options,
	);
}
