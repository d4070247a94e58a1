import type { CallReader } from "../call-object.ts";
import {
	type Reading,
	readUntil,
	take,
	takeSpace,
	takeWhile,
} from "../text-source.ts";

/**
 * Qwen3-Coder's calls:
 *
 *     <function=name>
 *     <parameter=city>
 *     Paris
 *     </parameter>
 *     </function>
 *
 * Values have no types of their own: what reads as JSON (a number, a list, true) is that, all else is a string. False,
 * with nothing written, where it is no such call.
 */
export function* readXmlCall({
	source,
	out,
	...reader
}: CallReader): Reading<boolean> {
	if (!(yield* take(source, "<function="))) return false;
	const name = yield* takeWhile(source, (one) => /[^<>\s]/.test(one), 256);
	if (name === "" || !(yield* take(source, ">"))) return false;
	const members: string[] = [];
	for (;;) {
		yield* takeSpace(source);
		if (yield* take(source, "</function>")) break;
		if (!(yield* take(source, "<parameter="))) return false;
		const key = yield* takeWhile(source, (one) => /[^<>\s]/.test(one), 256);
		if (key === "" || !(yield* take(source, ">"))) return false;
		let value = "";
		const closer = yield* readUntil(source, ["</parameter>"], (text) => {
			value += text;
		});
		if (closer === null) return false;
		const isText = reader.isTextParameter?.(name, key) ?? false;
		const json = toJsonValue(
			value.replace(/^\n/, "").replace(/\n$/, ""),
			isText,
		);
		members.push(`${JSON.stringify(key)}: ${json}`);
	}
	source.release();
	out.wholeCall(name, `{${members.join(", ")}}`);
	return true;
}

function toJsonValue(text: string, isText: boolean): string {
	if (isText) return JSON.stringify(text);
	const word = text.trim();
	if (word === "True" || word === "False") return word.toLowerCase();
	if (word === "None") return "null";
	try {
		const value: unknown = JSON.parse(word);
		// Quotes are the value's own: a string would have come without them.
		return typeof value === "string" ? JSON.stringify(text) : word;
	} catch (cause) {
		if (cause instanceof SyntaxError) return JSON.stringify(text);
		throw cause;
	}
}
