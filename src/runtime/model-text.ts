import type { ChatMessage } from "../core/chat-message.ts";
import type { ChatTemplateOptions } from "../core/language-service.ts";
import { type OutputFormat, plainOutputFormat } from "../core/output-format.ts";
import type { ModelVocabulary } from "../engine/engine.ts";
import type { ChatTemplates } from "../text/chat-template.ts";
import { ChoiceText } from "../text/choice-text.ts";
import { TokenTexts } from "../text/token-texts.ts";
import { controlTokenTexts } from "./control-tokens.ts";

export interface ModelTextOptions {
	vocabulary: ModelVocabulary;
	templates: ChatTemplates;
	/** Token texts without and with control tokens shown. */
	tokenTexts: { plain: TokenTexts; withSpecialTokens: TokenTexts };
	/** How the model writes reasoning and tool calls; without it all output is plain text. */
	outputFormat?: OutputFormat | undefined;
}

/** Between text and tokens, in the HTTP process: the vocabulary and the chat template of the loaded model. */
export class ModelText {
	readonly #options: ModelTextOptions;
	/** Found when first asked for: it takes a look at every token. */
	#controlTokenTexts: readonly string[] | null = null;

	readonly outputFormat: OutputFormat;
	/** Shows those control tokens alone that the output format reads. */
	readonly #withMarkers: TokenTexts;

	constructor(options: ModelTextOptions) {
		this.#options = options;
		this.outputFormat = options.outputFormat ?? plainOutputFormat;
		this.#withMarkers = createMarkerTexts(
			options.vocabulary,
			this.outputFormat.markers,
		);
	}

	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array {
		return this.#options.vocabulary.tokenize(text.toWellFormed(), options);
	}

	detokenize(
		tokens: Iterable<number>,
		options: { renderSpecialTokens: boolean },
	): string {
		const texts = this.textsOf(options.renderSpecialTokens);
		const text = new ChoiceText(texts, [], false);
		let whole = "";
		for (const token of tokens) whole += text.push(token, false);
		return whole + text.flush();
	}

	tokenBytes(token: number): Uint8Array {
		return this.#options.vocabulary.tokenBytes(token, true);
	}

	renderChat(
		messages: readonly ChatMessage[],
		options: ChatTemplateOptions,
	): string {
		return this.#options.templates.render(messages, options);
	}

	get controlTokenTexts(): readonly string[] {
		this.#controlTokenTexts ??= controlTokenTexts(this.#options.vocabulary);
		return this.#controlTokenTexts;
	}

	needsBos(renderedChat: string): boolean {
		const { vocabulary, templates } = this.#options;
		return vocabulary.addsBos && !templates.writesBos(renderedChat);
	}

	textsOf(renderSpecialTokens: boolean | "markers"): TokenTexts {
		if (renderSpecialTokens === "markers") return this.#withMarkers;
		const { plain, withSpecialTokens } = this.#options.tokenTexts;
		return renderSpecialTokens ? withSpecialTokens : plain;
	}
}

function createMarkerTexts(
	vocabulary: ModelVocabulary,
	markers: readonly string[],
): TokenTexts {
	const shown = new Set(markers);
	const decoder = new TextDecoder();
	return new TokenTexts({
		vocabularySize: vocabulary.size,
		tokenBytes: (token) => {
			const plain = vocabulary.tokenBytes(token, false);
			if (plain.length > 0) return plain;
			const special = vocabulary.tokenBytes(token, true);
			return shown.has(decoder.decode(special)) ? special : plain;
		},
	});
}
