import { Alert, Button, VisuallyHidden } from "@mantine/core";
import { useCallback, useEffect, useRef } from "react";
import { EmptyState } from "../../components/empty-state.tsx";
import { OfflineIcon, PlaygroundIcon } from "../../components/icons.tsx";
import {
	openCalls,
	pathOf,
	siblingsOf,
	type Turn,
	toWireMessages,
} from "../logic/conversation.ts";
import { toChatRequest } from "../logic/request-body.ts";
import { withRecommended } from "../logic/session-content.ts";
import type { PanelContent } from "../logic/session-file.ts";
import { countChanges, type Settings } from "../logic/settings.ts";
import type { WireMessage } from "../logic/wire.ts";
import { ModelSelect } from "../models/model-select.tsx";
import { CodeAction, PanelFrame } from "../panel-frame.tsx";
import type { PanelViewProps } from "../panel-host.tsx";
import { SettingsPanel } from "../settings/settings-panel.tsx";
import { useStopOnEscape } from "../use-stop-on-escape.ts";
import classes from "./chat.module.css";
import { ChatTurn } from "./chat-turn.tsx";
import { Composer } from "./composer.tsx";
import { useChat } from "./use-chat.ts";
import { useFollowEnd } from "./use-follow-end.ts";
import { useOnline } from "./use-online.ts";

const openings = [
	"Why is the sea salty?",
	"Explain to a child how a rainbow comes to be.",
	"Write a haiku about a harbour at night.",
];

export function ChatPanel({
	content,
	update,
	models,
	actions,
}: PanelViewProps<"chat">) {
	const { settings, draft } = content;
	const chat = useChat(content, update);
	const { path } = chat;
	const isOnline = useOnline();
	const input = useRef<HTMLTextAreaElement>(null);
	const turns = useRef<HTMLElement>(null);
	const follow = useFollowEnd(turns, content.conversation);
	const model = models.find(({ id }) => id === settings.model);
	useStopOnEscape(chat.isRunning, chat.stop);

	const { isRunning } = chat;
	const wasRunning = useRef(false);
	useEffect(() => {
		// Whoever typed goes on typing.
		if (
			wasRunning.current &&
			!isRunning &&
			document.activeElement === document.body
		)
			input.current?.focus({ preventScroll: true });
		wasRunning.current = isRunning;
	}, [isRunning]);

	const change = useCallback(
		(some: Partial<Settings>) =>
			update((current) => ({
				...current,
				settings: { ...current.settings, ...some },
			})),
		[update],
	);
	const send = (text: string, images: readonly string[]) => {
		follow();
		chat.send(text, images);
	};
	const [problem] = toChatRequest(settings, []).problems;

	return (
		<PanelFrame
			model={
				<ModelSelect
					models={models}
					value={settings.model}
					onChange={(next) => change(withRecommended(settings, next, models))}
				/>
			}
			actions={
				<>
					{actions}
					<CodeAction
						task="chat"
						plan={() => toChatRequest(settings, messagesForCode(content))}
					/>
				</>
			}
			settings={<SettingsPanel settings={settings} onChange={change} isChat />}
			changes={countChanges(settings)}
		>
			<section ref={turns} aria-label="Conversation" className={classes.turns}>
				{path.length === 0 && (
					<EmptyState
						icon={PlaygroundIcon}
						title={
							settings.model === "" ? "Chat" : `Chat with ${settings.model}`
						}
						description="Everything about the answer can be set; every answer can be had as code."
					>
						{openings.map((text) => (
							<Button
								key={text}
								variant="default"
								size="xs"
								disabled={problem !== undefined || !isOnline}
								onClick={() => send(text, [])}
							>
								{text}
							</Button>
						))}
					</EmptyState>
				)}
				{path.map((turn, index) => {
					const siblings = siblingsOf(content.conversation, turn);
					return (
						<ChatTurn
							key={turn.id}
							turn={turn}
							place={siblings.findIndex(({ id }) => id === turn.id)}
							siblings={siblings.length}
							actions={chat.turnActions}
							isBusy={chat.isRunning}
							wantsResults={
								index === path.length - 1 && openCalls(path).length > 0
							}
						/>
					);
				})}
			</section>
			<Status path={path} />
			{!isOnline && (
				<Alert
					color="yellow"
					icon={<OfflineIcon size={18} />}
					mb="xs"
					role="alert"
				>
					This browser is offline. What you type is kept; send it when you are
					back.
				</Alert>
			)}
			<Composer
				draft={draft}
				onDraft={(text) => update((current) => ({ ...current, draft: text }))}
				onSend={send}
				onStop={chat.stop}
				isRunning={chat.isRunning}
				obstacle={problem?.message ?? null}
				seesImages={model?.seesImages ?? false}
				inputRef={input}
			/>
		</PanelFrame>
	);
}

/** What screen readers are told: that an answer begins and that it is there, not each word of it. */
function Status({ path }: { path: readonly Turn[] }) {
	const last = path.at(-1)?.message;
	const answer = last?.role === "assistant" ? last.answer : null;
	const words = answer?.text.split(/\s+/).filter((word) => word !== "").length;
	const text =
		answer === null
			? ""
			: {
					waiting: "Waiting for the answer",
					streaming: "The answer is being written",
					finished: `The answer is complete: ${words} words`,
					stopped: "The answer was stopped",
					failed: "",
				}[answer.state];
	return (
		<VisuallyHidden role="status" aria-live="polite">
			{text}
		</VisuallyHidden>
	);
}

/** What would be sent now; with nothing typed, what the last answer answered. */
function messagesForCode({
	conversation,
	draft,
}: PanelContent["chat"]): WireMessage[] {
	const messages = toWireMessages(pathOf(conversation));
	if (draft.trim() !== "")
		return [...messages, { role: "user", content: draft }];
	const end = messages.findLastIndex(({ role }) => role !== "assistant");
	return end === -1
		? [{ role: "user", content: openings[0] ?? "" }]
		: messages.slice(0, end + 1);
}
