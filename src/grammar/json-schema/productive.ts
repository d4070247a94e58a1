import type { Expression, Grammar } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import { text } from "../json.ts";

/** Takes out the alternatives that no text can satisfy, and the rules that are then not used. */
export function withoutImpossibleParts(grammar: Grammar): Grammar {
	const productive = new Set<string>();
	const isProductive = (part: Expression): boolean => {
		switch (part.type) {
			case "text":
			case "list-edge":
				return true;
			case "regular":
			case "distinct":
				return part.automaton.start !== 0;
			case "rule":
				return productive.has(part.name);
			case "sequence":
				return part.parts.every(isProductive);
			case "choice":
				return part.parts.some(isProductive);
			case "repeat":
				return part.min === 0 || isProductive(part.part);
		}
	};
	for (let before = -1; before !== productive.size; ) {
		before = productive.size;
		// The later rules are mostly the inner ones.
		for (const [name, rule] of Object.entries(grammar.rules).reverse())
			if (!productive.has(name) && isProductive(rule)) productive.add(name);
	}
	if (!productive.has(grammar.start))
		throw new GrammarError(
			"impossible",
			"No value can satisfy the schema: its conditions exclude each other. Take out one of them.",
			{ path: "" },
		);
	const used: Record<string, Expression> = {};
	const open = [grammar.start];
	const kept = (part: Expression): Expression => {
		switch (part.type) {
			case "text":
			case "regular":
			case "distinct":
			case "list-edge":
				return part;
			case "rule":
				if (!(part.name in used)) open.push(part.name);
				return part;
			case "sequence":
				return { ...part, parts: part.parts.map(kept) };
			case "choice": {
				const parts = part.parts.filter(isProductive).map(kept);
				return parts.length === 1
					? (parts[0] as Expression)
					: { ...part, parts };
			}
			case "repeat":
				return isProductive(part.part)
					? { ...part, part: kept(part.part) }
					: text("");
		}
	};
	for (const name of open)
		if (!(name in used)) {
			used[name] = text("");
			used[name] = kept(grammar.rules[name] as Expression);
		}
	return { rules: used, start: grammar.start };
}
