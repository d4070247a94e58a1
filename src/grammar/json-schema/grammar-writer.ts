import type { Expression, Grammar } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import {
	choice,
	escapedTexts,
	jsonRules,
	regular,
	repeat,
	rule,
	sequence,
	text,
} from "../json.ts";
import { Automaton } from "../regular/automaton.ts";
import { writeArray } from "./array-writer.ts";
import type { CompileContext } from "./compile-context.ts";
import type { Node } from "./node.ts";
import { writeObject } from "./object-writer.ts";
import { withoutImpossibleParts } from "./productive.ts";
import {
	anyArray,
	anyObject,
	type Piece,
	type StringPiece,
} from "./value-set.ts";

const maxRules = 30_000;

/** Writes the values of nodes as rules: one rule a node, however often it is referred to. */
export class GrammarWriter {
	readonly context: CompileContext;
	readonly #rules: Record<string, Expression> = {};
	readonly #names = new Map<string, string>();
	readonly #open: Node[] = [];
	readonly #escaped = new Map<Automaton, Expression>();
	#anyWritten: Automaton | null = null;
	#count = 0;

	constructor(context: CompileContext) {
		this.context = context;
	}

	write(root: Node): Grammar {
		const start = this.value(root);
		if (start.type !== "rule") throw new TypeError("A value is a rule.");
		for (
			let node = this.#open.shift();
			node !== undefined;
			node = this.#open.shift()
		) {
			const name = this.#names.get(node.key) as string;
			this.#rules[name] = choice(
				...this.context.setOfNode(node).map((piece) => this.#piece(piece)),
			);
		}
		return withoutImpossibleParts({
			rules: { ...jsonRules(), ...this.#rules },
			start: start.name,
		});
	}

	value(node: Node): Expression {
		if (node.literals.length === 0) return rule("json-value");
		const known = this.#names.get(node.key);
		if (known !== undefined) return rule(known);
		const name = this.newName();
		this.#names.set(node.key, name);
		this.#open.push(node);
		return rule(name);
	}

	newName(): string {
		if (++this.#count > maxRules)
			throw new GrammarError(
				"too_large",
				`The schema needs more than ${maxRules} rules. Use smaller counts (minProperties, maxContains, uniqueItems) or fewer alternatives.`,
			);
		return `value-${this.#count}`;
	}

	addRule(name: string, expression: Expression): void {
		this.#rules[name] = expression;
	}

	/** A string of JSON, with its quotes. */
	quoted(texts: Automaton): Expression {
		let written = this.#escaped.get(texts);
		if (written === undefined) {
			written = sequence(
				text('"'),
				regular(escapedTexts(texts, this.context.budget)),
				text('"'),
			);
			this.#escaped.set(texts, written);
		}
		return written;
	}

	/** Strings of JSON, with their quotes, as one language. */
	quotedTexts(piece: StringPiece): Automaton {
		const { algebra, budget } = this.context;
		const isAny =
			piece.automaton === null && piece.min === 0 && piece.max === null;
		const texts = isAny ? algebra.any : algebra.texts(piece);
		const quote = Automaton.ofText('"');
		const written = escapedTexts(texts, budget);
		return Automaton.concatOf([quote, written, quote], budget);
	}

	/**
	 * Every string but these. Each text is written in one way only, so it is the same to take them out before or after they are
	 * written, and afterwards is quicker.
	 */
	quotedExcept(texts: readonly string[]): Expression {
		const { algebra, budget } = this.context;
		if (texts.length === 0) return rule("json-string");
		this.#anyWritten ??= escapedTexts(algebra.any, budget);
		const written = this.context.texts(
			texts.map((value) => JSON.stringify(value).slice(1, -1)),
		);
		return sequence(
			text('"'),
			regular(this.#anyWritten.difference(written, budget)),
			text('"'),
		);
	}

	#piece(piece: Piece): Expression {
		switch (piece.type) {
			case "null":
			case "true":
			case "false":
				return text(piece.type);
			case "number":
				return piece.automaton === null
					? rule("json-number")
					: regular(this.context.numbers.written(piece.automaton));
			case "string":
				return this.#string(piece);
			case "array":
				return piece === anyArray
					? rule("json-array")
					: writeArray(this, piece);
			case "object":
				return piece === anyObject
					? rule("json-object")
					: writeObject(this, piece);
		}
	}

	#string(piece: StringPiece): Expression {
		if (piece.automaton !== null)
			return this.quoted(this.context.algebra.texts(piece));
		if (piece.min === 0 && piece.max === null) return rule("json-string");
		return sequence(
			text('"'),
			repeat(rule("json-character"), piece.min, piece.max),
			text('"'),
		);
	}
}
