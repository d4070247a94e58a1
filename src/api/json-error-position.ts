/**
 * Where a text stops being JSON, or its length when it ends too early. V8's own messages name a position only for some
 * faults. Meant for texts that JSON.parse refused and whose depth is known to be small: it recurses.
 */
export function jsonErrorPosition(text: string): number {
	const scanner = new JsonScanner(text);
	if (scanner.value()) scanner.space();
	return Math.min(scanner.position, text.length);
}

/** Each method moves behind what it names and tells whether it was there; `position` stays at the first fault. */
class JsonScanner {
	position = 0;
	readonly #text: string;
	readonly #scalar =
		/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

	constructor(text: string) {
		this.#text = text;
	}

	space(): void {
		while (isSpace(this.#text.charCodeAt(this.position))) this.position++;
	}

	value(): boolean {
		this.space();
		const first = this.#text[this.position];
		if (first === "{") return this.#list("}", () => this.#member());
		if (first === "[") return this.#list("]", () => this.value());
		return first === '"' ? this.#string() : this.#number();
	}

	#list(close: string, item: () => boolean): boolean {
		this.position++;
		this.space();
		if (this.#text[this.position] === close) return this.#skip(close);
		for (;;) {
			if (!item()) return false;
			this.space();
			if (this.#text[this.position] === close) return this.#skip(close);
			if (!this.#skip(",")) return false;
			this.space();
		}
	}

	#member(): boolean {
		if (this.#text[this.position] !== '"' || !this.#string()) return false;
		this.space();
		return this.#skip(":") && this.value();
	}

	#skip(character: string): boolean {
		if (this.#text[this.position] !== character) return false;
		this.position++;
		return true;
	}

	#number(): boolean {
		this.#scalar.lastIndex = this.position;
		if (!this.#scalar.test(this.#text)) return false;
		this.position = this.#scalar.lastIndex;
		return true;
	}

	#string(): boolean {
		for (this.position++; this.position < this.#text.length; this.position++) {
			const character = this.#text[this.position];
			if (character === '"') return this.#skip('"');
			if (this.#text.charCodeAt(this.position) < 0x20) return false;
			if (character === "\\" && !this.#escape()) return false;
		}
		return false;
	}

	/** Leaves the position on the escape's last character. */
	#escape(): boolean {
		const kind = this.#text[this.position + 1] ?? "";
		if (kind === "") this.position++;
		else if (
			kind === "u" &&
			/^[0-9a-fA-F]{4}$/.test(
				this.#text.slice(this.position + 2, this.position + 6),
			)
		) {
			this.position += 5;
			return true;
		} else if (kind !== "u" && '"\\/bfnrt'.includes(kind)) {
			this.position++;
			return true;
		}
		return false;
	}
}

function isSpace(code: number): boolean {
	return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
