import { isObject, type JsonObject, listOf } from "../json-file.ts";

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const spaces = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const words = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const symbols = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;
const upperThenLower = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`;
const upper = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`;
const symbolsAndSlash = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`;

/**
 * How a byte-level tokenizer cuts text before merging, and the name of the same cut in llama.cpp v0.5.0
 * (`tokenizer.ggml.pre`). The keys are the steps of tokenizer.json as `stepsOf` writes them.
 */
const cuts: ReadonlyMap<string, string> = new Map([
	["gpt2", "gpt-2"],
	["digits > gpt2", "smollm"],
	[`${contractions}|${words}|\\p{N}{1,3}|${symbols}|${spaces}`, "llama-bpe"],
	[`${contractions}|${words}|\\p{N}|${symbols}|${spaces}`, "qwen2"],
	[
		`${contractions}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${spaces}`,
		"qwen35",
	],
	[`${upperThenLower}|${upper}|\\p{N}|${symbolsAndSlash}|${spaces}`, "tekken"],
	[
		`${upperThenLower}${contractions}?|${upper}${contractions}?|\\p{N}{1,3}|${symbolsAndSlash}|${spaces}`,
		"gpt-4o",
	],
]);

export const knownCuts: readonly string[] = [...new Set(cuts.values()), "dbrx"];

/** The engine's name, or what is unknown about it. */
export function findPreTokenizer(
	tokenizer: JsonObject,
): { name: string } | { unknown: string } {
	const steps: string[] = [];
	const problem = stepsOf(tokenizer.pre_tokenizer, steps);
	if (problem !== null) return { unknown: problem };
	const key = steps.join(" > ");
	const name = cuts.get(key);
	if (name === undefined)
		return {
			unknown: `cuts text by ${key === "" ? "nothing" : key.slice(0, 300)}`,
		};
	// The same cut; this name takes a word that is a token as it is, that one always merges.
	const model = isObject(tokenizer.model) ? tokenizer.model : {};
	return {
		name: name === "llama-bpe" && model.ignore_merges !== true ? "dbrx" : name,
	};
}

function stepsOf(step: unknown, steps: string[]): string | null {
	if (!isObject(step)) return "has no pre-tokenizer";
	switch (step.type) {
		case "Sequence":
			for (const inner of listOf(step.pretokenizers)) {
				const problem = stepsOf(inner, steps);
				if (problem !== null) return problem;
			}
			return null;
		case "ByteLevel":
			if (step.add_prefix_space === true)
				return "puts a space before every text (ByteLevel add_prefix_space)";
			if (step.use_regex !== false) steps.push("gpt2");
			return null;
		case "Digits":
			if (step.individual_digits !== true)
				return "keeps digits together (Digits)";
			steps.push("digits");
			return null;
		case "Split": {
			const pattern = isObject(step.pattern) ? step.pattern.Regex : undefined;
			// These patterns match all of a text, so that cutting at matches and keeping only matches are the same.
			const isKnown =
				(step.behavior === "Isolated" && step.invert !== true) ||
				(step.behavior === "Removed" && step.invert === true);
			if (typeof pattern !== "string" || !isKnown)
				return `cuts text by ${JSON.stringify(step).slice(0, 200)}`;
			steps.push(pattern);
			return null;
		}
		default:
			return `uses the pre-tokenizer "${String(step.type)}"`;
	}
}
