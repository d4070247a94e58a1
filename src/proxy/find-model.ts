import { findFormModel } from "./find-form-model.ts";
import { skipSpace, stringEnd } from "./json-bytes.ts";

/** Where a body names its model. */
export interface NamedModel {
	name: string;
	/** Byte range of the JSON string, quotes included: what is replaced when the model is known elsewhere by another name. */
	start: number;
	end: number;
	/** How it is written there. */
	form: "json" | "text";
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;
const modelKey = Buffer.from('"model"');

/** The model of a JSON body: see `findText`. */
export function findModel(body: Buffer): NamedModel | null {
	return findKey(body, modelKey);
}

/**
 * The string under a top-level key, read in one pass without parsing the rest: a body may hold megabytes of image. As
 * JSON.parse does, the last of several wins. Null where there is none; whether the body is JSON at all is for the service
 * to say.
 */
export function findText(body: Buffer, key: string): string | null {
	return findKey(body, Buffer.from(JSON.stringify(key)))?.name ?? null;
}

function findKey(body: Buffer, key: Buffer): NamedModel | null {
	let found: NamedModel | null = null;
	let depth = 0;
	let at = 0;
	while (at < body.length) {
		const byte = body[at];
		if (byte === quote) {
			const end = stringEnd(body, at);
			if (end === -1) return found;
			if (depth === 1 && isKey(body, at, end, key)) {
				const value = valueAt(body, end);
				if (value !== -1) {
					found = readString(body, value);
					at = found?.end ?? value;
					continue;
				}
			}
			at = end;
			continue;
		}
		if (byte === openBrace || byte === openBracket) depth++;
		else if (byte === closeBrace || byte === closeBracket) depth--;
		at++;
	}
	return found;
}

/** The model of a request by its kind of body: JSON unless it says that it is a form. */
export function modelOf(
	body: Buffer,
	contentType: string | undefined,
): NamedModel | null {
	return contentType?.startsWith("multipart/form-data") === true
		? findFormModel(body, contentType)
		: findModel(body);
}

/** The body with another name in the place of the model's. */
export function renameModel(
	body: Buffer,
	{ start, end, form }: NamedModel,
	name: string,
): Buffer {
	return Buffer.concat([
		body.subarray(0, start),
		Buffer.from(form === "json" ? JSON.stringify(name) : name),
		body.subarray(end),
	]);
}

function isKey(body: Buffer, start: number, end: number, key: Buffer): boolean {
	if (end - start === key.length) {
		for (let at = 0; at < key.length; at++)
			if (body[start + at] !== key[at]) return false;
		return true;
	}
	// A key may be written with escapes, which is longer; nobody does it but to get round a policy.
	if (end - start < key.length) return false;
	const slash = body.subarray(start, end).indexOf(backslash);
	return (
		slash !== -1 && parsed(body, start, end) === parsed(key, 0, key.length)
	);
}

/** Where the value of a key begins that ends at `end`; -1 where the string was no key. */
function valueAt(body: Buffer, end: number): number {
	let at = skipSpace(body, end);
	if (body[at] !== colon) return -1;
	at = skipSpace(body, at + 1);
	return at;
}

function readString(body: Buffer, start: number): NamedModel | null {
	if (body[start] !== quote) return null;
	const end = stringEnd(body, start);
	const isPlain = end !== -1 && isPlainText(body, start + 1, end - 1);
	const name = isPlain
		? body.toString("latin1", start + 1, end - 1)
		: end === -1
			? null
			: parsed(body, start, end);
	return name === null ? null : { name, start, end, form: "json" };
}

/** As most names are: what is written is what is meant. */
function isPlainText(body: Buffer, start: number, end: number): boolean {
	for (let at = start; at < end; at++) {
		const byte = body[at] as number;
		if (byte < 0x20 || byte > 0x7e || byte === backslash) return false;
	}
	return true;
}

function parsed(body: Buffer, start: number, end: number): string | null {
	try {
		const value: unknown = JSON.parse(body.toString("utf8", start, end));
		return typeof value === "string" ? value : null;
	} catch {
		// Not JSON: the service will say so, with the place.
		return null;
	}
}
