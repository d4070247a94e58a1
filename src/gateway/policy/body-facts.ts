import { skipSpace, stringEnd } from "../../proxy/json-bytes.ts";

const quote = 0x22;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;
const comma = 0x2c;

/** What limits and usage want to know of a request's body. */
export interface BodyFacts {
	/** Behind the opening brace; null where the body is no JSON object. */
	start: number | null;
	isStream: boolean;
	/** The value of `stream_options`. */
	streamOptions: { start: number; end: number } | null;
	/** The most tokens that an answer may have, where the request says it. */
	maxTokens: number | null;
	/** Answers to one prompt: `n`. */
	choices: number;
	/** Bytes of text: without images and sound, which take tokens by their size in pixels or seconds, not in bytes. */
	textBytes: number;
	/** Images, sounds and files in the body. */
	attachments: number;
}

/** Longer names are of no interest, nor are those that are written with escapes: a limit is safe without them, by its default. */
const names = new Set([
	"stream",
	"stream_options",
	"n",
	"max_tokens",
	"max_completion_tokens",
	"max_output_tokens",
]);
const longestName = 24;
const attachmentStart = Buffer.from(";base64,");

/** Reading it again costs less than the garbage collector's work for a weak hold. */
const shortBody = 64 * 1024;

/** Reads bodies once, however many policies ask. */
export class BodyReader {
	readonly #facts = new WeakMap<Buffer, BodyFacts>();
	/** A short one: it is asked for several times in a row, and needs no weak hold. */
	#last: { body: Buffer; facts: BodyFacts } | null = null;

	of(body: Buffer): BodyFacts {
		if (body.length <= shortBody) return this.#ofShort(body);
		const known = this.#facts.get(body);
		if (known !== undefined) return known;
		const facts = readBodyFacts(body);
		this.#facts.set(body, facts);
		return facts;
	}

	#ofShort(body: Buffer): BodyFacts {
		if (this.#last?.body !== body)
			this.#last = { body, facts: readBodyFacts(body) };
		return this.#last.facts;
	}
}

/**
 * The values of a few top-level keys, in one pass from string to string that parses nothing else: a body may hold megabytes of image.
 * As JSON.parse does, the last of several wins. Anything may come out of what is no JSON: the service refuses it.
 */
export function readBodyFacts(body: Buffer): BodyFacts {
	const facts: BodyFacts = {
		start: null,
		isStream: false,
		streamOptions: null,
		maxTokens: null,
		choices: 1,
		textBytes: body.length,
		attachments: 0,
	};
	const first = skipSpace(body, 0);
	if (body[first] !== openBrace) return facts;
	facts.start = first + 1;
	let depth = 0;
	let at = first;
	while (at < body.length) {
		const byte = body[at];
		if (byte === quote) {
			const end = stringEnd(body, at);
			if (end === -1) return facts;
			if (depth === 1) {
				const after = skipSpace(body, end);
				if (body[after] === colon) {
					const value = skipSpace(body, after + 1);
					at = readField(body, at, end, value, facts);
					continue;
				}
			} else if (end - at > 1000) countAttachment(body, at, end, facts);
			at = end;
			continue;
		}
		if (byte === openBrace || byte === openBracket) depth++;
		else if (byte === closeBrace || byte === closeBracket) depth--;
		at++;
	}
	return facts;
}

/** Where to read on: behind the value, or at its start where it doesn't matter. */
function readField(
	body: Buffer,
	start: number,
	end: number,
	value: number,
	facts: BodyFacts,
): number {
	if (end - start > longestName) return value;
	const name = body.toString("latin1", start + 1, end - 1);
	if (!names.has(name)) return value;
	if (name === "stream_options") {
		const valueEnd = skipValue(body, value);
		facts.streamOptions = { start: value, end: valueEnd };
		return valueEnd;
	}
	const valueEnd = skipValue(body, value);
	const text = body
		.toString("latin1", value, Math.min(valueEnd, value + 20))
		.trim();
	if (name === "stream") facts.isStream = text === "true";
	else {
		const number = text === "" ? Number.NaN : Number(text);
		if (!Number.isInteger(number) || number < 0) return valueEnd;
		if (name === "n") facts.choices = Math.max(1, number);
		else facts.maxTokens = number;
	}
	return valueEnd;
}

/** Behind a value, up to the comma or brace that follows. */
function skipValue(body: Buffer, start: number): number {
	let depth = 0;
	let at = start;
	while (at < body.length) {
		const byte = body[at];
		if (byte === quote) {
			const end = stringEnd(body, at);
			if (end === -1) return body.length;
			at = end;
			continue;
		}
		if (byte === openBrace || byte === openBracket) depth++;
		else if (byte === closeBrace || byte === closeBracket) {
			if (depth === 0) return at;
			depth--;
			if (depth === 0) return at + 1;
		} else if (byte === comma && depth === 0) return at;
		at++;
	}
	return at;
}

function countAttachment(
	body: Buffer,
	start: number,
	end: number,
	facts: BodyFacts,
): void {
	const isAttached =
		body.subarray(start, start + 200).includes(attachmentStart) ||
		// Sounds and files come without a head; text has spaces.
		!body.subarray(start, start + 1000).includes(0x20);
	if (!isAttached) return;
	facts.attachments++;
	facts.textBytes -= end - start;
}
