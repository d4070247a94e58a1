import { describe, expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import {
	addTurn,
	type Conversation,
	chooseTurn,
	emptyConversation,
	openCalls,
	pathOf,
	pathTo,
	siblingsOf,
	titleOf,
	toWireMessages,
} from "./conversation.ts";

const answer = (text: string, more: Partial<Answer> = {}): Answer => ({
	model: "m",
	state: "finished",
	text,
	reasoning: "",
	calls: [],
	logprobs: [],
	finishReason: "stop",
	usage: null,
	timing: null,
	failure: null,
	...more,
});

const ask = (
	conversation: Conversation,
	id: string,
	parent: string | null,
	text: string,
) =>
	addTurn(conversation, {
		id,
		parent,
		message: { role: "user", text, images: [] },
	});
const reply = (
	conversation: Conversation,
	id: string,
	parent: string,
	text: string,
	more: Partial<Answer> = {},
) =>
	addTurn(conversation, {
		id,
		parent,
		message: {
			role: "assistant",
			answer: answer(text, more),
			form: "text",
		},
	});

const ids = (conversation: Conversation) =>
	pathOf(conversation).map(({ id }) => id);

describe("a conversation", () => {
	const one = reply(ask(emptyConversation, "u1", null, "Hi"), "a1", "u1", "Ho");

	test("asked again, has two answers and shows the new one", () => {
		const two = reply(one, "a2", "u1", "He");
		expect(ids(two)).toEqual(["u1", "a2"]);
		const turn = two.turns.a2;
		if (turn === undefined) throw new Error("no turn");
		expect(siblingsOf(two, turn).map(({ id }) => id)).toEqual(["a1", "a2"]);
		const [first] = siblingsOf(two, turn);
		if (first === undefined) throw new Error("no sibling");
		expect(ids(chooseTurn(two, first))).toEqual(["u1", "a1"]);
	});

	test("edited, keeps the old way behind the fork", () => {
		const longer = reply(ask(one, "u2", "a1", "More"), "a3", "u2", "Yes");
		const edited = ask(longer, "u1b", null, "Hello");
		expect(ids(edited)).toEqual(["u1b"]);
		const old = edited.turns.u1;
		if (old === undefined) throw new Error("no turn");
		expect(ids(chooseTurn(edited, old))).toEqual(["u1", "a1", "u2", "a3"]);
		expect(pathTo(edited, "u2").map(({ id }) => id)).toEqual([
			"u1",
			"a1",
			"u2",
		]);
	});

	test("is sent without answers that hold nothing, and with pictures as parts", () => {
		const failed = reply(one, "a2", "u1", "", { state: "failed" });
		expect(toWireMessages(pathOf(failed))).toEqual([
			{ role: "user", content: "Hi" },
		]);
		const seen = addTurn(emptyConversation, {
			id: "u",
			parent: null,
			message: {
				role: "user",
				text: "What?",
				images: ["data:image/png;base64,AA=="],
			},
		});
		expect(toWireMessages(pathOf(seen))).toEqual([
			{
				role: "user",
				content: [
					{ type: "text", text: "What?" },
					{
						type: "image_url",
						image_url: { url: "data:image/png;base64,AA==" },
					},
				],
			},
		]);
	});

	test("waits for the results of calls, and sends them by id", () => {
		const call = {
			id: "c1",
			type: "function" as const,
			function: { name: "f", arguments: "{}" },
		};
		const asked = reply(ask(emptyConversation, "u", null, "?"), "a", "u", "", {
			calls: [call],
		});
		expect(openCalls(pathOf(asked))).toEqual([call]);
		const told = addTurn(asked, {
			id: "t",
			parent: "a",
			message: { role: "tool", callId: "c1", name: "f", text: "42" },
		});
		expect(openCalls(pathOf(told))).toEqual([]);
		expect(toWireMessages(pathOf(told)).slice(1)).toEqual([
			{ role: "assistant", content: null, tool_calls: [call] },
			{ role: "tool", tool_call_id: "c1", content: "42" },
		]);
	});

	test("a path that runs in a circle ends", () => {
		const turn = (id: string, parent: string) => ({
			id,
			parent,
			message: { role: "user" as const, text: id, images: [] },
		});
		const broken: Conversation = {
			turns: { x: turn("x", "y"), y: turn("y", "x") },
			chosen: { root: "x", x: "y", y: "x" },
		};
		expect(ids(broken)).toEqual(["x", "y"]);
		expect(pathTo(broken, "x")).toHaveLength(2);
	});

	test("is called by its first line", () => {
		expect(titleOf(one)).toBe("Hi");
		expect(
			titleOf(ask(emptyConversation, "u", null, "x".repeat(80))),
		).toHaveLength(58);
	});
});
