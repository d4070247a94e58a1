import { Card, Group, Text, Title } from "@mantine/core";
import { memo } from "react";
import { ToolIcon } from "../../components/icons.tsx";
import type { Turn } from "../logic/conversation.ts";
import { AnswerTurn } from "./answer-turn.tsx";
import classes from "./chat.module.css";
import type { TurnActions } from "./use-chat.ts";
import { UserTurn } from "./user-turn.tsx";

interface ChatTurnProps {
	turn: Turn;
	/** Among those that could stand here, from 0. */
	place: number;
	siblings: number;
	actions: TurnActions;
	/** An answer is on its way somewhere. */
	isBusy: boolean;
	/** The conversation waits for what its calls give. */
	wantsResults: boolean;
}

/** A question, an answer, or what a function gave. Drawn again only when it changes itself. */
export const ChatTurn = memo(function ChatTurn({
	turn,
	place,
	siblings,
	actions,
	isBusy,
	wantsResults,
}: ChatTurnProps) {
	const { message } = turn;
	const fork = {
		place,
		siblings,
		onChoose: (next: number) => actions.choose(turn, next),
	};
	switch (message.role) {
		case "user":
			return (
				<UserTurn
					{...fork}
					text={message.text}
					images={message.images}
					onEdit={isBusy ? null : (text) => actions.edit(turn, text)}
				/>
			);
		case "tool":
			return (
				<Card padding="sm" className={classes.turn ?? ""}>
					<Group gap="xs" mb={4}>
						<ToolIcon size={16} />
						<Title order={3} size="sm" fw={600}>
							Result of {message.name}
						</Title>
					</Group>
					<Text size="sm" className={classes.plain ?? ""}>
						{message.text}
					</Text>
				</Card>
			);
		case "assistant":
			return (
				<AnswerTurn
					{...fork}
					answer={message.answer}
					form={message.form}
					onRetry={isBusy ? null : () => actions.retry(turn)}
					onResults={
						wantsResults
							? (results) => actions.answerCalls(turn, results)
							: null
					}
				/>
			);
	}
});
