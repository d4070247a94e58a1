import { closingQuote, skipSpace } from "../../proxy/json-bytes.ts";

const quote = 0x22;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const colon = 0x3a;
const comma = 0x2c;
const lineFeed = 0x0a;
const usageKey = Buffer.from('"usage"');
const nothing = Buffer.from("null");
const dataField = "data:";

/**
 * A name in quotes can't stand inside of a string, where quotes are escaped: `"usage"` and a colon are a key, whatever a model
 * writes. Its place: behind the colon and the spaces; -1 where it is no key.
 */
function valuePlace(bytes: Buffer, keyEnd: number): number {
	let at = skipSpace(bytes, keyEnd);
	if (bytes[at] !== colon) return -1;
	at = skipSpace(bytes, at + 1);
	return at;
}

/** The data of those among whole events that have a key `usage` with a value, parsed. */
export function usageInEvents(events: Buffer): unknown[] {
	const found: unknown[] = [];
	for (
		let at = events.indexOf(usageKey);
		at !== -1;
		at = events.indexOf(usageKey, at)
	) {
		const value = valuePlace(events, at + usageKey.length);
		if (value === -1 || isNothing(events, value)) {
			at += usageKey.length;
			continue;
		}
		const { start, end } = eventAround(events, at);
		const data = dataOf(events.subarray(start, end));
		if (data !== null) found.push(data);
		at = end;
	}
	return found;
}

/**
 * Events as they would be without usage: the event that has nothing else is taken out, and so is `"usage":null` of those before.
 * The same buffer where there is nothing to take out.
 */
export function withoutUsage(events: Buffer): Buffer {
	const parts: Buffer[] = [];
	let kept = 0;
	for (
		let at = events.indexOf(usageKey);
		at !== -1;
		at = events.indexOf(usageKey, at)
	) {
		const value = valuePlace(events, at + usageKey.length);
		const keyEnd = at + usageKey.length;
		if (value !== -1 && isNothing(events, value)) {
			const valueEnd = value + nothing.length;
			const cut = memberAround(events, at, valueEnd);
			if (cut !== null) {
				parts.push(events.subarray(kept, cut.start));
				kept = cut.end;
			}
			at = valueEnd;
			continue;
		}
		if (value === -1) {
			at = keyEnd;
			continue;
		}
		const { start, end } = eventAround(events, at);
		const data = dataOf(events.subarray(start, end)) as {
			choices?: unknown;
		} | null;
		if (Array.isArray(data?.choices) && data.choices.length === 0) {
			parts.push(events.subarray(kept, start));
			kept = end;
		}
		at = end;
	}
	if (kept === 0 && parts.length === 0) return events;
	parts.push(events.subarray(kept));
	return Buffer.concat(parts);
}

/** The object that is the value of the key that ends at `keyEnd`; null where it is none, or not whole. */
export function wholeObject(
	bytes: Buffer,
	keyEnd: number,
): { value: unknown; end: number } | null {
	const start = valuePlace(bytes, keyEnd);
	if (start === -1 || bytes[start] !== openBrace) return null;
	let depth = 0;
	for (let at = start; at < bytes.length; at++) {
		const byte = bytes[at];
		if (byte === quote) {
			at = closingQuote(bytes, at);
			if (at === -1) return null;
		} else if (byte === openBrace) depth++;
		else if (byte === closeBrace && --depth === 0) {
			const value = parsed(bytes.toString("utf8", start, at + 1));
			return value === null ? null : { value, end: at + 1 };
		}
	}
	return null;
}

function isNothing(bytes: Buffer, at: number): boolean {
	return (
		bytes.length - at >= nothing.length &&
		bytes.compare(nothing, 0, nothing.length, at, at + nothing.length) === 0
	);
}

/** A member with the comma that belongs to it; null where it is the only one. */
function memberAround(
	bytes: Buffer,
	start: number,
	end: number,
): { start: number; end: number } | null {
	if (bytes[start - 1] === comma) return { start: start - 1, end };
	const after = skipSpace(bytes, end);
	return bytes[after] === comma ? { start, end: after + 1 } : null;
}

/** From behind the empty line before to behind the one after. */
function eventAround(
	events: Buffer,
	at: number,
): { start: number; end: number } {
	let start = at;
	while (start > 0) {
		// An offset of -1 would mean the last byte.
		const feed = events.lastIndexOf(lineFeed, start - 1);
		start = feed + 1;
		if (feed === -1 || isBlankBefore(events, start)) break;
		start = feed;
	}
	let end = at;
	for (;;) {
		end = events.indexOf(lineFeed, end) + 1;
		if (end === 0) return { start, end: events.length };
		if (isBlankBefore(events, end)) return { start, end };
	}
}

/** Whether the line that ends at `end` is empty. */
function isBlankBefore(bytes: Buffer, end: number): boolean {
	const previous = bytes[end - 2];
	if (previous === lineFeed) return true;
	return previous === 0x0d && bytes[end - 3] === lineFeed;
}

function dataOf(event: Buffer): unknown {
	const lines = event
		.toString()
		.split(/\r?\n/)
		.filter((line) => line.startsWith(dataField));
	return parsed(lines.map((line) => line.slice(dataField.length)).join("\n"));
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// Not ours to judge: the client gets it as it is.
		return null;
	}
}
