import type { Expression } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import { choice, comma, repeat, rule, sequence, space, text } from "../json.ts";
import type { GrammarWriter } from "./grammar-writer.ts";
import { itemNode } from "./members.ts";
import { allOfNodes, notNode } from "./node.ts";
import { writeUniqueArray } from "./unique-array-writer.ts";
import type { ArrayPiece } from "./value-set.ts";

const maxPlaces = 4_000;

export function writeArray(
	writer: GrammarWriter,
	piece: ArrayPiece,
): Expression {
	if (piece.uniqueAt !== null && (piece.max === null || piece.max > 1))
		return writeUniqueArray(writer, piece, piece.uniqueAt);
	const items =
		piece.contains.length > 0
			? countedItems(writer, piece)
			: plainItems(writer, piece);
	return sequence(text("["), space, items, text("]"));
}

function plainItems(writer: GrammarWriter, piece: ArrayPiece): Expression {
	const { min, max } = piece;
	const listed = Math.max(0, ...piece.atoms.map(({ prefix }) => prefix.length));
	const rest = writer.value(itemNode(piece, listed));
	const after = (index: number): Expression => {
		if (max !== null && index >= max) return text("");
		if (index < listed || index === 0) {
			const item = writer.value(itemNode(piece, index));
			const parts = [item, after(index + 1)];
			const present = sequence(...(index === 0 ? [] : [comma]), ...parts);
			return index < min ? present : choice(text(""), present);
		}
		return repeat(
			sequence(comma, rest),
			Math.max(0, min - index),
			max === null ? null : max - index,
		);
	};
	return sequence(after(0), space);
}

/** `contains`: one rule for each (place, number of matches so far). */
function countedItems(writer: GrammarWriter, piece: ArrayPiece): Expression {
	const { min, max } = piece;
	const [contains, ...others] = piece.contains;
	if (contains === undefined || others.length > 0)
		throw new GrammarError(
			"unsupported",
			"Several contains on one array cannot be enforced together. Keep one of them, or use prefixItems.",
		);
	const listed = Math.max(0, ...piece.atoms.map(({ prefix }) => prefix.length));
	const lastPlace = max ?? Math.max(listed, min, 1);
	const lastCount = contains.max ?? contains.min;
	if ((lastPlace + 1) * (lastCount + 1) > maxPlaces)
		throw new GrammarError(
			"too_large",
			`contains with minItems, maxItems, minContains or maxContains this large would need more than ${maxPlaces} rules. Use smaller counts.`,
		);
	const not = contains.max === null ? null : notNode(contains.node);
	const names = new Map<string, string>();
	const place = (index: number, count: number): Expression => {
		const key = `${index}/${count}`;
		const known = names.get(key);
		if (known !== undefined) return rule(known);
		const name = writer.newName();
		names.set(key, name);
		const own = itemNode(piece, index);
		const next = max === null ? Math.min(index + 1, lastPlace) : index + 1;
		const separator = index === 0 ? [] : [comma];
		const cases: Expression[] = [];
		if (index >= min && count >= contains.min) cases.push(text(""));
		if (max === null || index < max) {
			if (count < lastCount)
				cases.push(
					sequence(
						...separator,
						writer.value(allOfNodes([own, contains.node])),
						place(next, count + 1),
					),
				);
			const miss = not === null ? own : allOfNodes([own, not]);
			cases.push(
				sequence(...separator, writer.value(miss), place(next, count)),
			);
		}
		writer.addRule(name, choice(...cases));
		return rule(name);
	};
	return sequence(place(0, 0), space);
}
