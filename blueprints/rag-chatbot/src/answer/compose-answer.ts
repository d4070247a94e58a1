import type { ChatClient, ChatTurn } from "../services/chat-client.ts";
import { ServiceError } from "../services/endpoint.ts";
import type {
	AnswerEvent,
	AnswerKind,
	AnswerParts,
	AnswerSettings,
	Asked,
	Prompts,
	StillReading,
} from "./answer-question.ts";
import { CitationReader } from "./citation-reader.ts";
import { extractiveAnswer } from "./extractive-answer.ts";
import type { FoundPassage } from "./passage.ts";
import { contentWords } from "./shared-words.ts";

/** What is said where no passage answers. */
export function unknownAnswer(reading: readonly StillReading[]): string {
	if (reading.length === 0) return "I don't know: this is not in these pages.";
	const collections = reading.map(({ name, pages, done }) =>
		pages === 0 ? name : `${name}: ${done} of ${pages} pages`,
	);
	return `I don't know yet: not all pages are read (${collections.join(", ")}). Ask again in a moment.`;
}

/** What composing adds to the events that leave. */
type Composed =
	| AnswerEvent
	| { type: "problem"; text: string }
	| { type: "kind"; kind: AnswerKind };

/** From the passages to the answer: by the language model, or in quotes. Ends with its kind. */
export async function* compose(
	asked: Asked,
	query: string,
	passages: readonly FoundPassage[],
	parts: AnswerParts,
): AsyncGenerator<Composed> {
	if (passages.length === 0) {
		yield { type: "kind", kind: "none" };
		return;
	}
	const { chat } = parts;
	if (!isQuoted(asked.settings, parts) && chat !== null) {
		let hasBegun = false;
		try {
			for await (const event of byModel(asked, passages, chat, parts.prompts)) {
				hasBegun = true;
				yield event;
			}
			yield { type: "kind", kind: "model" };
			return;
		} catch (error) {
			// Before its first word nothing is lost: the passages answer for themselves.
			if (hasBegun || !(error instanceof ServiceError)) throw error;
			yield { type: "problem", text: `Quoted: ${error.message}` };
		}
	}
	yield* byQuotes(query, passages, asked, parts);
}

async function* byModel(
	{ question, history, settings, signal }: Asked,
	passages: readonly FoundPassage[],
	chat: ChatClient,
	prompts: Prompts,
): AsyncGenerator<AnswerEvent> {
	const reader = new CitationReader(passages.length);
	const toEvents = (pieces: ReturnType<CitationReader["push"]>) =>
		pieces.map(
			(piece): AnswerEvent =>
				piece.type === "text"
					? piece
					: {
							type: "citation",
							number: piece.number,
							start: null,
							end: null,
						},
		);
	const messages: ChatTurn[] = [
		{ role: "system", content: prompts.answer.trim() },
		...history.slice(-settings.historyTurns),
		{ role: "user", content: passagePrompt(question, passages) },
	];
	const stream = chat.stream(messages, {
		maxTokens: settings.answerTokens,
		temperature: settings.temperature,
		signal,
	});
	for await (const text of stream) yield* toEvents(reader.push(text));
	yield* toEvents(reader.end());
}

/** `Question: ...`, then each passage with its number and title. */
export function passagePrompt(
	question: string,
	passages: readonly FoundPassage[],
): string {
	const numbered = passages.map(
		({ title, text }, index) =>
			`[${index + 1}] ${title}: ${text.replace(/\s*\n\s*/g, " ").trim()}`,
	);
	return [`Question: ${question}`, ...numbered].join("\n\n");
}

/** Enough to tell by them which sentence answers. */
const fewestContentWords = 2;

async function* byQuotes(
	query: string,
	passages: readonly FoundPassage[],
	{ question, settings, signal }: Asked,
	{ reranker }: AnswerParts,
): AsyncGenerator<Composed> {
	// The question before found the passages; what it asked was answered then.
	const isJoined = settings.rewrite === "join" && query !== question;
	const sought =
		isJoined && contentWords(question) >= fewestContentWords ? question : query;
	const canRank = settings.rerank && reranker !== null;
	const quotes = await extractiveAnswer(
		sought,
		passages,
		canRank ? (texts) => reranker.rank(sought, texts, signal) : null,
	).catch((error: unknown) => {
		// The words that they share with the question tell, too.
		if (!(error instanceof ServiceError)) throw error;
		return extractiveAnswer(sought, passages, null);
	});
	if (quotes.length === 0) {
		yield { type: "kind", kind: "none" };
		return;
	}
	for (const [index, { text, passage, start, end }] of quotes.entries()) {
		const from = passages[passage - 1]?.start ?? 0;
		const before = index === 0 ? "" : "\n\n";
		// A mark behind a fence would be part of it.
		const after = text.endsWith("```") ? "\n\n" : " ";
		yield { type: "text", text: `${before}${text}${after}` };
		yield {
			type: "citation",
			number: passage,
			start: from + start,
			end: from + end,
		};
	}
	yield { type: "kind", kind: "extractive" };
}

/** Nobody writes: the passages answer for themselves. */
export function isQuoted(
	{ answer }: AnswerSettings,
	{ chat }: AnswerParts,
): boolean {
	return answer === "extractive" || chat === null;
}
