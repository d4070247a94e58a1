import { type Answer, isRunning } from "./answer.ts";
import type { OutputKind } from "./settings.ts";
import type { ContentPart, WireMessage } from "./wire.ts";

export type Message =
	| {
			role: "user";
			text: string;
			/** `data:` URLs. */
			images: readonly string[];
	  }
	| {
			role: "assistant";
			answer: Answer;
			/** What the answer was to look like when it was asked for. */
			form: OutputKind;
	  }
	| { role: "tool"; callId: string; name: string; text: string };

export interface Turn {
	id: string;
	parent: string | null;
	message: Message;
}

/**
 * A conversation with all that was tried: editing or asking again adds a sibling, and at each fork one way is chosen. The
 * first turns have no parent; their fork is called `root`.
 *
 *     root ── u1 ── a1          u1 was answered twice; a2 is chosen, and
 *                └─ a2* ── u2   the path is u1, a2, u2
 */
export interface Conversation {
	turns: Readonly<Record<string, Turn>>;
	/** By the id of the turn before the fork. */
	chosen: Readonly<Record<string, string>>;
}

const root = "root";

export const emptyConversation: Conversation = { turns: {}, chosen: {} };

/** From the first turn to the last along the chosen ways. */
export function pathOf({ turns, chosen }: Conversation): Turn[] {
	const path: Turn[] = [];
	const seen = new Set<string>();
	let id = chosen[root];
	while (id !== undefined && !seen.has(id)) {
		const turn = turns[id];
		if (turn === undefined) break;
		seen.add(id);
		path.push(turn);
		id = chosen[id];
	}
	return path;
}

/** The turns that could stand in one's place, oldest first, itself among them. */
export function siblingsOf({ turns }: Conversation, { parent }: Turn): Turn[] {
	return Object.values(turns).filter((turn) => turn.parent === parent);
}

/** With one more turn behind `parent`, chosen. */
export function addTurn(conversation: Conversation, turn: Turn): Conversation {
	return {
		turns: { ...conversation.turns, [turn.id]: turn },
		chosen: { ...conversation.chosen, [turn.parent ?? root]: turn.id },
	};
}

export function chooseTurn(
	conversation: Conversation,
	{ id, parent }: Turn,
): Conversation {
	return {
		...conversation,
		chosen: { ...conversation.chosen, [parent ?? root]: id },
	};
}

export function replaceAnswer(
	conversation: Conversation,
	id: string,
	answer: Answer,
): Conversation {
	const turn = conversation.turns[id];
	if (turn?.message.role !== "assistant") return conversation;
	return {
		...conversation,
		turns: {
			...conversation.turns,
			[id]: { ...turn, message: { ...turn.message, answer } },
		},
	};
}

/** The turns up to this one, itself among them, whatever is chosen behind it. */
export function pathTo({ turns }: Conversation, id: string | null): Turn[] {
	const path: Turn[] = [];
	const seen = new Set<string>();
	let turn = id === null ? undefined : turns[id];
	while (turn !== undefined && !seen.has(turn.id)) {
		seen.add(turn.id);
		path.unshift(turn);
		turn = turn.parent === null ? undefined : turns[turn.parent];
	}
	return path;
}

/** Turns as messages of a request. Answers that hold nothing are left out: models take no empty turns. */
export function toWireMessages(path: readonly Turn[]): WireMessage[] {
	return path.flatMap(({ message }) => toWireMessage(message) ?? []);
}

function toWireMessage(message: Message): WireMessage | null {
	switch (message.role) {
		case "user":
			return { role: "user", content: toContent(message) };
		case "tool":
			return {
				role: "tool",
				tool_call_id: message.callId,
				content: message.text,
			};
		case "assistant": {
			const { text, calls } = message.answer;
			if (text === "" && calls.length === 0) return null;
			return {
				role: "assistant",
				content: text === "" ? null : text,
				...(calls.length === 0 ? {} : { tool_calls: [...calls] }),
			};
		}
	}
}

function toContent({
	text,
	images,
}: Extract<Message, { role: "user" }>): string | ContentPart[] {
	if (images.length === 0) return text;
	const pictures = images.map(
		(url): ContentPart => ({ type: "image_url", image_url: { url } }),
	);
	return text === "" ? pictures : [{ type: "text", text }, ...pictures];
}

/** The calls of the last answer that nobody has answered yet. */
export function openCalls(path: readonly Turn[]) {
	const last = path.at(-1)?.message;
	if (last?.role !== "assistant" || isRunning(last.answer)) return [];
	return last.answer.calls;
}

/** What a conversation is called until somebody names it. */
export function titleOf(conversation: Conversation): string {
	const [first] = pathOf(conversation);
	const text = first?.message.role === "user" ? first.message.text : "";
	return shortLine(text);
}

/** The first line, cut to what fits a list. */
export function shortLine(text: string): string {
	const line = text.trim().split("\n")[0]?.trim() ?? "";
	return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}
