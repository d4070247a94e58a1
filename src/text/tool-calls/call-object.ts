import { readJson, readWholeJson } from "./json-scanner.ts";
import type { PieceWriter } from "./piece-writer.ts";
import {
	peek,
	type Reading,
	readUntil,
	type TextSource,
	take,
	takeSpace,
} from "./text-source.ts";

export interface CallReader {
	source: TextSource;
	out: PieceWriter;
	/** Null leaves calls in the text. */
	toolNames: ReadonlySet<string> | null;
	/** Whether a function's parameter is a string, for formats that write values without types. */
	isTextParameter?: ((name: string, parameter: string) => boolean) | undefined;
}

export interface CallObjectOptions {
	/** A name nobody declared makes the object text: where calls look like any JSON. */
	onlyKnownNames?: boolean;
	/** Where arguments that are no JSON end. */
	closers?: readonly string[];
}

const nameKeys = ["name", "tool_name", "function_name"];
const argumentKeys = ["arguments", "parameters", "args"];

/**
 * Reads `{"name": ..., "arguments": {...}}`, with the keys in any order and others beside them. False where it is no such
 * object: nothing was written then, and all of it is the source's to take back (the caller has called `keep`). From the
 * name and the arguments' first character on it is a call, and what follows is written as its arguments even if it turns
 * out to be broken: a stream can't take anything back.
 */
export function* readCallObject(
	reader: CallReader,
	options: CallObjectOptions = {},
): Reading<boolean> {
	const { source, out } = reader;
	if (!(yield* take(source, "{"))) return false;
	let name: string | null = null;
	let early: string | null = null;
	let hasBegun = false;
	for (;;) {
		yield* takeSpace(source);
		if (yield* take(source, "}")) break;
		yield* take(source, ",");
		yield* takeSpace(source);
		const key = toText(yield* readWholeJson(source));
		yield* takeSpace(source);
		if (key === null || !(yield* take(source, ":"))) return hasBegun;
		yield* takeSpace(source);
		if (nameKeys.includes(key) && name === null) {
			name = toText(yield* readWholeJson(source));
			if (name === null || !isCallable(reader, name, options)) return false;
			if (early !== null) {
				begin(reader, name);
				out.arguments(early);
				hasBegun = true;
			}
		} else if (argumentKeys.includes(key) && !hasBegun && early === null) {
			if (name === null) {
				early = toArguments(yield* readWholeJson(source));
				if (early === null) return false;
			} else if ((yield* peek(source)) === '"') {
				const given = toArguments(yield* readWholeJson(source));
				if (given === null) return false;
				begin(reader, name);
				out.arguments(given);
				hasBegun = true;
			} else {
				begin(reader, name);
				hasBegun = true;
				if (!(yield* readArguments(reader, options))) break;
			}
		} else if ((yield* readWholeJson(source)) === null) {
			return hasBegun;
		}
	}
	if (name === null) return false;
	if (!hasBegun) {
		begin(reader, name);
		out.arguments("{}");
	}
	return true;
}

/** The arguments of a call that has begun; what is no JSON is handed on as it is, up to the closer. */
export function* readArguments(
	{ source, out }: CallReader,
	{ closers = [] }: CallObjectOptions = {},
): Reading<boolean> {
	const isValid = yield* readJson(source, (text) => out.arguments(text));
	if (isValid) return true;
	const closer = yield* readUntil(source, closers, (text) =>
		out.arguments(text),
	);
	// The caller looks for it too.
	if (closer !== null) source.at -= closer.length;
	return false;
}

/**
 * Reads calls in a list: `[{...}, {...}]`. What can't be read is written as text from where the reading went wrong,
 * `opening` with it where that was the first call.
 */
export function* readCallList(
	reader: CallReader,
	opening: string,
	options: CallObjectOptions = {},
): Reading<void> {
	const { source, out } = reader;
	let isFirst = true;
	for (;;) {
		source.keep();
		if (isFirst) yield* take(source, "[");
		yield* takeSpace(source);
		if (!(yield* readCallObject(reader, options))) {
			out.text((isFirst ? opening : "") + source.takeBack());
			return;
		}
		source.release();
		out.endCall();
		isFirst = false;
		yield* takeSpace(source);
		if (yield* take(source, ",")) continue;
		yield* take(source, "]");
		return;
	}
}

function begin({ source, out }: CallReader, name: string): void {
	source.release();
	out.beginCall(name);
}

function isCallable(
	{ toolNames }: CallReader,
	name: string,
	{ onlyKnownNames }: CallObjectOptions,
): boolean {
	return (
		name !== "" && (onlyKnownNames !== true || toolNames?.has(name) === true)
	);
}

function toText(json: string | null): string | null {
	if (json === null || !json.startsWith('"')) return null;
	const value: unknown = JSON.parse(json);
	return typeof value === "string" ? value : null;
}

/** Some models write the arguments as a JSON text inside a JSON text. */
function toArguments(json: string | null): string | null {
	const inner = toText(json);
	if (inner === null) return json;
	return inner.trim() === "" ? "{}" : inner;
}
