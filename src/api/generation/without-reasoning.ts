import type { OutputParser, OutputPiece } from "../../core/output-format.ts";

/** Leaves reasoning out of what a client hears. */
export class WithoutReasoning implements OutputParser {
	readonly #parser: OutputParser;

	constructor(parser: OutputParser) {
		this.#parser = parser;
	}

	get isReasoning(): boolean {
		return this.#parser.isReasoning;
	}

	push(text: string): readonly OutputPiece[] {
		return this.#parser.push(text).filter(isHeard);
	}

	end(): readonly OutputPiece[] {
		return this.#parser.end().filter(isHeard);
	}
}

const isHeard = ({ type }: OutputPiece) => type !== "reasoning";
