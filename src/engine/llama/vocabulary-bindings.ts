import type { Pointer } from "./structs.ts";

/** The part of the C seam that is about the tokenizer; see `bindings.ts`. */
export interface VocabularySignatures {
	llama_vocab_n_tokens(vocabulary: Pointer): number;
	llama_vocab_bos(vocabulary: Pointer): number;
	llama_vocab_eos(vocabulary: Pointer): number;
	llama_vocab_get_add_bos(vocabulary: Pointer): boolean;
	llama_vocab_is_eog(vocabulary: Pointer, token: number): boolean;
	llama_vocab_fim_pre(vocabulary: Pointer): number;
	llama_vocab_fim_suf(vocabulary: Pointer): number;
	llama_vocab_fim_mid(vocabulary: Pointer): number;
	llama_vocab_get_suppress_tokens(
		vocabulary: Pointer,
		count: Int32Array,
	): Pointer | null;
	llama_tokenize(
		vocabulary: Pointer,
		text: Uint8Array,
		textBytes: number,
		tokens: Int32Array,
		capacity: number,
		addSpecial: boolean,
		parseSpecial: boolean,
	): number;
	llama_token_to_piece(
		vocabulary: Pointer,
		token: number,
		buffer: Uint8Array,
		size: number,
		skipSpaces: number,
		special: boolean,
	): number;
}

const p = "void *";

export const vocabularyDeclarations = {
	llama_vocab_n_tokens: ["int32_t", p],
	llama_vocab_bos: ["int32_t", p],
	llama_vocab_eos: ["int32_t", p],
	llama_vocab_get_add_bos: ["bool", p],
	llama_vocab_is_eog: ["bool", p, "int32_t"],
	llama_vocab_fim_pre: ["int32_t", p],
	llama_vocab_fim_suf: ["int32_t", p],
	llama_vocab_fim_mid: ["int32_t", p],
	llama_vocab_get_suppress_tokens: [p, p, p],
	llama_tokenize: ["int32_t", p, p, "int32_t", p, "int32_t", "bool", "bool"],
	llama_token_to_piece: [
		"int32_t",
		p,
		"int32_t",
		p,
		"int32_t",
		"int32_t",
		"bool",
	],
} as const satisfies Record<
	keyof VocabularySignatures,
	readonly [string, ...string[]]
>;
