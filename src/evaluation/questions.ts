import { GalleyError } from "../core/errors.ts";

/** One line of a question file. */
export interface Question {
	/** From 1, counted over lines that are not empty. */
	line: number;
	question: string;
	/** Stands before the question: a passage to answer from. */
	context: string | null;
	/** Any of them is right. */
	answers: readonly string[];
	/** The model chooses one of these; `answers` are among them. Null where it answers in its own words. */
	choices: readonly string[] | null;
}

const mostQuestions = 10_000;
const mostChoices = 26;

/**
 * Reads JSON lines: `{"question", "answer" or "answers", "context"?, "choices"?}`; with choices the answer may be a choice's text, its
 * letter or its number from 0. Throws `invalid_request` with all lines that are wrong, up to ten.
 */
export function parseQuestions(text: string): Question[] {
	const problems: string[] = [];
	const questions: Question[] = [];
	for (const [index, line] of text.split(/\r?\n/).entries()) {
		if (line.trim() === "") continue;
		const read = readLine(line);
		if (typeof read === "string") problems.push(`line ${index + 1}: ${read}`);
		else questions.push({ line: index + 1, ...read });
	}
	if (questions.length === 0 && problems.length === 0)
		problems.push("there is no question in it");
	if (questions.length > mostQuestions)
		problems.push(`${questions.length} questions; ${mostQuestions} at most`);
	if (problems.length > 0)
		throw new GalleyError(
			"invalid_request",
			`The question file can't be used: ${problems.slice(0, 10).join("; ")}. Each line is an object like {"question": "...", "answer": "..."}.`,
			{ param: "questions" },
		);
	return questions;
}

function readLine(line: string): Omit<Question, "line"> | string {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch {
		return "is no JSON";
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		return "is no object";
	const { question, context, answer, answers, choices } = value as Record<
		string,
		unknown
	>;
	if (typeof question !== "string" || question.trim() === "")
		return '"question" must be a text';
	if (context !== undefined && context !== null && typeof context !== "string")
		return '"context" must be a text';
	const list = isTexts(choices) ? choices : null;
	if (choices !== undefined && choices !== null && list === null)
		return '"choices" must be a list of texts';
	if (list !== null && (list.length < 2 || list.length > mostChoices))
		return `"choices" must be 2 to ${mostChoices}`;
	const given = Array.isArray(answers) ? answers : [answer ?? answers];
	const right = given.map((one) =>
		list === null ? asText(one) : chosen(one, list),
	);
	const known = right.filter((one) => one !== null);
	if (known.length === 0 || known.length < right.length)
		return list === null
			? '"answer" (or "answers") must be a text'
			: '"answer" must be one of the choices, its letter or its number from 0';
	return {
		question,
		context: typeof context === "string" && context !== "" ? context : null,
		answers: known,
		choices: list,
	};
}

function isTexts(value: unknown): value is string[] {
	return (
		Array.isArray(value) &&
		value.every((entry) => typeof entry === "string" && entry !== "")
	);
}

function asText(value: unknown): string | null {
	if (typeof value === "number") return String(value);
	return typeof value === "string" && value.trim() !== "" ? value : null;
}

function chosen(value: unknown, choices: readonly string[]): string | null {
	if (typeof value === "number") return choices[value] ?? null;
	if (typeof value !== "string") return null;
	if (choices.includes(value)) return value;
	return /^[A-Z]$/i.test(value)
		? (choices[value.toUpperCase().charCodeAt(0) - 65] ?? null)
		: null;
}

export function letterOf(index: number): string {
	return String.fromCharCode(65 + index);
}
