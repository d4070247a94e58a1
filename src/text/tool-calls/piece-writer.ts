import type { OutputPiece } from "../../core/output-format.ts";

/**
 * Gathers the pieces of one choice. White space around calls and around reasoning belongs to the format, not to the answer:
 * what stands at the end of a text is held until it is known what follows.
 */
export class PieceWriter {
	readonly #createId: () => string;
	readonly #shows: { reasoning: boolean };
	#pieces: OutputPiece[] = [];
	#heldSpace = "";
	#dropsSpace = false;
	#callCount = 0;
	#isReasoning = false;

	constructor(createId: () => string, shows: { reasoning: boolean }) {
		this.#createId = createId;
		this.#shows = shows;
	}

	get isReasoning(): boolean {
		return this.#isReasoning;
	}

	text(text: string): void {
		const kept = this.#withoutEndSpace(text);
		if (kept !== "") this.#put({ type: "text", text: kept });
	}

	beginReasoning(): void {
		this.#isReasoning = true;
		this.#heldSpace = "";
		this.#dropsSpace = true;
	}

	reasoning(text: string): void {
		const kept = this.#withoutEndSpace(text);
		if (kept === "") return;
		this.#put({
			type: this.#shows.reasoning ? "reasoning" : "text",
			text: kept,
		});
	}

	endReasoning(): void {
		this.#isReasoning = false;
		this.#heldSpace = "";
		this.#dropsSpace = true;
	}

	beginCall(name: string): void {
		this.#heldSpace = "";
		const index = this.#callCount++;
		this.#pieces.push({ type: "call", index, id: this.#createId(), name });
	}

	/** JSON text of the call that was begun last. */
	arguments(text: string): void {
		if (text !== "")
			this.#put({ type: "arguments", index: this.#callCount - 1, text });
	}

	endCall(): void {
		this.#pieces.push({ type: "call-end", index: this.#callCount - 1 });
		this.#dropsSpace = true;
	}

	wholeCall(name: string, json: string): void {
		this.beginCall(name);
		this.arguments(json);
		this.endCall();
	}

	/** Nothing more comes. */
	end(): void {
		const text = this.#heldSpace;
		this.#heldSpace = "";
		if (text !== "" && !this.#isReasoning) this.#put({ type: "text", text });
	}

	take(): readonly OutputPiece[] {
		const pieces = this.#pieces;
		this.#pieces = [];
		return pieces;
	}

	#withoutEndSpace(text: string): string {
		let all = this.#heldSpace + text;
		if (this.#dropsSpace) {
			all = all.trimStart();
			if (all === "") return "";
			this.#dropsSpace = false;
		}
		const kept = all.trimEnd();
		this.#heldSpace = all.slice(kept.length);
		return kept;
	}

	#put(piece: Extract<OutputPiece, { text: string }>): void {
		const last = this.#pieces.at(-1);
		const isSame =
			last !== undefined &&
			"text" in last &&
			last.type === piece.type &&
			(last.type !== "arguments" ||
				piece.type !== "arguments" ||
				last.index === piece.index);
		if (isSame) last.text += piece.text;
		else this.#pieces.push({ ...piece });
	}
}
