import {
	type CallReader,
	readArguments,
	readCallList,
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

const isNamePart = (character: string) => /[\w.-]/.test(character);

/** Mistral: `[TOOL_CALLS][{...}, ...]`, and since late 2024 `[TOOL_CALLS]name[ARGS]{...}` once for each call. */
export function* readMistral(reader: CallReader): Reading {
	const { source, out } = reader;
	const marker = "[TOOL_CALLS]";
	for (;;) {
		if ((yield* readUntil(source, [marker], (text) => out.text(text))) === null)
			return;
		source.keep();
		const space = yield* takeSpace(source);
		if ((yield* peek(source)) === "[") {
			source.release();
			yield* readCallList(reader, marker + space, { closers: [marker] });
			continue;
		}
		const name = yield* takeWhile(source, isNamePart, 256);
		if (yield* take(source, "[CALL_ID]"))
			yield* takeWhile(source, isNamePart, 64);
		yield* take(source, "[ARGS]");
		yield* takeSpace(source);
		if (name === "" || (yield* peek(source)) !== "{") {
			out.text(marker + source.takeBack());
			continue;
		}
		source.release();
		out.beginCall(name);
		yield* readArguments(reader, { closers: [marker] });
		out.endCall();
	}
}

const deepSeek = {
	begin: "<｜tool▁calls▁begin｜>",
	callBegin: "<｜tool▁call▁begin｜>",
	separator: "<｜tool▁sep｜>",
	callEnd: "<｜tool▁call▁end｜>",
	end: "<｜tool▁calls▁end｜>",
};
export const deepSeekMarkers = Object.values(deepSeek);

/**
 * DeepSeek V3 and R1: `function<sep>name`, then the arguments in a fenced block; V3.1 and later: `name<sep>{...}`.
 */
export function* readDeepSeek(reader: CallReader): Reading {
	const { source, out } = reader;
	const { begin, callBegin, separator, callEnd, end } = deepSeek;
	for (;;) {
		const marker = yield* readUntil(source, [begin, callBegin, end], (text) =>
			out.text(text),
		);
		if (marker === null) return;
		if (marker !== callBegin) continue;
		source.keep();
		let name = yield* takeWhile(source, isNamePart, 256);
		let isCall = name !== "" && (yield* take(source, separator));
		const isFenced = isCall && name === "function";
		if (isFenced) {
			name = yield* takeWhile(source, isNamePart, 256);
			yield* takeSpace(source);
			yield* takeOneOf(source, ["```json", "```"]);
			isCall = name !== "";
		}
		yield* takeSpace(source);
		if (!isCall || (yield* peek(source)) !== "{") {
			out.text(marker + source.takeBack());
			continue;
		}
		source.release();
		out.beginCall(name);
		yield* readArguments(reader, {
			closers: isFenced ? ["\n```", callEnd] : [callEnd],
		});
		out.endCall();
		yield* takeSpace(source);
		yield* take(source, "```");
		yield* takeSpace(source);
		yield* take(source, callEnd);
	}
}

/** Phi-4-mini: `functools[{...}]` or `<|tool_call|>[{...}]<|/tool_call|>`. Granite 3: `<|tool_call|>[{...}]`. */
export function readMarkedList(
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
			source.keep();
			const space = yield* takeSpace(source);
			const next = yield* peek(source);
			if (next !== "[") {
				out.text(opener + source.takeBack());
				continue;
			}
			source.release();
			yield* readCallList(reader, opener + space, { closers });
			yield* takeSpace(source);
			yield* takeOneOf(source, closers);
		}
	};
}

/** Functionary 3.2: the prompt ends in `>>>`, then `all\n` and content, or a function's name and its arguments. */
export function* readFunctionary(reader: CallReader): Reading {
	const { source, out, toolNames } = reader;
	yield* take(source, ">>>");
	let lead = "";
	for (;;) {
		source.keep();
		const name = yield* takeWhile(source, isNamePart, 256);
		const isHead = name !== "" && (yield* take(source, "\n"));
		if (isHead && name === "all") {
			source.release();
		} else if (isHead && toolNames?.has(name) === true) {
			source.release();
			out.beginCall(name);
			yield* readArguments(reader, { closers: [">>>"] });
			out.endCall();
		} else {
			out.text(lead + source.takeBack());
		}
		lead = ">>>";
		if ((yield* readUntil(source, [lead], (text) => out.text(text))) === null)
			return;
	}
}
