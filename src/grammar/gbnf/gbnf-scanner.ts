import { GrammarError } from "../grammar-error.ts";

/** Reads a grammar's text code point by code point, and knows where it stands. */
export class GbnfScanner {
	readonly #characters: readonly string[];
	#at = 0;

	constructor(source: string) {
		this.#characters = [...source];
	}

	get at(): number {
		return this.#at;
	}

	set at(place: number) {
		this.#at = place;
	}

	get isAtEnd(): boolean {
		return this.#at >= this.#characters.length;
	}

	/** "" at the end. */
	peek(ahead = 0): string {
		return this.#characters[this.#at + ahead] ?? "";
	}

	next(): string {
		return this.#characters[this.#at++] ?? "";
	}

	/** Passes over the text if it stands here. */
	take(text: string): boolean {
		for (let index = 0; index < text.length; index++)
			if (this.peek(index) !== text[index]) return false;
		this.#at += text.length;
		return true;
	}

	/** Blanks, line breaks and comments. */
	skipSpace(): void {
		for (;;) {
			if (/^[ \t\r\n]$/.test(this.peek())) this.#at++;
			else if (this.peek() === "#") {
				while (!this.isAtEnd && !/^[\r\n]$/.test(this.peek())) this.#at++;
			} else return;
		}
	}

	/** "" where no name stands. */
	name(): string {
		let name = "";
		while (/^[A-Za-z0-9_.-]$/.test(this.peek())) name += this.next();
		return name;
	}

	/** Null where no number stands. */
	number(): number | null {
		let digits = "";
		while (/^\d$/.test(this.peek())) digits += this.next();
		if (digits.length > 9) throw this.error(`${digits} is too large a number`);
		return digits === "" ? null : Number(digits);
	}

	/** One character of a literal or a character class, escapes taken apart. */
	codePoint(): number {
		if (this.isAtEnd) throw this.error("the grammar ends in the middle");
		const character = this.next();
		if (character !== "\\") return character.codePointAt(0) as number;
		const letter = this.next();
		const digits = hexDigits[letter];
		if (digits !== undefined) return this.#hex(letter, digits);
		const value = escapes[letter];
		if (value !== undefined) return value;
		this.#at -= letter === "" ? 1 : 2;
		throw this.error(`'\\${letter}' is not an escape sequence`);
	}

	/** An error about what stands at `place`. */
	error(message: string, place = this.#at): GrammarError {
		const before = this.#characters
			.slice(0, place)
			.join("")
			.split(/\r\n|\r|\n/);
		const line = before.length;
		const column = [...(before.at(-1) ?? "")].length + 1;
		const where = `line ${line}, column ${column}`;
		return new GrammarError("invalid", `Grammar, ${where}: ${message}.`, {
			path: where,
		});
	}

	#hex(letter: string, count: number): number {
		const from = this.#at;
		let digits = "";
		while (digits.length < count && /^[0-9A-Fa-f]$/.test(this.peek()))
			digits += this.next();
		const value = Number.parseInt(digits, 16);
		if (digits.length === count && isCharacter(value)) return value;
		throw this.error(
			`'\\${letter}' needs the ${count} hexadecimal digits of a character`,
			from - 2,
		);
	}
}

const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

const escapes: Readonly<Record<string, number>> = {
	...{ t: 9, n: 10, r: 13 },
	...Object.fromEntries(
		['"', "'", "[", "]", "\\", "-", "^", "/"].map((character) => [
			character,
			character.charCodeAt(0),
		]),
	),
};

function isCharacter(value: number): boolean {
	return value <= 0x10_ff_ff && !(value >= 0xd8_00 && value <= 0xdf_ff);
}
