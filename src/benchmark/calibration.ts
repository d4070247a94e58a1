import { GalleyError } from "../core/errors.ts";
import type { CompletionClient } from "./completion-client.ts";
import {
	openingWord,
	type PromptCalibration,
	plainCalibration,
	randomText,
} from "./prompts.ts";
import type { RandomSource } from "./random-source.ts";
import {
	type BodyDialect,
	type BodyOptions,
	renderBody,
	simplify,
} from "./request-body.ts";
import type { RequestRecord } from "./request-record.ts";
import { isRecord } from "./stream-chunk.ts";
import { commonWords } from "./words.ts";

/** Words tokenized in one call. */
const groupSize = 24;
const enoughWords = 100;
const shortText = 16;
const longText = 144;

export interface Probe {
	dialect: BodyDialect;
	notes: string[];
}

/** The model to ask for: the first that the server lists. */
export async function findModel(client: CompletionClient): Promise<string> {
	const { status, body } = await client.json("/models");
	const list = isRecord(body) && Array.isArray(body.data) ? body.data : [];
	const first: unknown = list[0];
	if (status === 200 && isRecord(first) && typeof first.id === "string")
		return first.id;
	throw new GalleyError(
		"model_not_found",
		`${client.apiUrl}/models (status ${status}) lists no model: name one.`,
		{ param: "model" },
	);
}

/** Sends one token's worth of work, leaving out fields the server refuses until it agrees; throws when it never does. */
export async function probeDialect(
	client: CompletionClient,
	content: string | readonly unknown[],
	options: BodyOptions,
): Promise<Probe> {
	let dialect = options.dialect;
	const notes: string[] = [];
	for (;;) {
		const record = await client.stream(
			renderBody(content, 1, { ...options, dialect }),
			performance.now(),
		);
		// One token can be half a character or the end of the answer: nothing shown is fine here.
		if (record.error === null || record.error === "no_output")
			return { dialect, notes };
		const isRefusal =
			record.error === "http_400" || record.error === "http_422";
		const next = isRefusal
			? simplify(dialect, record.errorMessage ?? "")
			: null;
		if (next === null) {
			throw new GalleyError(
				"engine_unavailable",
				`${client.apiUrl} did not answer a first request (${record.error}): ${record.errorMessage}`,
			);
		}
		dialect = next.dialect;
		notes.push(next.note);
	}
}

/**
 * Learns how words become tokens, so that prompts get the length asked for:
 *   1. `/tokenize` answers: keep the words that are one token each; lengths are then exact.
 *   2. else two requests of different length give tokens a word and overhead from their usage; lengths are then about right.
 *   3. no usage either: one token a word, said in the notes.
 */
export async function calibrate(
	client: CompletionClient,
	options: BodyOptions,
	random: RandomSource,
): Promise<{ calibration: PromptCalibration; notes: string[] }> {
	const measure = async (text: string): Promise<number | null> => {
		const record = await client.stream(
			renderBody(text, 1, options),
			performance.now(),
		);
		return promptTokens(record);
	};

	const words = await findSingleTokenWords(client, options.model);
	if (words.length >= enoughWords) {
		const tokens = await measure(randomText(shortText, words, random));
		if (tokens !== null) {
			return {
				calibration: {
					words,
					tokensPerWord: 1,
					overheadTokens: tokens - shortText,
				},
				notes: [],
			};
		}
	}
	const short = await measure(randomText(shortText, commonWords, random));
	const long = await measure(randomText(longText, commonWords, random));
	if (short === null || long === null || long <= short) {
		return {
			calibration: plainCalibration,
			notes: [
				"The server tells no prompt length: prompts have one word for each token asked for.",
			],
		};
	}
	const tokensPerWord = (long - short) / (longText - shortText);
	const overheadTokens = Math.max(0, short - shortText * tokensPerWord);
	return {
		calibration: { words: commonWords, tokensPerWord, overheadTokens },
		notes: [
			"Prompt lengths are estimates: the server has no /tokenize, or splits common words. Counts in the report are the server's.",
		],
	};
}

function promptTokens(record: RequestRecord): number | null {
	return record.error === null || record.error === "no_output"
		? record.inputTokens
		: null;
}

/** Common words that are one token after a space; none when the server has no `/tokenize`. */
async function findSingleTokenWords(
	client: CompletionClient,
	model: string,
): Promise<string[]> {
	// vLLM, NIM and Galley take `prompt`, llama.cpp takes `content`.
	const forms = [
		(text: string) => ({ model, prompt: text, add_special_tokens: false }),
		(text: string) => ({ content: text, add_special: false }),
	];
	for (const form of forms) {
		const count = async (text: string): Promise<number> => {
			const { status, body } = await client.json("/tokenize", {
				body: form(text),
				fromRoot: true,
			});
			return status === 200 && isRecord(body) && Array.isArray(body.tokens)
				? body.tokens.length
				: 0;
		};
		const opening = await count(openingWord);
		if (opening === 0) continue;
		const words: string[] = [];
		for (let start = 0; start < commonWords.length; start += groupSize) {
			const group = commonWords.slice(start, start + groupSize);
			const whole = await count([openingWord, ...group].join(" "));
			if (whole - opening === group.length) words.push(...group);
		}
		return words;
	}
	return [];
}
