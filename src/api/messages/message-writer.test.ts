import { expect, it } from "vitest";
import type { ParsedPiece } from "../generation/parsed-choice.ts";
import type { ContentBlock } from "./message-object.ts";
import { type MessageListener, MessageWriter } from "./message-writer.ts";

/** Each delta's text stands for the pieces that a parser would make of it. */
function write(
	steps: readonly (readonly ParsedPiece[])[],
	options: { showsThinking?: boolean; finishReason?: "stop" | "length" } = {},
) {
	const told: unknown[] = [];
	const listener: MessageListener = {
		begin: () => void told.push("begin"),
		openBlock: (index, block) => void told.push([index, block.type]),
		text: (index, text) => void told.push([index, text]),
		thinking: (index, text) => void told.push([index, text]),
		input: (index, text) => void told.push([index, text]),
		closeBlock: (index) => void told.push([index, "closed"]),
	};
	const writer = new MessageWriter(
		{
			id: "msg_1",
			model: "m",
			isContextBound: false,
			showsThinking: options.showsThinking ?? true,
			reader: { read: ({ text }) => steps[Number(text)] ?? [], end: () => [] },
		},
		listener,
	);
	for (const place of steps.keys())
		writer.delta(0, {
			type: "delta",
			choice: 0,
			text: String(place),
			tokens: [],
			logprobs: null,
		});
	writer.choiceEnd(0, {
		type: "choice-end",
		choice: 0,
		finishReason: options.finishReason ?? "stop",
		stopReason: null,
	});
	return { told, message: writer.message };
}

const thought: ParsedPiece = { type: "reasoning", text: "Hm." };
const call = (index: number): ParsedPiece[] => [
	{ type: "call", index, id: `c${index}`, name: "add" },
	{ type: "arguments", index, text: '{"a":' },
	{ type: "arguments", index, text: "1}" },
	{ type: "call-end", index },
];

it("makes blocks of thinking, text and calls, one after the other", () => {
	const { told, message } = write([
		[thought],
		[{ type: "text", text: "So" }],
		[{ type: "text", text: "." }, ...call(0)],
		call(1),
	]);
	expect(message.content).toEqual([
		{ type: "thinking", thinking: "Hm.", signature: "unsigned" },
		{ type: "text", text: "So." },
		{ type: "tool_use", id: "c0", name: "add", input: { a: 1 } },
		{ type: "tool_use", id: "c1", name: "add", input: { a: 1 } },
	]);
	expect(message.stop_reason).toBe("tool_use");
	expect(told).toEqual([
		[0, "thinking"],
		[0, "Hm."],
		[0, "closed"],
		[1, "text"],
		[1, "So"],
		[1, "."],
		[1, "closed"],
		[2, "tool_use"],
		[2, '{"a":'],
		[2, "1}"],
		[2, "closed"],
		[3, "tool_use"],
		[3, '{"a":'],
		[3, "1}"],
		[3, "closed"],
	]);
});

it("keeps thinking to itself where nobody wants to see it", () => {
	const { message } = write([[thought], [thought]], { showsThinking: false });
	expect(message.content).toEqual<ContentBlock[]>([
		{ type: "thinking", thinking: "", signature: "unsigned" },
	]);
});

it("says max_tokens of a call that was cut, whose input is none", () => {
	const { message } = write([call(0).slice(0, 2)], { finishReason: "length" });
	expect(message.stop_reason).toBe("max_tokens");
	expect(message.content).toEqual([
		{ type: "tool_use", id: "c0", name: "add", input: {} },
	]);
});
