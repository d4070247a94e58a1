import type { OutputParser, OutputPiece } from "../../core/output-format.ts";

/** Keeps the first call alone, for clients that asked for one at most. */
export class OneCall implements OutputParser {
	readonly #parser: OutputParser;

	constructor(parser: OutputParser) {
		this.#parser = parser;
	}

	get isReasoning(): boolean {
		return this.#parser.isReasoning;
	}

	push(text: string): readonly OutputPiece[] {
		return this.#parser.push(text).filter(isFirst);
	}

	end(): readonly OutputPiece[] {
		return this.#parser.end().filter(isFirst);
	}
}

const isFirst = (piece: OutputPiece) =>
	!("index" in piece) || piece.index === 0;
