import { GalleyError } from "../../../core/errors.ts";
import type { GgufWriterValue } from "../../gguf-writer.ts";
import { objectOf, readBytesFile, readJsonFile } from "../json-file.ts";
import type { ModelConfig } from "../model-config.ts";
import { convertByteLevel, isByteLevel } from "./byte-level.ts";
import { describeChatTemplates } from "./chat-templates.ts";
import { convertSentencePiece } from "./sentencepiece.ts";
import { describeSpecialTokens } from "./special-tokens.ts";
import { readAddedTokens, TokenTable } from "./vocabulary.ts";

export interface ConvertedTokenizer {
	values: Map<string, GgufWriterValue>;
	warnings: string[];
}

/** `size` is the rows of the embedding. Throws GalleyError that names what of the tokenizer the engine doesn't have. */
export async function convertTokenizer(
	directory: string,
	config: ModelConfig,
	size: number,
): Promise<ConvertedTokenizer> {
	const tokenizer = await readJsonFile(directory, "tokenizer.json");
	const model = await readBytesFile(directory, "tokenizer.model");
	const tokenizerConfig =
		(await readJsonFile(directory, "tokenizer_config.json")) ?? {};
	const generationConfig =
		(await readJsonFile(directory, "generation_config.json")) ?? {};
	const separate = await readJsonFile(directory, "added_tokens.json");
	const warnings: string[] = [];
	const table = new TokenTable(size);
	const added = readAddedTokens(tokenizer, tokenizerConfig, separate);
	let values: Map<string, GgufWriterValue>;
	if (tokenizer === null && model === null) {
		throw new GalleyError(
			"model_unusable",
			`"${directory}" has no tokenizer.json and no tokenizer.model. Load its tokenizer in Python with AutoTokenizer and call save_pretrained(directory), or get those files.`,
		);
	}
	const kind = tokenizer === null ? "BPE" : objectOf(tokenizer.model).type;
	if (tokenizer !== null && kind !== "BPE" && kind !== undefined) {
		throw new GalleyError(
			"model_unusable",
			`The tokenizer in "${directory}" is of kind "${String(kind)}"; Galley converts byte-level BPE and SentencePiece BPE. Get a GGUF file of the model.`,
		);
	}
	if (tokenizer !== null && isByteLevel(tokenizer))
		values = convertByteLevel(directory, tokenizer, added, table, warnings);
	else
		values = convertSentencePiece(
			{ directory, tokenizer, model },
			added,
			table,
			warnings,
		);
	table.refuseDuplicates(directory);
	if (table.dropped.length > 0)
		warnings.push(
			`The embedding has ${size} rows; tokens behind it were left out: ${table.dropped.slice(0, 5).join(" ")}`,
		);
	const special = describeSpecialTokens(
		{
			tokenizer,
			tokenizerConfig,
			generationConfig,
			modelConfig: config.values,
		},
		table,
	);
	const templates = await describeChatTemplates(directory, tokenizerConfig);
	for (const more of [special, templates])
		for (const [key, value] of more) values.set(key, value);
	return { values, warnings };
}
