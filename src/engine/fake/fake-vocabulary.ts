import { GalleyError } from "../../core/errors.ts";
import type { ModelVocabulary } from "../engine.ts";
import { assertToken } from "../engine-limits.ts";
import type { FakeOptions } from "./fake-options.ts";

/**
 * Every text has tokens, and they give back the very same bytes:
 *
 *     0 ... 255      one byte each
 *     256 ...        control tokens: <|begin|> <|end|> <|system|> <|user|> <|assistant|> <|tool|> <|unused|>
 *     then           words with a space before them: " ba", " be", ..., " baba", ...
 */
const specialTexts = [
	"<|begin|>",
	"<|end|>",
	"<|system|>",
	"<|user|>",
	"<|assistant|>",
	"<|tool|>",
	"<|unused|>",
];
const byteTokens = 256;
const beginToken = byteTokens;
export const endToken = byteTokens + 1;
export const firstWordToken = byteTokens + specialTexts.length;

const chatTemplate = [
	"{%- for message in messages -%}",
	"<|{{ message['role'] if message['role'] in ['system', 'assistant', 'tool'] else 'user' }}|>",
	"{{ message['content'] }}<|end|>",
	"{%- endfor -%}",
	"{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}",
].join("\n");

export class FakeVocabulary implements ModelVocabulary {
	readonly size: number;
	readonly bos = beginToken;
	readonly eos = endToken;
	readonly addsBos = true;
	readonly endOfGenerationTokens: ReadonlySet<number> = new Set([endToken]);
	readonly metadata: ReadonlyMap<string, string>;
	readonly precision = "F32";
	readonly fillInMiddle = null;
	readonly #bytes: readonly Uint8Array[];
	readonly #words = new Map<string, number>();
	readonly #longestWord: number;
	#isDisposed = false;

	constructor(options: FakeOptions) {
		const { vocabulary, trainedContext } = options;
		this.size = vocabulary;
		const words = Array.from(
			{ length: vocabulary - firstWordToken },
			(_, index) => wordText(index),
		);
		for (const [index, word] of words.entries()) {
			this.#words.set(word, firstWordToken + index);
		}
		this.#longestWord = Math.max(...words.map((word) => word.length));
		const encoder = new TextEncoder();
		this.#bytes = [
			...Array.from({ length: byteTokens }, (_, byte) => Uint8Array.of(byte)),
			...[...specialTexts, ...words].map((text) => encoder.encode(text)),
		];
		this.metadata = new Map([
			["general.architecture", "fake"],
			["general.name", "Fake"],
			["general.license", "apache-2.0"],
			["general.file_type", "0"],
			["fake.context_length", String(trainedContext)],
			["fake.block_count", "1"],
			["tokenizer.ggml.model", "fake"],
			["tokenizer.ggml.bos_token_id", String(beginToken)],
			["tokenizer.ggml.eos_token_id", String(endToken)],
			["tokenizer.chat_template", chatTemplate],
		]);
	}

	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array {
		this.#assertAlive();
		const tokens: number[] = options.addSpecial ? [beginToken] : [];
		const parts = options.parseSpecial ? splitAtSpecials(text) : [text];
		for (const part of parts) {
			const special = options.parseSpecial ? specialTexts.indexOf(part) : -1;
			if (special >= 0) tokens.push(byteTokens + special);
			else this.#tokenizePlain(part, tokens);
		}
		return Int32Array.from(tokens);
	}

	tokenBytes(token: number, renderSpecial: boolean): Uint8Array {
		this.#assertAlive();
		assertToken(token, this.size);
		const bytes = this.#bytes[token] ?? new Uint8Array(0);
		return isSpecialToken(token) && !renderSpecial ? new Uint8Array(0) : bytes;
	}

	chatTemplate(name?: string): string | null {
		this.#assertAlive();
		return name === undefined ? chatTemplate : null;
	}

	[Symbol.dispose](): void {
		this.#isDisposed = true;
	}

	/** The longest word that fits, else a byte. */
	#tokenizePlain(text: string, tokens: number[]): void {
		const bytes = Buffer.from(text, "utf8");
		const characters = bytes.toString("latin1");
		for (let start = 0; start < bytes.length; ) {
			const [token, length] = this.#longestMatch(characters, start) ?? [
				bytes[start] ?? 0,
				1,
			];
			tokens.push(token);
			start += length;
		}
	}

	#longestMatch(
		characters: string,
		start: number,
	): [token: number, length: number] | null {
		if (characters[start] !== " ") return null;
		for (let length = this.#longestWord; length > 1; length--) {
			const token = this.#words.get(characters.slice(start, start + length));
			if (token !== undefined) return [token, length];
		}
		return null;
	}

	#assertAlive(): void {
		if (this.#isDisposed)
			throw new GalleyError(
				"engine_error",
				"The vocabulary is disposed; load it again.",
			);
	}
}

export function isSpecialToken(token: number): boolean {
	return token >= byteTokens && token < firstWordToken;
}

function splitAtSpecials(text: string): string[] {
	const pattern = new RegExp(
		`(${specialTexts.map((special) => special.replaceAll("|", "\\|")).join("|")})`,
	);
	return text.split(pattern).filter((part) => part !== "");
}

/** 75 syllables, then their pairs, then triples: " ba", ..., " zu", " baba", ... */
function wordText(index: number): string {
	const consonants = "bdfgklmnprstvwz";
	const vowels = "aeiou";
	const syllables = consonants.length * vowels.length;
	let text = "";
	for (let rest = index; rest >= 0; rest = Math.floor(rest / syllables) - 1) {
		const syllable = rest % syllables;
		text = `${consonants[Math.floor(syllable / vowels.length)]}${vowels[syllable % vowels.length]}${text}`;
	}
	return ` ${text}`;
}
