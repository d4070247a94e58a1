import { type CallReader, readArguments } from "../call-object.ts";
import { peek, type Reading, readUntil, take } from "../text-source.ts";

export const harmonyMarkers = [
	"<|start|>",
	"<|end|>",
	"<|message|>",
	"<|channel|>",
	"<|constrain|>",
	"<|return|>",
	"<|call|>",
];
const enders = ["<|end|>", "<|return|>", "<|call|>", "<|start|>"];

/**
 * gpt-oss's channels (OpenAI's "harmony"). The prompt ends in `<|start|>assistant`; then, any number of times:
 *
 *     <|channel|>analysis<|message|>reasoning<|end|><|start|>assistant
 *     <|channel|>commentary to=functions.name <|constrain|>json<|message|>{arguments}<|call|>
 *     <|channel|>final<|message|>content<|return|>
 */
export function* readHarmony(reader: CallReader): Reading {
	const { source, out } = reader;
	for (;;) {
		source.keep();
		const isStarted = yield* take(source, "<|start|>");
		const isHead = isStarted || (yield* isHeadNext(reader));
		if (isHead) {
			let head = "";
			const end = yield* readUntil(
				source,
				["<|message|>", "<|end|>"],
				(text) => {
					head += text;
				},
			);
			if (end === "<|message|>") {
				source.release();
				yield* readMessage(reader, head);
				if ((yield* peek(source)) === "") return;
				continue;
			}
			out.text(source.takeBack());
			if (end === null) return;
			continue;
		}
		source.release();
		const next = yield* readUntil(source, ["<|channel|>", ...enders], (text) =>
			out.text(text),
		);
		if (next === null) return;
		if (next === "<|channel|>" || next === "<|start|>")
			source.at -= next.length;
	}
}

function* isHeadNext({ source }: CallReader): Reading<boolean> {
	for (const start of ["<|channel|>", " to=", "assistant", "to="]) {
		if (yield* take(source, start)) {
			source.at -= start.length;
			return true;
		}
	}
	return false;
}

/** Behind `<|message|>`, up to what ends the message. */
function* readMessage(reader: CallReader, head: string): Reading {
	const { out, toolNames } = reader;
	const channel = /<\|channel\|>\s*(\w+)/.exec(head)?.[1] ?? "final";
	const recipient = /\bto=([^\s<]+)/.exec(head)?.[1] ?? null;
	const name = recipient?.replace(/^functions\./, "") ?? null;
	const isCall =
		name !== null &&
		toolNames !== null &&
		(recipient?.startsWith("functions.") === true || toolNames.has(name));
	if (isCall && name !== null) {
		out.beginCall(name);
		if (!enders.includes(yield* peekEnder(reader)))
			yield* readArguments(reader, { closers: enders });
		else out.arguments("{}");
		out.endCall();
		yield* readEnd(reader, (text) => out.text(text));
		return;
	}
	if (channel === "analysis") {
		out.beginReasoning();
		yield* readEnd(reader, (text) => out.reasoning(text));
		out.endReasoning();
		return;
	}
	yield* readEnd(reader, (text) => out.text(text));
}

function* peekEnder({ source }: CallReader): Reading<string> {
	for (const ender of enders) {
		if (yield* take(source, ender)) {
			source.at -= ender.length;
			return ender;
		}
	}
	return "";
}

function* readEnd(
	{ source }: CallReader,
	write: (text: string) => void,
): Reading {
	const ender = yield* readUntil(source, enders, write);
	// It begins the next head.
	if (ender === "<|start|>") source.at -= ender.length;
}
