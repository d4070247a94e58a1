import {
	type CallReader,
	readCallList,
	readCallObject,
} from "../call-object.ts";
import { readPythonCall, readPythonCallList } from "../python-call.ts";
import {
	peek,
	type Reading,
	readUntil,
	take,
	takeSpace,
} from "../text-source.ts";
import { readFunctionTag, readTaggedCall } from "./tagged.ts";

/**
 * Calls that begin an answer without a tag, as Llama 3 and 4 write them: one or more objects with `;` or line breaks between
 * them, or a list of Python calls. A name nobody declared makes it an ordinary answer.
 */
export function* readBareCalls(reader: CallReader): Reading {
	const { source, out } = reader;
	for (;;) {
		source.keep();
		const space = yield* takeSpace(source);
		const next = yield* peek(source);
		if (next === "{") {
			if (!(yield* readCallObject(reader, { onlyKnownNames: true }))) {
				out.text(source.takeBack());
				return;
			}
			source.release();
			out.endCall();
			yield* takeSpace(source);
			yield* take(source, ";");
			continue;
		}
		if (next === "[") {
			source.at++;
			const inner = yield* takeSpace(source);
			const isList = (yield* peek(source)) === "{";
			source.at -= 1 + inner.length;
			source.release();
			const readList = isList ? readCallList : readPythonCallList;
			yield* readList(reader, space, { onlyKnownNames: true });
			return;
		}
		out.text(source.takeBack());
		return;
	}
}

const pythonMarkers = ["<|python_tag|>", "<|python_start|>"];

/** Llama 3.1 to 4. */
export function* readLlama(reader: CallReader): Reading {
	const { source, out } = reader;
	yield* readBareCalls(reader);
	for (;;) {
		const marker = yield* readUntil(
			source,
			[...pythonMarkers, "<|python_end|>", "<function="],
			(text) => out.text(text),
		);
		if (marker === null) return;
		if (marker === "<|python_end|>") continue;
		if (marker === "<function=") yield* readFunctionTag(reader);
		else yield* readMarked(reader, marker);
	}
}

/** Behind a marker: objects, a list of Python calls, or one Python call (`brave_search.call(query="...")`). */
function* readMarked(reader: CallReader, marker: string): Reading {
	const { source, out } = reader;
	source.keep();
	yield* takeSpace(source);
	const next = yield* peek(source);
	if (next === "{") {
		do {
			if (!(yield* readCallObject(reader))) {
				out.text(marker + source.takeBack());
				return;
			}
			source.release();
			out.endCall();
			source.keep();
			yield* takeSpace(source);
			yield* take(source, ";");
			yield* takeSpace(source);
		} while ((yield* peek(source)) === "{");
		source.release();
		return;
	}
	if (next === "[") {
		source.release();
		yield* readPythonCallList(reader, marker);
		return;
	}
	const call = yield* readPythonCall(source);
	if (call === null) {
		out.text(marker + source.takeBack());
		return;
	}
	source.release();
	out.wholeCall(call.name.replace(/\.call$/, ""), call.json);
}

const fences = ["```tool_code", "```tool_call", "```json"];

/**
 * Models that were not taught one format: tags, a fenced block (Gemma's `tool_code`), or a bare object at the start.
 */
export function* readAny(reader: CallReader): Reading {
	const { source, out } = reader;
	yield* readBareCalls(reader);
	for (;;) {
		const opener = yield* readUntil(
			source,
			["<tool_call>", "<function=", ...fences],
			(text) => out.text(text),
		);
		if (opener === null) return;
		if (opener === "<tool_call>")
			yield* readTaggedCall(reader, opener, ["</tool_call>"]);
		else if (opener === "<function=") yield* readFunctionTag(reader);
		else yield* readFence(reader, opener);
	}
}

/** The calls of a fenced block; a block that holds anything else is text. */
function* readFence(reader: CallReader, fence: string): Reading {
	const { source, out, toolNames } = reader;
	source.keep();
	let lead = fence;
	for (;;) {
		yield* takeSpace(source);
		if (lead === "" && (yield* take(source, "```"))) {
			source.release();
			return;
		}
		yield* take(source, "[");
		yield* takeSpace(source);
		if ((yield* peek(source)) === "{") {
			if (!(yield* readCallObject(reader, { onlyKnownNames: true }))) break;
			source.release();
			out.endCall();
		} else {
			const isPrinted = yield* take(source, "print(");
			const call = yield* readPythonCall(source);
			if (call === null || toolNames?.has(call.name) !== true) break;
			if (isPrinted) yield* take(source, ")");
			source.release();
			out.wholeCall(call.name, call.json);
		}
		lead = "";
		source.keep();
		yield* takeSpace(source);
		if (!(yield* take(source, ","))) yield* take(source, "]");
	}
	out.text(lead + source.takeBack());
}
