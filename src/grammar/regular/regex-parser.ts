import { GrammarError } from "../grammar-error.ts";
import { classEscapes, negated, unicodeProperty } from "./code-point-set.ts";
import type { RegexNode } from "./regex-syntax.ts";
import type { CodePointRange } from "./utf8.ts";

const controlEscapes: Readonly<Record<string, number>> = {
	t: 0x09,
	n: 0x0a,
	v: 0x0b,
	f: 0x0c,
	r: 0x0d,
};

const groupsThatLook: Readonly<Record<string, string>> = {
	"?=": "a lookahead (?=...)",
	"?!": "a negative lookahead (?!...)",
	"?<=": "a lookbehind (?<=...)",
	"?<!": "a negative lookbehind (?<!...)",
};

const maxNesting = 500;

/**
 * Reads ECMA-262 patterns with the flag `u`, and what is plainly meant where that flag would refuse: escaped punctuation, a brace
 * that opens no quantifier, `\A`, `\z`, `\Z` and `(?P<name>...)`.
 */
export class RegexParser {
	readonly #source: string;
	#position = 0;
	#nesting = 0;

	constructor(source: string) {
		this.#source = source;
	}

	parse(): RegexNode {
		const node = this.#choice();
		if (this.#position < this.#source.length)
			this.#fail("a parenthesis closes that was not opened");
		return node;
	}

	#choice(): RegexNode {
		const parts = [this.#sequence()];
		while (this.#take("|")) parts.push(this.#sequence());
		return parts.length === 1 && parts[0] !== undefined
			? parts[0]
			: { type: "choice", parts };
	}

	#sequence(): RegexNode {
		const parts: RegexNode[] = [];
		for (
			let next = this.#peek();
			next !== "" && next !== "|" && next !== ")";
			next = this.#peek()
		)
			parts.push(this.#quantified(this.#atom()));
		return { type: "sequence", parts };
	}

	#quantified(part: RegexNode): RegexNode {
		const bounds = this.#quantifier();
		if (bounds === null) return part;
		if (part.type === "assertion") this.#fail("an anchor cannot be repeated");
		// Lazy and possessive matches are of the same texts, up to what backtracking would have tried.
		if (!this.#take("?") && this.#peek() === "+")
			this.#refuse("a possessive quantifier");
		if (this.#quantifier() !== null) this.#fail("there is nothing to repeat");
		return { type: "repeat", part, ...bounds };
	}

	#quantifier(): { min: number; max: number | null } | null {
		if (this.#take("*")) return { min: 0, max: null };
		if (this.#take("+")) return { min: 1, max: null };
		if (this.#take("?")) return { min: 0, max: 1 };
		const braces = this.#match(/\{(\d+)(,?)(\d*)\}/y);
		if (braces === null) return null;
		const min = Number(braces[1]);
		const max =
			braces[3] !== "" ? Number(braces[3]) : braces[2] === "" ? min : null;
		if (max !== null && max < min)
			this.#fail("the bounds of a quantifier are out of order");
		return { min, max };
	}

	#atom(): RegexNode {
		const character = this.#next();
		switch (character) {
			case "^":
				return { type: "assertion", at: "start" };
			case "$":
				return { type: "assertion", at: "end" };
			case "(":
				return this.#group();
			case "[":
				return { type: "set", ranges: this.#class() };
			case ".":
				return { type: "set", ranges: classEscapes["."] ?? [] };
			case "\\":
				return this.#atomEscape();
			case "*":
			case "+":
			case "?":
				return this.#fail("there is nothing to repeat");
			default:
				return this.#character(this.#codePoint(character));
		}
	}

	#group(): RegexNode {
		const opened = this.#position - 1;
		const looks = this.#match(/\?(?:<?[=!])/y);
		if (looks !== null)
			this.#refuse(groupsThatLook[looks[0]] ?? looks[0], opened);
		if (
			this.#match(/\?(?::|P?<[\p{ID_Start}$_][\p{ID_Continue}$]*>)/uy) ===
				null &&
			this.#peek() === "?"
		)
			this.#refuse("this kind of group", opened);
		if (++this.#nesting > maxNesting)
			this.#refuse(`nesting deeper than ${maxNesting}`, opened);
		const inner = this.#choice();
		this.#nesting--;
		if (!this.#take(")")) this.#fail("a parenthesis is not closed", opened);
		return inner;
	}

	#atomEscape(): RegexNode {
		const at = this.#position - 1;
		const letter = this.#peek();
		if (letter === "b" || letter === "B")
			this.#refuse(`a word boundary \\${letter}`, at);
		if (letter === "k" || /[1-9]/.test(letter))
			this.#refuse("a backreference", at);
		if (letter === "A" || letter === "z" || letter === "Z") {
			this.#position++;
			return { type: "assertion", at: letter === "A" ? "start" : "end" };
		}
		const escaped = this.#escape();
		return typeof escaped === "number"
			? this.#character(escaped)
			: { type: "set", ranges: escaped };
	}

	/** After the backslash: one code point, or the ranges of a class. */
	#escape(): number | readonly CodePointRange[] {
		const at = this.#position - 1;
		const letter = this.#next();
		if (letter === "") this.#fail("a backslash ends the pattern", at);
		if (/[dDwWsS]/.test(letter)) return classEscapes[letter] ?? [];
		if (letter === "p" || letter === "P") return this.#property(letter, at);
		const control = controlEscapes[letter];
		if (control !== undefined) return control;
		if (letter === "0" && !/\d/.test(this.#peek())) return 0;
		if (letter === "c") {
			const name = this.#match(/[A-Za-z]/y);
			if (name !== null) return name[0].charCodeAt(0) % 32;
		}
		if (letter === "x") {
			const digits = this.#match(/[0-9A-Fa-f]{2}/y);
			if (digits !== null) return Number.parseInt(digits[0], 16);
		}
		if (letter === "u") return this.#unicodeEscape(at);
		if (/[A-Za-z0-9]/.test(letter))
			this.#fail(`\\${letter} is not an escape`, at);
		return this.#codePoint(letter);
	}

	#unicodeEscape(at: number): number {
		const braces = this.#match(/\{([0-9A-Fa-f]+)\}/y);
		if (braces !== null) {
			const codePoint = Number.parseInt(braces[1] ?? "", 16);
			if (codePoint > 0x10_ff_ff)
				this.#fail("no code point is as large as this", at);
			return codePoint;
		}
		const digits = this.#match(/[0-9A-Fa-f]{4}/y);
		if (digits === null)
			return this.#fail("\\u takes four hexadecimal digits or {...}", at);
		const unit = Number.parseInt(digits[0], 16);
		if (unit < 0xd8_00 || unit > 0xdb_ff) return unit;
		const low = this.#match(/\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})/y);
		if (low === null) return unit;
		const trailing = Number.parseInt(low[1] ?? "", 16);
		return 0x1_00_00 + ((unit - 0xd8_00) << 10) + (trailing - 0xdc_00);
	}

	#property(letter: string, at: number): readonly CodePointRange[] {
		const name = this.#match(/\{([^}]*)\}/y)?.[1] ?? this.#match(/[A-Z]/y)?.[0];
		const ranges = unicodeProperty(name ?? "");
		if (ranges === null)
			return this.#fail("there is no such Unicode property", at);
		return letter === "p" ? ranges : negated(ranges);
	}

	#class(): readonly CodePointRange[] {
		const opened = this.#position - 1;
		const isNegated = this.#take("^");
		const ranges: CodePointRange[] = [];
		while (!this.#take("]")) {
			if (this.#peek() === "")
				this.#fail("a character class is not closed", opened);
			const first = this.#classAtom();
			const isRange =
				this.#peek() === "-" && !["]", ""].includes(this.#peek(1));
			if (typeof first !== "number" || !isRange) {
				if (typeof first === "number") ranges.push([first, first]);
				else ranges.push(...first);
				continue;
			}
			const dash = this.#position++;
			const last = this.#classAtom();
			if (typeof last !== "number")
				ranges.push([first, first], [0x2d, 0x2d], ...last);
			else if (last < first)
				this.#fail("the ends of a range are out of order", dash);
			else ranges.push([first, last]);
		}
		return isNegated ? negated(ranges) : ranges;
	}

	#classAtom(): number | readonly CodePointRange[] {
		const character = this.#next();
		if (character !== "\\") return this.#codePoint(character);
		if (this.#take("b")) return 0x08;
		return this.#escape();
	}

	#character(codePoint: number): RegexNode {
		return { type: "set", ranges: [[codePoint, codePoint]] };
	}

	#codePoint(character: string): number {
		return character.codePointAt(0) ?? 0;
	}

	#peek(offset = 0): string {
		return this.#source.charAt(this.#position + offset);
	}

	/** The next code point as text; empty at the end. */
	#next(): string {
		const codePoint = this.#source.codePointAt(this.#position);
		if (codePoint === undefined) return "";
		const character = String.fromCodePoint(codePoint);
		this.#position += character.length;
		return character;
	}

	#take(character: string): boolean {
		if (this.#peek() !== character) return false;
		this.#position++;
		return true;
	}

	/** `pattern` is sticky. */
	#match(pattern: RegExp): RegExpExecArray | null {
		pattern.lastIndex = this.#position;
		const match = pattern.exec(this.#source);
		if (match !== null) this.#position += match[0].length;
		return match;
	}

	#fail(problem: string, position = this.#position): never {
		throw new GrammarError(
			"invalid",
			`The pattern ${shown(this.#source)} is not well formed: ${problem}, at position ${position}.`,
		);
	}

	#refuse(construct: string, position = this.#position): never {
		throw new GrammarError(
			"unsupported",
			`The pattern ${shown(this.#source)} uses ${construct} at position ${position}, which cannot be enforced while text is generated; write the pattern without it.`,
		);
	}
}

const shown = (source: string) =>
	JSON.stringify(source.length > 80 ? `${source.slice(0, 80)}...` : source);
