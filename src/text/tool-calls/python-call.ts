import type { CallReader } from "./call-object.ts";
import {
	peek,
	type Reading,
	type TextSource,
	take,
	takeOneOf,
	takeSpace,
	takeWhile,
} from "./text-source.ts";

/** Deeper values are not read. */
const maxDepth = 64;
const maxNameLength = 256;

/** `name(key=value, ...)` as a call; null where it is none. A call is read whole before anything of it is known to be one. */
export function* readPythonCall(
	source: TextSource,
): Reading<{ name: string; json: string } | null> {
	const name = yield* takeWhile(source, isNamePart, maxNameLength);
	if (!/^[A-Za-z_]/.test(name)) return null;
	yield* takeSpace(source);
	if (!(yield* take(source, "("))) return null;
	const members: string[] = [];
	for (;;) {
		yield* takeSpace(source);
		if (yield* take(source, ")"))
			return { name, json: `{${members.join(", ")}}` };
		if (members.length > 0 && !(yield* take(source, ","))) return null;
		yield* takeSpace(source);
		if (yield* take(source, ")"))
			return { name, json: `{${members.join(", ")}}` };
		const key = yield* takeWhile(source, isNamePart, maxNameLength);
		yield* takeSpace(source);
		if (key === "" || !(yield* take(source, "="))) return null;
		yield* takeSpace(source);
		const value = yield* readPythonValue(source, 0);
		if (value === null) return null;
		members.push(`${JSON.stringify(key)}: ${value}`);
	}
}

/** `[name(...), name(...)]`. What can't be read is text from where the reading went wrong. */
export function* readPythonCallList(
	reader: CallReader,
	opening: string,
	{ onlyKnownNames = false }: { onlyKnownNames?: boolean } = {},
): Reading {
	const { source, out, toolNames } = reader;
	let isFirst = true;
	for (;;) {
		source.keep();
		if (isFirst) yield* take(source, "[");
		yield* takeSpace(source);
		const call = yield* readPythonCall(source);
		const isCall =
			call !== null && (!onlyKnownNames || toolNames?.has(call.name) === true);
		if (!isCall) {
			out.text((isFirst ? opening : "") + source.takeBack());
			return;
		}
		source.release();
		out.wholeCall(call.name, call.json);
		isFirst = false;
		yield* takeSpace(source);
		if (yield* take(source, ",")) continue;
		yield* take(source, "]");
		return;
	}
}

/** A Python literal as JSON text; null where it is none. */
function* readPythonValue(
	source: TextSource,
	depth: number,
): Reading<string | null> {
	const next = yield* peek(source);
	if (depth > maxDepth) return null;
	if (next === "'" || next === '"')
		return yield* readPythonString(source, next);
	if (next === "[" || next === "(") {
		const close = next === "[" ? "]" : ")";
		return yield* readPythonItems(source, depth, close);
	}
	if (next === "{") return yield* readPythonDictionary(source, depth);
	const word = yield* takeWhile(source, isScalarPart, 400);
	return toJsonScalar(word);
}

function* readPythonItems(
	source: TextSource,
	depth: number,
	close: string,
): Reading<string | null> {
	source.at++;
	const items: string[] = [];
	for (;;) {
		yield* takeSpace(source);
		if (yield* take(source, close)) return `[${items.join(", ")}]`;
		if (items.length > 0 && !(yield* take(source, ","))) return null;
		yield* takeSpace(source);
		if (yield* take(source, close)) return `[${items.join(", ")}]`;
		const item = yield* readPythonValue(source, depth + 1);
		if (item === null) return null;
		items.push(item);
	}
}

function* readPythonDictionary(
	source: TextSource,
	depth: number,
): Reading<string | null> {
	source.at++;
	const members: string[] = [];
	for (;;) {
		yield* takeSpace(source);
		if (yield* take(source, "}")) return `{${members.join(", ")}}`;
		if (members.length > 0 && !(yield* take(source, ","))) return null;
		yield* takeSpace(source);
		if (yield* take(source, "}")) return `{${members.join(", ")}}`;
		const key = yield* readPythonValue(source, depth + 1);
		yield* takeSpace(source);
		if (key === null || !(yield* take(source, ":"))) return null;
		yield* takeSpace(source);
		const value = yield* readPythonValue(source, depth + 1);
		if (value === null) return null;
		const name = key.startsWith('"') ? key : JSON.stringify(key);
		members.push(`${name}: ${value}`);
	}
}

const simpleEscapes: Readonly<Record<string, string>> = {
	n: "\n",
	t: "\t",
	r: "\r",
	b: "\b",
	f: "\f",
	v: "\v",
	a: "\x07",
	"0": "\0",
	"\\": "\\",
	"'": "'",
	'"': '"',
	"/": "/",
	"\n": "",
};

function* readPythonString(
	source: TextSource,
	quote: string,
): Reading<string | null> {
	const triple = quote.repeat(3);
	const end = (yield* takeOneOf(source, [triple, quote])) ?? quote;
	let value = "";
	for (;;) {
		if (yield* take(source, end)) return JSON.stringify(value);
		const character = yield* peek(source);
		if (character === "") return null;
		source.at++;
		if (character !== "\\") {
			value += character;
			continue;
		}
		const letter = yield* peek(source);
		source.at++;
		const length = { x: 2, u: 4, U: 8 }[letter];
		if (length === undefined) {
			value += simpleEscapes[letter] ?? `\\${letter}`;
			continue;
		}
		const digits = yield* takeWhile(
			source,
			(one) => /[\da-fA-F]/.test(one),
			length,
		);
		const code = Number.parseInt(digits, 16);
		if (digits.length < length || code > 0x10ffff) return null;
		value +=
			length === 4 ? String.fromCharCode(code) : String.fromCodePoint(code);
	}
}

function toJsonScalar(word: string): string | null {
	if (word === "True" || word === "true") return "true";
	if (word === "False" || word === "false") return "false";
	if (word === "None" || word === "null") return "null";
	const digits = word.replaceAll("_", "");
	const isNumber = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(digits);
	if (!isNumber) return null;
	// Digits as they are where JSON writes them so: large integers keep them all.
	if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(digits)) return digits;
	const value = Number(digits);
	return Number.isFinite(value) ? JSON.stringify(value) : null;
}

const isNamePart = (character: string) => /[\w.-]/.test(character);
const isScalarPart = (character: string) => /[-+.\w]/.test(character);
