import type { Expression } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import { choice, comma, repeat, rule, sequence, space, text } from "../json.ts";
import { countWords } from "../matcher/list-words.ts";
import { Automaton } from "../regular/automaton.ts";
import { finiteValues } from "./finite-values.ts";
import type { GrammarWriter } from "./grammar-writer.ts";
import { itemNode } from "./members.ts";
import type { ArrayPiece, ValueSet } from "./value-set.ts";

/** Up to here the grammar itself remembers which values were used. */
const maxUniqueValues = 6;

/** `uniqueItems`, where more than one item is possible. */
export function writeUniqueArray(
	writer: GrammarWriter,
	piece: ArrayPiece,
	path: string,
): Expression {
	const isListed = piece.atoms.some(({ prefix }) => prefix.length > 0);
	if (isListed || piece.contains.length > 0)
		throw new GrammarError(
			"unsupported",
			`uniqueItems at ${path} cannot be enforced together with prefixItems or contains. Take one of them out, or check the answer for duplicates.`,
			{ path },
		);
	const items = writer.context.setOfNode(itemNode(piece, 0));
	const values = finiteValues(items, maxUniqueValues);
	if (values !== null)
		return sequence(
			text("["),
			space,
			orderedChoices(writer, piece, values),
			space,
			text("]"),
		);
	const words = scalarTexts(writer, items);
	if (words === null)
		throw new GrammarError(
			"unsupported",
			`uniqueItems at ${path} cannot be enforced where items may be objects or arrays. Give the items a type (string, number, integer, boolean, null) or an enum, or take uniqueItems out and check the answer for duplicates.`,
			{ path },
		);
	return sequence(
		text("["),
		{ type: "list-edge", isStart: true },
		space,
		distinctItems(piece, words),
		space,
		text("]"),
		{ type: "list-edge", isStart: false },
	);
}

/** A few known values: one rule for each set of those already used. */
function orderedChoices(
	writer: GrammarWriter,
	piece: ArrayPiece,
	values: readonly string[],
): Expression {
	const max = Math.min(piece.max ?? values.length, values.length);
	const names = new Map<number, string>();
	const after = (used: number, count: number): Expression => {
		const known = names.get(used);
		if (known !== undefined) return rule(known);
		const name = writer.newName();
		names.set(used, name);
		const cases: Expression[] = count >= piece.min ? [text("")] : [];
		if (count < max)
			for (const [index, value] of values.entries())
				if ((used & (1 << index)) === 0)
					cases.push(
						sequence(
							...(count === 0 ? [] : [comma]),
							text(value),
							after(used | (1 << index), count + 1),
						),
					);
		writer.addRule(name, choice(...cases));
		return rule(name);
	};
	return after(0, 0);
}

/** Values are distinct where their texts are, as each value has one text only; the matcher knows those of the list that it is in. */
function distinctItems({ min, max }: ArrayPiece, words: Automaton): Expression {
	const count = countWords(words)[words.start] ?? 0;
	const most = Math.min(max ?? Number.POSITIVE_INFINITY, count);
	if (most < min) return choice();
	const item: Expression = { type: "distinct", automaton: words };
	const some = sequence(
		item,
		repeat(
			sequence(comma, item),
			Math.max(0, min - 1),
			most === Number.POSITIVE_INFINITY ? null : most - 1,
		),
	);
	return min > 0 ? some : choice(text(""), some);
}

/** The values, each in one way: numbers as plain decimals, strings with nothing escaped that need not be. Null for objects and arrays. */
function scalarTexts(writer: GrammarWriter, set: ValueSet): Automaton | null {
	const { budget, numbers } = writer.context;
	const texts: Automaton[] = [];
	for (const piece of set) {
		if (piece.type === "array" || piece.type === "object") return null;
		if (piece.type === "number")
			texts.push(piece.automaton ?? numbers.canonical);
		else if (piece.type === "string") texts.push(writer.quotedTexts(piece));
		else texts.push(Automaton.ofText(piece.type));
	}
	return Automaton.unionOf(texts, budget);
}
