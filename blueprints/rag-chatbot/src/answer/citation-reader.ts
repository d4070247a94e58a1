export type AnswerPiece =
	| { type: "text"; text: string }
	/** `number` is that of the passage in the prompt, from 1. */
	| { type: "citation"; number: number; text: string };

/** What stands between marks that follow each other. */
const between = /^[\s,;]*/;
const longestMark = 12;
const mark = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/;

/**
 * Finds citations like `[2]` or `[1, 3]` in a text that comes in pieces. What may become one is held back until it is clear.
 * Numbers that no passage has are left out, brackets and all: the model made them up. A number that was said just before is
 * not said again: `[1][1]` is `[1]`.
 */
export class CitationReader {
	readonly #passages: number;
	#held = "";
	/** Numbers since the last word, and what stood behind the last of them: it goes if the next one goes. */
	#run = new Set<number>();
	#gap = "";

	constructor(passages: number) {
		this.#passages = passages;
	}

	push(text: string): AnswerPiece[] {
		this.#held += text;
		return this.#read(false);
	}

	end(): AnswerPiece[] {
		return this.#read(true);
	}

	#read(isEnd: boolean): AnswerPiece[] {
		const pieces: AnswerPiece[] = [];
		const add = (text: string) => {
			const last = pieces.at(-1);
			if (text === "") return;
			if (last?.type === "text") last.text += text;
			else pieces.push({ type: "text", text });
		};
		const say = (text: string) => {
			const gap = this.#run.size === 0 ? 0 : between.exec(text)?.[0].length;
			this.#gap += text.slice(0, gap);
			const words = text.slice(gap);
			if (words === "") return;
			add(this.#gap + words);
			this.#gap = "";
			this.#run.clear();
		};
		const cite = (number: number) => {
			if (!this.#run.has(number)) {
				add(this.#gap);
				pieces.push({ type: "citation", number, text: `[${number}]` });
			}
			this.#gap = "";
			this.#run.add(number);
		};
		for (;;) {
			const found = mark.exec(this.#held);
			if (found === null) break;
			say(this.#held.slice(0, found.index));
			this.#held = this.#held.slice(found.index + found[0].length);
			for (const written of (found[1] as string).split(",")) {
				const number = Number(written);
				if (number >= 1 && number <= this.#passages) cite(number);
			}
		}
		const open = isEnd ? -1 : this.#held.lastIndexOf("[");
		const mayBecomeOne =
			open !== -1 &&
			this.#held.length - open <= longestMark &&
			/^\[[\d,\s]*$/.test(this.#held.slice(open));
		const sure = mayBecomeOne ? open : this.#held.length;
		say(this.#held.slice(0, sure));
		this.#held = this.#held.slice(sure);
		if (isEnd) add(this.#gap);
		return pieces;
	}
}
