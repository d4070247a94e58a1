import type { FillInMiddleTokens } from "../../core/language-service.ts";
import type { ModelVocabulary } from "../engine.ts";
import type { NativeBindings } from "./bindings.ts";
import { type LlamaModel, toPrecision } from "./model.ts";
import type { Pointer } from "./structs.ts";

/** A vocabulary-only load with what the HTTP process asks of the model's file. Owns the model. */
export class LlamaModelVocabulary implements ModelVocabulary {
	readonly #model: LlamaModel;
	readonly metadata: ReadonlyMap<string, string>;
	readonly precision: string;

	constructor(model: LlamaModel) {
		this.#model = model;
		this.metadata = readMetadata(model.library.native, model.address);
		this.precision = readPrecision(model, this.metadata);
	}

	get size(): number {
		return this.#model.vocabulary.size;
	}

	get bos(): number | null {
		return this.#model.vocabulary.bos;
	}

	get eos(): number | null {
		return this.#model.vocabulary.eos;
	}

	get addsBos(): boolean {
		return this.#model.vocabulary.addsBos;
	}

	get fillInMiddle(): FillInMiddleTokens | null {
		return this.#model.vocabulary.fillInMiddle;
	}

	get endOfGenerationTokens(): ReadonlySet<number> {
		return this.#model.vocabulary.endOfGenerationTokens;
	}

	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array {
		return this.#model.vocabulary.tokenize(text, options);
	}

	tokenBytes(token: number, renderSpecial: boolean): Uint8Array {
		return this.#model.vocabulary.tokenBytes(token, renderSpecial);
	}

	chatTemplate(name?: string): string | null {
		return this.#model.library.native.llama_model_chat_template(
			this.#model.address,
			name ?? null,
		);
	}

	[Symbol.dispose](): void {
		this.#model[Symbol.dispose]();
		this.#model.library[Symbol.dispose]();
	}
}

function readMetadata(
	native: NativeBindings,
	model: Pointer,
): Map<string, string> {
	const decoder = new TextDecoder();
	let buffer = new Uint8Array(1024);
	const readText = (
		read: (buffer: Uint8Array, size: number) => number,
	): string => {
		let length = read(buffer, buffer.length);
		if (length >= buffer.length) {
			buffer = new Uint8Array(length + 1);
			length = read(buffer, buffer.length);
		}
		return decoder.decode(buffer.subarray(0, Math.max(0, length)));
	};
	const metadata = new Map<string, string>();
	for (let index = 0; index < native.llama_model_meta_count(model); index++) {
		const key = readText((target, size) =>
			native.llama_model_meta_key_by_index(model, index, target, size),
		);
		const value = readText((target, size) =>
			native.llama_model_meta_val_str_by_index(model, index, target, size),
		);
		metadata.set(key, value);
	}
	return metadata;
}

/** The library knows the type of weights only when it has read them; the file says it too. */
function readPrecision(
	model: LlamaModel,
	metadata: ReadonlyMap<string, string>,
): string {
	const type = Number(metadata.get("general.file_type") ?? Number.NaN);
	return Number.isInteger(type)
		? toPrecision(model.library.native.llama_ftype_name(type))
		: "unknown";
}
