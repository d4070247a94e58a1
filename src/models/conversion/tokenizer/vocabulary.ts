import { GalleyError } from "../../../core/errors.ts";
import { isObject, type JsonObject, listOf } from "../json-file.ts";

/** `tokenizer.ggml.token_type`. */
export const tokenKinds = {
	normal: 1,
	unknown: 2,
	control: 3,
	userDefined: 4,
	unused: 5,
	byte: 6,
} as const;
export type TokenKind = (typeof tokenKinds)[keyof typeof tokenKinds];

export interface AddedToken {
	id: number;
	content: string;
	isSpecial: boolean;
}

/** Tokens by id, padded to as many as the model's embedding has rows. */
export class TokenTable {
	readonly texts: string[];
	readonly kinds: TokenKind[];
	readonly scores: number[];
	/** Texts whose id lies behind the embedding: the model doesn't know them. */
	readonly dropped: string[] = [];

	constructor(size: number) {
		this.texts = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
		this.kinds = new Array(size).fill(tokenKinds.unused);
		this.scores = new Array(size).fill(-10_000);
	}

	set(id: number, text: string, kind: TokenKind, score = 0): void {
		if (!Number.isSafeInteger(id) || id < 0 || id >= this.texts.length) {
			this.dropped.push(text);
			return;
		}
		this.texts[id] = text;
		this.kinds[id] = kind;
		this.scores[id] = score;
	}

	/** The engine looks tokens up by their text and stops the process when two are the same. */
	refuseDuplicates(directory: string): void {
		const ids = new Map<string, number>();
		for (const [id, text] of this.texts.entries()) {
			const other = ids.get(text);
			if (other !== undefined || text === "")
				throw new GalleyError(
					"model_unusable",
					`The tokenizer in "${directory}" ${text === "" ? `has an empty token (${id})` : `gives the tokens ${other} and ${id} the same text ${JSON.stringify(text)}`}; the engine can't load such a vocabulary.`,
				);
			ids.set(text, id);
		}
	}
}

/** `tokenizer.json` has them in one list; older directories have them in two other files. */
export function readAddedTokens(
	tokenizer: JsonObject | null,
	config: JsonObject,
	separate: JsonObject | null,
): AddedToken[] {
	const tokens = new Map<number, AddedToken>();
	const add = (id: number, value: unknown, isSpecial: boolean) => {
		const content = isObject(value) ? value.content : value;
		if (typeof content === "string" && Number.isSafeInteger(id))
			tokens.set(id, { id, content, isSpecial });
	};
	for (const [text, id] of Object.entries(separate ?? {}))
		add(Number(id), text, false);
	for (const [id, value] of Object.entries(
		isObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {},
	))
		add(Number(id), value, isObject(value) && value.special === true);
	for (const value of listOf(tokenizer?.added_tokens))
		if (isObject(value)) add(Number(value.id), value, value.special === true);
	return [...tokens.values()];
}

export function setAddedTokens(
	table: TokenTable,
	added: readonly AddedToken[],
): void {
	for (const { id, content, isSpecial } of added) {
		const isControl = isSpecial || looksLikeControl(content);
		table.set(
			id,
			// User-defined texts are matched in the text itself, where spaces are still spaces.
			isControl ? content : content.replaceAll("\u2581", " "),
			isControl ? tokenKinds.control : tokenKinds.userDefined,
			-1000,
		);
	}
}

/** Some models forget to mark these as special. */
function looksLikeControl(text: string): boolean {
	return (
		["<pad>", "<mask>", "<2mass>", "[@BOS@]"].includes(text) ||
		/^<\|.*\|>$/s.test(text) ||
		/^<\uff5c.*\uff5c>$/s.test(text) ||
		/^<unused.*>$/s.test(text)
	);
}
