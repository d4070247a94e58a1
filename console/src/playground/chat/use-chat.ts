import { useCallback, useEffect, useMemo, useRef } from "react";
import { isRunning } from "../logic/answer.ts";
import {
	addTurn,
	type Conversation,
	chooseTurn,
	type Message,
	pathOf,
	pathTo,
	replaceAnswer,
	siblingsOf,
	type Turn,
	toWireMessages,
} from "../logic/conversation.ts";
import { toChatRequest } from "../logic/request-body.ts";
import { newId } from "../logic/session-content.ts";
import type { PanelContent } from "../logic/session-file.ts";
import type { WireToolCall } from "../logic/wire.ts";
import type { PanelSession } from "../sessions/use-panel-session.ts";
import { useGeneration } from "../use-generation.ts";

type Update = PanelSession<"chat">["update"];

/** What can be done in a conversation. Only one answer is on its way at a time. */
export function useChat(content: PanelContent["chat"], update: Update) {
	const { ask, stop } = useGeneration();
	const path = pathOf(content.conversation);
	const running = path.some(
		({ message }) => message.role === "assistant" && isRunning(message.answer),
	);
	const latest = useRef({ content, running });
	useEffect(() => {
		latest.current = { content, running };
	});

	/** Adds messages behind a turn, and asks for the answer to the last of them; without any, to that turn. */
	const say = useCallback(
		(parent: string | null, messages: readonly Message[]) => {
			const { content, running } = latest.current;
			if (running) return;
			let next: Conversation = content.conversation;
			let last = parent;
			for (const message of messages) {
				const turn = { id: newId(), parent: last, message };
				next = addTurn(next, turn);
				last = turn.id;
			}
			const { settings } = content;
			const { model, body, problems } = toChatRequest(
				settings,
				toWireMessages(pathTo(next, last)),
			);
			if (problems.length > 0) return;
			const id = newId();
			const before = last;
			void ask({
				path: "/v1/chat/completions",
				model,
				body,
				onAnswer: (answer) =>
					update((current) => {
						const { conversation } = current;
						if (conversation.turns[id] !== undefined)
							return {
								...current,
								conversation: replaceAnswer(conversation, id, answer),
							};
						return {
							...current,
							conversation: addTurn(next, {
								id,
								parent: before,
								message: {
									role: "assistant",
									answer,
									form: settings.outputKind,
								},
							}),
						};
					}),
			});
		},
		[ask, update],
	);

	// These never change, so that turns which stay the same are not drawn again with each token of another.
	const send = useCallback(
		(text: string, images: readonly string[]) => {
			const path = pathOf(latest.current.content.conversation);
			update((current) => ({ ...current, draft: "" }));
			say(path.at(-1)?.id ?? null, [{ role: "user", text, images }]);
		},
		[say, update],
	);
	const turnActions = useMemo(
		() => ({
			retry: ({ parent }: Turn) => say(parent, []),
			edit: ({ parent, message }: Turn, text: string) => {
				if (message.role === "user") say(parent, [{ ...message, text }]);
			},
			answerCalls: ({ id, message }: Turn, results: readonly string[]) => {
				if (message.role === "assistant")
					say(id, toResults(message.answer.calls, results));
			},
			/** Shows another of the turns that stand in this one's place. */
			choose: (turn: Turn, place: number) => {
				if (latest.current.running) return;
				update((current) => {
					const { conversation } = current;
					const chosen = siblingsOf(conversation, turn)[place];
					return chosen === undefined
						? current
						: { ...current, conversation: chooseTurn(conversation, chosen) };
				});
			},
		}),
		[say, update],
	);

	return { path, isRunning: running, stop, send, turnActions };
}

export type TurnActions = ReturnType<typeof useChat>["turnActions"];

function toResults(
	calls: readonly WireToolCall[],
	results: readonly string[],
): Message[] {
	return calls.map(({ id, function: { name } }, index) => ({
		role: "tool",
		callId: id,
		name,
		text: results[index] ?? "",
	}));
}
