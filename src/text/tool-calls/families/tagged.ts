import {
	type CallReader,
	readArguments,
	readCallList,
	readCallObject,
} from "../call-object.ts";
import {
	peek,
	type Reading,
	readUntil,
	take,
	takeOneOf,
	takeSpace,
	takeWhile,
} from "../text-source.ts";
import { readXmlCall } from "./xml-call.ts";

/**
 * Calls between tags, as Hermes, Qwen, Granite, Phi and many others write them:
 *
 *     content <tool_call>{"name": "f", "arguments": {...}}</tool_call>
 *
 * What stands between them may be one object, a list of objects, or Qwen3-Coder's XML; `closers` may be missing.
 */
export function readTagged(
	openers: readonly string[],
	closers: readonly string[],
) {
	return function* (reader: CallReader): Reading {
		const { source, out } = reader;
		for (;;) {
			const opener = yield* readUntil(source, openers, (text) =>
				out.text(text),
			);
			if (opener === null) return;
			yield* readTaggedCall(reader, opener, closers);
		}
	};
}

/** Behind the tag. */
export function* readTaggedCall(
	reader: CallReader,
	opener: string,
	closers: readonly string[],
): Reading {
	const { source, out } = reader;
	source.keep();
	const space = yield* takeSpace(source);
	const next = yield* peek(source);
	if (next === "[") {
		yield* readCallList(reader, opener + space, { closers });
	} else if (next === "<") {
		if (!(yield* readXmlCall(reader))) {
			out.text(opener + source.takeBack());
			return;
		}
	} else if (yield* readCallObject(reader, { closers })) {
		out.endCall();
		yield* skipSurplusBrace(reader);
	} else {
		out.text(opener + source.takeBack());
		return;
	}
	source.release();
	yield* takeSpace(source);
	yield* takeOneOf(source, closers);
}

/** A brace too many is the commonest slip. */
function* skipSurplusBrace({ source }: CallReader): Reading {
	yield* takeSpace(source);
	yield* take(source, "}");
}

/**
 * `<function=name>{...}</function>`, of Llama 3.1 and Functionary 3.1, behind `<function=`. Without JSON it is Qwen3-Coder's
 * form without its outer tag.
 */
export function* readFunctionTag(reader: CallReader): Reading {
	const { source, out } = reader;
	source.keep();
	const name = yield* takeWhile(source, (one) => /[\w.-]/.test(one), 256);
	const isTag = name !== "" && (yield* take(source, ">"));
	yield* takeSpace(source);
	if (!isTag || (yield* peek(source)) !== "{") {
		out.text(`<function=${source.takeBack()}`);
		return;
	}
	source.release();
	out.beginCall(name);
	yield* readArguments(reader, { closers: ["</function>"] });
	out.endCall();
	yield* takeSpace(source);
	yield* take(source, "</function>");
}
