import { GalleyError } from "../../../core/errors.ts";
import type { GgufWriterValue } from "../../gguf-writer.ts";
import { isObject, type JsonObject, listOf, objectOf } from "../json-file.ts";
import { integers, text, texts } from "../metadata-values.ts";
import { findPreTokenizer, knownCuts } from "./pre-tokenizers.ts";
import {
	type AddedToken,
	setAddedTokens,
	type TokenTable,
	tokenKinds,
} from "./vocabulary.ts";

/** Byte-level BPE as GPT-2 began it: `tokenizer.ggml.model` "gpt2". Throws GalleyError for a cut that the engine doesn't know. */
export function convertByteLevel(
	directory: string,
	tokenizer: JsonObject,
	added: readonly AddedToken[],
	table: TokenTable,
	warnings: string[],
): Map<string, GgufWriterValue> {
	const model = objectOf(tokenizer.model);
	const cut = findPreTokenizer(tokenizer);
	if ("unknown" in cut) {
		throw new GalleyError(
			"model_unusable",
			`The tokenizer in "${directory}" ${cut.unknown}, which Galley can't name to the engine. ` +
				`It knows ${knownCuts.join(", ")}; get a GGUF file of the model.`,
		);
	}
	checkNormalizer(directory, tokenizer.normalizer, warnings);
	for (const [token, id] of Object.entries(objectOf(model.vocab)))
		table.set(Number(id), token, tokenKinds.normal);
	setAddedTokens(table, added);
	return new Map([
		["tokenizer.ggml.model", text("gpt2")],
		["tokenizer.ggml.pre", text(cut.name)],
		["tokenizer.ggml.tokens", texts(table.texts)],
		["tokenizer.ggml.token_type", integers(table.kinds)],
		["tokenizer.ggml.merges", texts(readMerges(directory, model.merges))],
	]);
}

export function isByteLevel(tokenizer: JsonObject): boolean {
	const hasStep = (step: unknown): boolean =>
		isObject(step) &&
		(step.type === "ByteLevel" || listOf(step.pretokenizers).some(hasStep));
	return hasStep(tokenizer.pre_tokenizer);
}

/** As `"left right"`, or since tokenizers 0.20 as pairs. */
export function readMerges(directory: string, merges: unknown): string[] {
	return listOf(merges).map((merge) => {
		if (typeof merge === "string") return merge;
		if (
			Array.isArray(merge) &&
			merge.length === 2 &&
			merge.every((part) => typeof part === "string" && !part.includes(" "))
		)
			return merge.join(" ");
		throw new GalleyError(
			"model_unusable",
			`The tokenizer in "${directory}" has the merge ${JSON.stringify(merge)}, which GGUF can't hold.`,
		);
	});
}

function checkNormalizer(
	directory: string,
	normalizer: unknown,
	warnings: string[],
): void {
	if (!isObject(normalizer)) return;
	if (normalizer.type === "Sequence") {
		for (const inner of listOf(normalizer.normalizers))
			checkNormalizer(directory, inner, warnings);
		return;
	}
	if (normalizer.type === "NFC") {
		warnings.push(
			"The original brings text into Unicode's form NFC first, the engine takes it as it is: only decomposed accents differ.",
		);
		return;
	}
	throw new GalleyError(
		"model_unusable",
		`The tokenizer in "${directory}" changes text by "${String(normalizer.type)}" first, which the engine doesn't; get a GGUF file of the model.`,
	);
}
