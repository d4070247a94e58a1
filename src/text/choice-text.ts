import { IncrementalDetokenizer } from "./incremental-detokenizer.ts";
import { StopStrings } from "./stop-strings.ts";
import type { TokenTexts } from "./token-texts.ts";

/**
 * The text of one choice: tokens in, text out, whole characters only, ended by a stop string. Once per token for every
 * sequence that runs, so nothing is allocated on the way, and without stop strings nothing is searched.
 */
export class ChoiceText {
	readonly #detokenizer: IncrementalDetokenizer;
	readonly #stopStrings: StopStrings | null;

	constructor(
		texts: TokenTexts,
		stopStrings: readonly string[],
		includeStopString: boolean,
	) {
		this.#detokenizer = new IncrementalDetokenizer(texts);
		this.#stopStrings =
			stopStrings.length === 0
				? null
				: new StopStrings(stopStrings, includeStopString);
	}

	/** The stop string that ended this choice; null while none has. */
	get stopString(): string | null {
		return this.#stopStrings === null ? null : this.#stopStrings.stopString;
	}

	/**
	 * The text that is certain now, "" while bytes of a character or of a possible stop string are held. `mayStop` false
	 * lets stop strings pass that this token completes: the first `minTokens` of a request. After a stop string all
	 * further text is dropped.
	 */
	push(token: number, mayStop: boolean): string {
		const text = this.#detokenizer.push(token);
		return this.#stopStrings === null || text === ""
			? text
			: this.#stopStrings.push(text, mayStop);
	}

	/**
	 * What was held, for a choice that ended otherwise than by a stop string. Bytes of an unfinished character become
	 * U+FFFD; the beginning of a stop string that was not finished is text.
	 */
	flush(): string {
		const rest = this.#detokenizer.flush();
		return this.#stopStrings === null
			? rest
			: this.#stopStrings.push(rest, false) + this.#stopStrings.flush();
	}
}
