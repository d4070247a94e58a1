import type { OutputParser, OutputPiece } from "../core/output-format.ts";
import {
	type ReasoningStyle,
	readReasoning,
} from "./reasoning/reasoning-styles.ts";
import type { CallReader } from "./tool-calls/call-object.ts";
import { PieceWriter } from "./tool-calls/piece-writer.ts";
import {
	type Reading,
	readUntil,
	TextSource,
} from "./tool-calls/text-source.ts";

export interface StreamingParserOptions {
	/** Null leaves calls in the text. */
	readCalls: ((reader: CallReader) => Reading) | null;
	/** Null leaves reasoning in the text. */
	reasoning: { style: ReasoningStyle; isOpen: boolean } | null;
	toolNames: ReadonlySet<string> | null;
	isTextParameter?: CallReader["isTextParameter"];
	/** For formats that have reasoning among the calls. */
	separatesReasoning: boolean;
	createId: () => string;
}

/** Reads one choice's text as it comes. The same text gives the same pieces wherever it was cut, once they are joined. */
export class StreamingParser implements OutputParser {
	readonly #source = new TextSource();
	readonly #out: PieceWriter;
	readonly #reading: Reading;

	constructor(options: StreamingParserOptions) {
		const { createId, separatesReasoning } = options;
		this.#out = new PieceWriter(createId, { reasoning: separatesReasoning });
		this.#reading = this.#read(options);
		if (options.reasoning?.isOpen === true) this.#out.beginReasoning();
	}

	get isReasoning(): boolean {
		return this.#out.isReasoning;
	}

	push(text: string): readonly OutputPiece[] {
		this.#source.add(text);
		this.#reading.next();
		return this.#out.take();
	}

	end(): readonly OutputPiece[] {
		this.#source.isClosed = true;
		this.#reading.next();
		this.#out.end();
		return this.#out.take();
	}

	*#read({
		readCalls,
		reasoning,
		toolNames,
		isTextParameter,
	}: StreamingParserOptions): Reading {
		const reader = {
			source: this.#source,
			out: this.#out,
			toolNames,
			isTextParameter,
		};
		if (reasoning !== null)
			yield* readReasoning(reader, reasoning.style, reasoning.isOpen);
		if (readCalls !== null) yield* readCalls(reader);
		// What a reading left, and all where there was none.
		yield* readUntil(this.#source, [], (text) => this.#out.text(text));
	}
}
