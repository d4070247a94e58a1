import { skipSpace } from "../../proxy/json-bytes.ts";
import type { BodyFacts } from "../policy/body-facts.ts";
import type { TokenUsage, UsageCounter } from "../policy/model-call.ts";
import { estimatePromptTokens, takesTokens } from "../policy/token-estimate.ts";
import { EventPieces } from "./event-pieces.ts";
import {
	fieldOf,
	mergeUsage,
	readUsage,
	type ToldUsage,
	toTokenUsage,
	usageOf,
} from "./usage-fields.ts";
import { usageInEvents, wholeObject } from "./usage-in-bytes.ts";

/** Of a JSON answer, so much is kept at most, and at least the last part of this size, where `usage` stands. */
const keptBytes = 1024 * 1024;
const tailBytes = 64 * 1024;
const bytesPerToken = 4;
const blankLine = Buffer.from("\n\n");

/**
 * Reads an answer's tokens as it passes by. Of a stream, only events that carry a usage are parsed, which are one or two; all others
 * cost a search for a word. What an answer doesn't tell is estimated: from the request, and the number of events.
 */
export class AnswerUsage implements UsageCounter {
	readonly #path: string;
	readonly #facts: BodyFacts;
	#form: "none" | "json" | "events" | "other" = "none";
	#told: ToldUsage | null = null;
	/** The count is of the whole answer, not of its beginning. */
	#isFinal = false;
	#events = 0;
	#bytes = 0;
	readonly #pieces = new EventPieces();
	#kept: Buffer[] = [];
	#keptBytes = 0;

	constructor(path: string, facts: BodyFacts) {
		this.#path = path;
		this.#facts = facts;
	}

	head(...[status, headers]: Parameters<UsageCounter["head"]>): void {
		const type = String(headers["content-type"] ?? "").toLowerCase();
		const isReadable = headers["content-encoding"] === undefined;
		if (status >= 400) this.#form = "none";
		else if (isReadable && type.startsWith("text/event-stream"))
			this.#form = "events";
		else if (isReadable && /^application\/(?:[\w.-]+\+)?json/.test(type))
			this.#form = "json";
		else this.#form = "other";
	}

	data(piece: Buffer): void {
		if (this.#form === "none") return;
		this.#bytes += piece.length;
		if (this.#form === "events") this.#readEvents(this.#pieces.add(piece));
		else if (this.#form === "json") this.#keep(piece);
	}

	end(..._: Parameters<UsageCounter["end"]>): void {
		if (this.#form === "events") this.#readEvents(this.#pieces.rest());
		else if (this.#form === "json") this.#readJson();
	}

	usage(): TokenUsage | null {
		const told = this.#told;
		if (told !== null && this.#isFinal) return toTokenUsage(told, false);
		if (this.#form === "none") return null;
		if (told === null && !takesTokens(this.#path)) return null;
		return toTokenUsage(
			{
				promptTokens: told?.promptTokens ?? estimatePromptTokens(this.#facts),
				cachedTokens: told?.cachedTokens ?? null,
				completionTokens: Math.max(
					told?.completionTokens ?? 0,
					this.#estimateAnswer(),
				),
			},
			true,
		);
	}

	#estimateAnswer(): number {
		// The first event says nothing yet, as a rule; those after it bring a token each.
		if (this.#form === "events") return Math.max(0, this.#events - 1);
		const hasText = /\/(completions|responses|messages)$/.test(this.#path);
		return hasText ? Math.ceil(this.#bytes / bytesPerToken) : 0;
	}

	#readEvents(events: Buffer | null): void {
		if (events === null) return;
		for (
			let at = events.indexOf(blankLine);
			at !== -1;
			at = events.indexOf(blankLine, at + 2)
		)
			this.#events++;
		for (const event of usageInEvents(events)) {
			const told = usageOf(event);
			if (told === null) continue;
			this.#told = mergeUsage(this.#told, told);
			// What a message begins with is the usage of its beginning.
			this.#isFinal =
				readUsage(fieldOf(fieldOf(event, "message"), "usage")) === null;
		}
	}

	#keep(piece: Buffer): void {
		this.#kept.push(Buffer.from(piece));
		this.#keptBytes += piece.length;
		while (this.#keptBytes > keptBytes) {
			const first = this.#kept[0];
			if (first === undefined || this.#keptBytes - first.length < tailBytes)
				break;
			this.#kept.shift();
			this.#keptBytes -= first.length;
		}
	}

	#readJson(): void {
		const [only] = this.#kept;
		const body =
			only !== undefined && this.#kept.length === 1
				? only
				: Buffer.concat(this.#kept);
		this.#kept = [];
		this.#told = usageInBody(body, body.length === this.#bytes);
		this.#isFinal = this.#told !== null;
	}
}

const usageKey = Buffer.from('"usage"');
const closeBrace = 0x7d;

/** Whether nothing but the last brace follows. */
function closesAll(body: Buffer, from: number): boolean {
	const brace = skipSpace(body, from);
	return (
		body[brace] === closeBrace && skipSpace(body, brace + 1) === body.length
	);
}

/**
 * The key stands at the end, as a rule: then nothing else is read. Else the whole body is, unless it is too long to be kept: then
 * the last thing that looks like one is taken.
 */
function usageInBody(body: Buffer, isWhole: boolean): ToldUsage | null {
	const at = body.lastIndexOf(usageKey);
	if (at === -1) return null;
	const last = wholeObject(body, at + usageKey.length);
	const told = last === null ? null : readUsage(last.value);
	const isAtEnd = last !== null && closesAll(body, last.end);
	if (isAtEnd || !isWhole) return told;
	try {
		return usageOf(JSON.parse(body.toString()));
	} catch {
		// A body that says it is JSON and isn't: nothing in it is a count.
		return null;
	}
}
