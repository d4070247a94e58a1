import { letterOf, type Question } from "./questions.ts";

/** 0 to 1 each; null where the question is not of that kind. */
export interface Scores {
	exactMatch: number | null;
	/** Words that the answer and the best of the right ones have in common. */
	f1: number | null;
	choice: number | null;
}

/** SQuAD's rules (Rajpurkar et al. 2016): lower case, no punctuation, no articles, one space. */
export function normaliseAnswer(text: string): string {
	return text
		.normalize("NFC")
		.toLowerCase()
		.replaceAll(/[\p{P}\p{S}]/gu, "")
		.replaceAll(/\b(a|an|the)\b/g, " ")
		.split(/\s+/)
		.filter((word) => word !== "")
		.join(" ");
}

export function scoreAnswer(question: Question, answer: string): Scores {
	if (question.choices !== null) {
		const said = readChoice(answer, question.choices);
		const isRight = said !== null && question.answers.includes(said);
		return { exactMatch: null, f1: null, choice: isRight ? 1 : 0 };
	}
	const said = normaliseAnswer(answer);
	const right = question.answers.map(normaliseAnswer);
	return {
		exactMatch: right.includes(said) ? 1 : 0,
		f1: Math.max(...right.map((one) => overlapF1(said, one))),
		choice: null,
	};
}

/** Both empty is the same answer. */
export function overlapF1(answer: string, right: string): number {
	const said = answer === "" ? [] : answer.split(" ");
	const gold = right === "" ? [] : right.split(" ");
	if (said.length === 0 || gold.length === 0)
		return said.length === gold.length ? 1 : 0;
	const left = new Map<string, number>();
	for (const word of gold) left.set(word, (left.get(word) ?? 0) + 1);
	let same = 0;
	for (const word of said) {
		const count = left.get(word) ?? 0;
		if (count === 0) continue;
		same++;
		left.set(word, count - 1);
	}
	return (2 * same) / (said.length + gold.length);
}

/**
 * Which choice an answer names: a letter alone or with a mark behind it, at the beginning or behind "answer is"; else the only
 * choice whose words it has; else a letter before a space ("A cat" may begin with a letter too). Null when it names none, or
 * several.
 */
export function readChoice(
	answer: string,
	choices: readonly string[],
): string | null {
	const byLetter = (letter: string | undefined) =>
		choices.find((_, index) => letterOf(index) === letter?.toUpperCase());
	const marked =
		/^\W*([A-Z])(?:[).:*]|\s*$)/.exec(answer)?.[1] ??
		/answer(?:\s+is)?\s*:?\s*\W?([A-Z])(?:[).:,]|\s*$)/i.exec(answer)?.[1];
	const chosen = byLetter(marked);
	if (chosen !== undefined) return chosen;
	const said = ` ${normaliseAnswer(answer)} `;
	const named = choices.filter((choice) => {
		const words = normaliseAnswer(choice);
		return words !== "" && said.includes(` ${words} `);
	});
	const [only] = named;
	if (named.length === 1 && only !== undefined) return only;
	return byLetter(/^\W*([A-Z])\s/.exec(answer)?.[1]) ?? null;
}
