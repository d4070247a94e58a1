import { isUtf8 } from "node:buffer";
import type { FastifyInstance } from "fastify";
import { GalleyError } from "../core/errors.ts";
import { jsonErrorPosition } from "./json-error-position.ts";

/**
 * The only body that routes see: JSON in UTF-8, of bounded depth, without keys that would reach an object's prototype,
 * and with lone surrogates replaced by U+FFFD.
 */
export function registerJsonBody(
	app: FastifyInstance,
	options: { maxJsonDepth: number },
): void {
	app.removeAllContentTypeParsers();
	app.addContentTypeParser(
		"application/json",
		{ parseAs: "buffer" },
		(request, body, done) => {
			const encoding = request.headers["content-encoding"];
			if (encoding !== undefined && encoding !== "identity") {
				const message = `Send the body uncompressed: content encoding '${encoding.slice(0, 40)}' is not supported.`;
				return done(new GalleyError("unsupported_media_type", message));
			}
			try {
				done(null, parseJsonBody(body as Buffer, options.maxJsonDepth));
			} catch (thrown) {
				done(thrown as Error);
			}
		},
	);
}

export function parseJsonBody(body: Buffer, maxDepth: number): unknown {
	if (!isUtf8(body)) {
		throw new GalleyError(
			"invalid_json",
			"The request body is not valid UTF-8: encode it as UTF-8 and send it again.",
		);
	}
	// Before JSON.parse, so that a body of eight million brackets costs nothing.
	checkDepth(body, maxDepth);
	const decoded = body.toString("utf8");
	const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded;
	if (text.trim() === "")
		throw new GalleyError(
			"invalid_json",
			"The request body is empty: send a JSON object.",
		);
	const value = parse(text);
	const mayHoldSurrogates = hasSurrogateEscape.test(text);
	if (typeof value !== "object" || value === null) return value;
	return cleanValue(value, mayHoldSurrogates);
}

/** UTF-8 can't hold a lone surrogate, so only an escape can bring one in. */
const hasSurrogateEscape = /\\u[dD][89a-fA-F]/;

function checkDepth(body: Buffer, maxDepth: number): void {
	let depth = 0;
	let isInString = false;
	for (let index = 0; index < body.length; index++) {
		const byte = body[index];
		if (isInString) {
			if (byte === backslash) index++;
			else if (byte === quote) isInString = false;
		} else if (byte === quote) {
			isInString = true;
		} else if (byte === openBracket || byte === openBrace) {
			depth++;
			if (depth > maxDepth) {
				const message = `The JSON is nested deeper than ${maxDepth} levels (at byte ${index}): flatten it.`;
				throw new GalleyError("invalid_json", message);
			}
		} else if (byte === closeBracket || byte === closeBrace) {
			depth--;
		}
	}
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (cause) {
		const position = jsonErrorPosition(text);
		const before = text.slice(0, position);
		const line = before.split("\n").length;
		const column = position - before.lastIndexOf("\n");
		const what =
			position >= text.length ? "ends too early, at" : "is not valid JSON at";
		const message = `The request body ${what} position ${position} (line ${line}, column ${column}).`;
		throw new GalleyError("invalid_json", message, { cause });
	}
}

/** Visits every value once, without recursion. Changes what JSON.parse made in place. */
function cleanValue(root: unknown, mayHoldSurrogates: boolean): unknown {
	const pending: unknown[] = [root];
	/** What to put in the value's place; mostly nothing. */
	const look = (value: unknown): string | undefined => {
		if (typeof value === "object" && value !== null) pending.push(value);
		return mayHoldSurrogates && typeof value === "string"
			? value.replaceAll(loneSurrogate, "\ufffd")
			: undefined;
	};
	while (pending.length > 0) {
		const value = pending.pop();
		if (Array.isArray(value)) {
			for (let index = 0; index < value.length; index++) {
				// Token ids come in great numbers and need no cleaning.
				if (typeof value[index] === "number") continue;
				value[index] = look(value[index]) ?? value[index];
			}
		} else {
			cleanFields(value as Record<string, unknown>, look);
		}
	}
	return root;
}

function cleanFields(
	fields: Record<string, unknown>,
	look: (value: unknown) => string | undefined,
): void {
	for (const key in fields) {
		if (key === "__proto__") {
			throw new GalleyError(
				"invalid_json",
				"The key '__proto__' is not allowed in a request body.",
			);
		}
		const clean = look(fields[key]);
		if (clean !== undefined) fields[key] = clean;
	}
}

/** With the `u` flag, halves of a pair don't match. */
const loneSurrogate = /\p{Surrogate}/gu;
