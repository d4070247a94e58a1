import type { Expression } from "../grammar.ts";

/** `a = a x | b` as `a = b x*`: the same texts, without beginning with itself. Other rules come back as they are. */
export function withoutDirectRecursion(
	name: string,
	rule: Expression,
): Expression {
	const alternatives = rule.type === "choice" ? rule.parts : [rule];
	const beginnings: Expression[] = [];
	const endings: Expression[] = [];
	for (const alternative of alternatives) {
		const parts =
			alternative.type === "sequence" ? alternative.parts : [alternative];
		const [first, ...rest] = parts;
		if (first?.type === "rule" && first.name === name)
			endings.push({ type: "sequence", parts: rest });
		else beginnings.push(alternative);
	}
	if (endings.length === 0) return rule;
	const ending: Expression = { type: "choice", parts: endings };
	return {
		type: "sequence",
		parts: [
			{ type: "choice", parts: beginnings },
			{ type: "repeat", part: ending, min: 0, max: null },
		],
	};
}
